/** The built page in Chromium: what a person does on it, and Node's opinion of what comes out. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { evaluateStored } from "@qsae/analysis";
import { arraySource, type DataSource } from "@qsae/core";
import { harvest, openActivations } from "@qsae/data";
import { decodePackedSae, encodeSafetensors } from "@qsae/runtime";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, chromiumHere } from "../../../tools/chromium.ts";
import { buildPage, servePage, type BuiltPage, type Site } from "./built-page.ts";

const missing = !chromiumHere("playground.test.ts");

const TINY_LM = fileURLToPath(new URL("../../../examples/tiny-lm/", import.meta.url));
const NODE_IMPORT = /\b(?:from|import)\s*\(?\s*["'`]node:[^"'`]*/g;
const notIsolated = { "cross-origin-opener-policy": "unsafe-none", "cross-origin-embedder-policy": "unsafe-none" };
const D_IN = 16;
const ROWS = 2000;

/** Rows around a few directions, so that there is something to learn. */
const x = Float32Array.from(
  { length: ROWS * D_IN },
  (_, i) => Math.sin(i % D_IN) * ((Math.floor(i / D_IN) % 7) - 3) + 0.1 * Math.sin(12.9898 * i),
);
const activations = Buffer.from(encodeSafetensors({ x: { shape: [ROWS, D_IN], data: x } }));
/** Below the one of tests, so that a failure says what was waited for. */
const TIMEOUT_MS = 50_000;
const HELD_OUT = ROWS / 10;

