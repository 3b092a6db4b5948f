/** Training on WebGPU in a page: vite's bundle of it in Chromium, whose adapter here is software. */
import { chromium, type Browser, type Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { CHROMIUM, chromiumHere } from "../../tools/chromium.ts";
import { bundleWithVite } from "./bundle-with-vite.ts";
import { serve } from "./serve.ts";
import { trainShortly } from "./training-run.ts";
import type { WebGpuChecks } from "./webgpu-page.ts";

/** Reached in the page, inside `evaluate`. */
declare const webgpuChecks: WebGpuChecks;

const STEPS = 4;
const BOUND = 1e-3;
const NODE_IMPORT = /\b(?:from|import)\s*\(?\s*["'`]node:[^"'`]*/g;

const bundle = await bundleWithVite({ page: "webgpu-page.ts" });

describe("vite's bundle", () => {
  it("has no built-in of Node, and nothing of the package webgpu", () => {
    expect(bundle.warnings).toEqual([]);
    const modules = [...bundle.modules.atOnce, ...bundle.modules.later];
    expect(modules).toContainEqual(expect.stringContaining("core/src/backends/open-backend.ts"));
    expect(modules.filter((path) => /^node:|node_modules\/webgpu\//.test(path))).toEqual([]);
    // tfjs and its seedrandom have parts for Node, and say in package.json that pages do without those built-ins.
    expect(
      bundle.askingForNode.filter((path) => !/node_modules\/(@tensorflow\/tfjs-(core|data)|seedrandom)\//.test(path)),
    ).toEqual([]);
    expect([...bundle.files.values()].flatMap((text) => text.match(NODE_IMPORT) ?? [])).toEqual([]);
  });

  it("loads tfjs's WebGPU backend and our kernels when webgpu is opened, not with the page", () => {
    const ofWebGpu = /tfjs-backend-webgpu|backends\/webgpu\/(?!find-)/;
    expect(bundle.modules.atOnce.filter((path) => ofWebGpu.test(path))).toEqual([]);
    for (const part of ["tfjs-backend-webgpu/dist/backend_webgpu.js", "backends/webgpu/kernels/all.ts"]) {
      expect(bundle.modules.later).toContainEqual(expect.stringContaining(part));
    }
  });
});

describe.skipIf(!chromiumHere("webgpu.test.ts"))("in Chromium", () => {
  it("trains on webgpu as cpu does, and auto leaves its software alone", async () => {
    const expected = await trainShortly(STEPS, "cpu");
    const { trained, auto } = await inChromium(
      ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
      async (page) => ({
        trained: await page.evaluate((steps) => webgpuChecks.trainShortly(steps, "webgpu"), STEPS),
        auto: await page.evaluate(() => webgpuChecks.opening("auto")),
      }),
    );
    expect(trained.description).toMatch(/^WebGPU on .*swiftshader.* \(software\); buffers up to/);
    expect(auto).toMatch(/^wasm: WebAssembly .*\(auto: webgpu: .*swiftshader.* is software, slower than wasm\)$/);
    expect(trained.losses).toHaveLength(STEPS);
    trained.losses.forEach((losses, step) => {
      for (const [name, loss] of Object.entries(expected.losses[step]!)) {
        expect(Math.abs(losses[name]! - loss), `${name} at step ${step}`).toBeLessThanOrEqual(BOUND * Math.abs(loss));
      }
    });
    expect(trained.losses.at(-1)!["batchFvu"]).toBeLessThan(trained.losses[0]!["batchFvu"]!);
  });

  it("says so where there is no WebGPU", async () => {
    const [webgpu, auto] = await inChromium(["--disable-features=WebGPU"], async (page) => [
      await page.evaluate(() => webgpuChecks.opening("webgpu")),
      await page.evaluate(() => webgpuChecks.opening("auto")),
    ]);
    expect(webgpu).toMatch(/^QsaeError: webgpu: (this browser has no WebGPU|WebGPU is here, but finds no adapter)/);
    expect(auto).toMatch(/^wasm: .*\(auto: webgpu: .*use the backend wasm\)$/);
  });
});

async function inChromium<T>(flags: readonly string[], look: (page: Page) => Promise<T>): Promise<T> {
  let browser: Browser | undefined;
  const site = await serve(bundle.files, {});
  try {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", ...flags] });
    const page = await browser.newPage();
    await page.goto(site.address);
    await page.waitForFunction(() => "webgpuChecks" in globalThis);
    return await look(page);
  } finally {
    await browser?.close();
    await site.close();
  }
}