let folder: string;
let built: BuiltPage;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qsae-playground-"));
  built = await buildPage(join(folder, "dist"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("the bundle", () => {
  it("has no built-in of Node", () => {
    expect(built.warnings).toEqual([]);
    // These have parts for Node, and say in package.json that pages do without those built-ins.
    const doWithout = /node_modules\/(@tensorflow\/tfjs-(core|data)|seedrandom|protobufjs)\//;
    expect(built.askingForNode.filter((path) => !doWithout.test(path))).toEqual([]);
    expect(built.askingForNode.length, "the plugin sees workers").toBeGreaterThan(0);
    expect([...built.scripts.values()].flatMap((text) => text.match(NODE_IMPORT) ?? [])).toEqual([]);
  });

  it("has onnxruntime's WebAssembly, the model and its texts beside it", () => {
    for (const file of [/ort-wasm-simd-threaded-.*\.wasm$/, /ort-wasm.*\.mjs$/, /model-.*\.onnx$/, /train-.*\.txt$/]) {
      expect(built.files).toContainEqual(expect.stringMatching(file));
    }
  });
});

describe.skipIf(missing)("in Chromium", () => {
  let browser: Browser;
  let site: Site;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    site = await servePage(built);
  });
  afterAll(() => Promise.all([browser?.close(), site?.close()]));

  /** A page of its own; fails on any message in its console and on requests to anywhere else. */
  async function onPage(look: (page: Page) => Promise<void>, address = site.address): Promise<void> {
    const page = await browser.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    try {
      const messages: string[] = [];
      const elsewhere: string[] = [];
      page.on("console", (message) => messages.push(message.text()));
      page.on("pageerror", (error) => messages.push(error.message));
      page.on("request", (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(address)) elsewhere.push(request.url());
      });
      await page.goto(address);
      await look(page);
      expect(messages).toEqual([]);
      expect(elsewhere).toEqual([]);
    } finally {
      await page.close();
    }
  }

  interface Settings {
    readonly preset?: string;
    readonly dSae: number;
    readonly k: number;
    readonly steps: number;
    readonly tokens: number;
  }

  async function start(page: Page, { preset = "float", ...numbers }: Settings): Promise<void> {
    await page.selectOption("[name=preset]", preset);
    for (const [name, value] of Object.entries(numbers)) await page.fill(`[name=${name}]`, String(value));
    await page.click("button.main");
  }

  async function giveFile(page: Page, name: string, buffer: Buffer): Promise<void> {
    await page.check("text=A file of yours");
    await page.setInputFiles("[name=activations]", { name, mimeType: "application/octet-stream", buffer });
  }

  /** The FVU that the page shows, and the file that it gives. */
  async function trained(page: Page): Promise<{ readonly fvu: number; readonly file: Uint8Array }> {
    await page.waitForSelector("[data-fvu], .problem");
    expect(await page.locator(".problem").allTextContents()).toEqual([]);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("a.download")]);
    expect(download.suggestedFilename()).toMatch(/^[\w-]+\.qsae\.safetensors$/);
    const fvu = Number(await page.getAttribute("[data-fvu]", "data-fvu"));
    return { fvu, file: await readFile(await download.path()) };
  }

  async function fvuInNode(file: Uint8Array, heldout: DataSource): Promise<number> {
    const { summary } = await evaluateStored(
      { name: "downloaded", packed: decodePackedSae(file, "downloaded") },
      heldout,
    );
    return summary.fvu;
  }

  it("harvests, trains a ternary SAE in two runs, evaluates it, and shows its latents", async () => {
    const settings = { preset: "ternary", dSae: 256, k: 16, steps: 60, tokens: 8000 };
    await onPage(async (page) => {
      await start(page, settings);
      const { fvu, file } = await trained(page);
      expect(await page.textContent(".machine")).toMatch(
        /8,000 training tokens .* 2,000 held out .* SIMD, \d+ threads/,
      );
      expect(await page.locator(".live svg").count()).toBe(4);
      expect(await page.locator(".live .legend li").allTextContents()).toEqual(["float", "ternary"]);

      const path = join(folder, "heldout.safetensors");
      await harvest({
        modelPath: join(TINY_LM, "model.onnx"),
        tokenizerDir: TINY_LM,
        textPath: join(TINY_LM, "heldout.txt"),
        hook: "blocks.1",
        contextLength: 128,
        maxTokens: 2000,
        outPath: path,
      });
      const heldout = await openActivations(path);
      const inNode = await fvuInNode(file, heldout);
      await heldout.close();
      // Activations are float16, and the two onnxruntimes differ in the last bits of float32: a few are rounded the other way.
      expect(Math.abs(fvu - inNode)).toBeLessThan(1e-5 * inNode);
      expect(fvu).toBeLessThan(0.5);
      const packed = decodePackedSae(file, "downloaded");
      expect(packed.description.variant).toBe("ternary");
      expect(packed.description.metrics["fvu"]).toBe(fvu);

      await page.waitForSelector(".token");
      expect((await page.locator(".token").allTextContents()).join("")).toBe(await page.inputValue("textarea"));
      await page.locator(".token").nth(4).click();
      expect(await page.textContent(".panes")).toMatch(/of 16 at/);
      await page.locator(".latents button").first().click();
      expect(await page.locator(".token.fired").count()).toBeGreaterThan(0);
      await page.fill("textarea", "light ".repeat(200));
      await page.waitForSelector("text=The model reads 128 tokens");
    });
  });

  it("trains on a file, to the FVU that Node has on its last tenth", async () => {
    await onPage(async (page) => {
      await giveFile(page, "own.safetensors", activations);
      await page.waitForSelector("text=own.safetensors: 2,000 activations of width 16");
      await start(page, { dSae: 64, k: 4, steps: 20, tokens: 5000 });
      const { fvu, file } = await trained(page);
      const inNode = await fvuInNode(file, arraySource(x.subarray((ROWS - HELD_OUT) * D_IN), D_IN));
      // Float32 sums in the page, float64 here.
      expect(Math.abs(fvu - inNode)).toBeLessThan(1e-6 * inNode);
      // The language model has another width.
      await page.waitForSelector("text=this SAE reads activations of width 16");
    });
  });

  it("stops when told to, and keeps what is trained so far", async () => {
    await onPage(async (page) => {
      await giveFile(page, "own.safetensors", activations);
      await page.waitForSelector("text=activations of width 16");
      await start(page, { dSae: 64, k: 4, steps: 1_000_000, tokens: 5000 });
      await page.waitForSelector("text=/Training: step/");
      await page.click("text=Stop");
      await page.waitForSelector("text=stopped early");
      expect((await trained(page)).fvu).toBeGreaterThan(0);
    });
  });

  it("says what is wrong with files and settings, and goes on", async () => {
    await onPage(async (page) => {
      await giveFile(page, "cut.safetensors", activations.subarray(0, 300));
      await page.waitForSelector(".problem >> text=/^cut\\.safetensors: /");
      expect(await page.isDisabled("button.main")).toBe(true);
      await giveFile(page, "bad.npy", Buffer.from("not an array"));
      await page.waitForSelector("text=bad.npy: does not start with the magic bytes of a .npy file");
      await page.setInputFiles("[name=sae]", {
        name: "bad.qsae.safetensors",
        mimeType: "application/octet-stream",
        buffer: activations,
      });
      await page.waitForSelector(".problem >> text=/^bad\\.qsae\\.safetensors: /");

      await giveFile(page, "own.safetensors", activations);
      await page.waitForSelector("text=activations of width 16");
      await start(page, { dSae: 8, k: 9, steps: 5, tokens: 5000 });
      await page.waitForSelector(".run .problem >> text=/k/");
      await start(page, { dSae: 64, k: 4, steps: 5, tokens: 5000 });
      await page.waitForSelector("[data-fvu]");
    });
  });

  it("does not wait for a worker that breaks down", async () => {
    const page = await browser.newPage();
    await page.route(/\/trainer-.*\.js$/, (route) => route.abort());
    await page.goto(site.address);
    await page.click("button.main");
    await page.waitForSelector("text=The worker that trains broke down: it could not be loaded");
    expect(await page.isEnabled("button.main")).toBe(true);
    await page.close();
  });

  it("works with one thread where the server sends no headers, and says so", async () => {
    const bare = await servePage(built, notIsolated);
    try {
      await onPage(async (page) => {
        await page.waitForSelector("text=the browser gives it one thread");
        await giveFile(page, "own.safetensors", activations);
        await page.waitForSelector("text=activations of width 16");
        await start(page, { dSae: 64, k: 4, steps: 5, tokens: 5000 });
        await page.waitForSelector("[data-fvu]");
        expect(await page.textContent(".machine")).toMatch(/SIMD, 1 thread/);
      }, bare.address);
    } finally {
      await bare.close();
    }
  });
});
