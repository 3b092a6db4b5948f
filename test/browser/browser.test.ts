/** The engine, the training backend and the runtime in a real browser, bundled as a page would. */
import { gzipSync } from "node:zlib";
import { loadSae } from "@qsae/runtime";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, chromiumHere } from "../../tools/chromium.ts";
import { bundleForBrowsers } from "./bundle.ts";
import { inputs, runOnEngine, sizes, type EngineRun } from "./engine-run.ts";
import type { Checks } from "./page.ts";
import { serve } from "./serve.ts";
import { activations, trainShortly } from "./training-run.ts";

const missing = !chromiumHere("browser.test.ts");

/** Reached in the page, inside `evaluate`. */
declare const checks: Checks;

const STEPS = 6;
const MOST_RUNTIME_BYTES = 60_000;
const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const builds = ["simd", "relaxed"] as const;
const NODE_IMPORT = /\b(?:from|import)\s*\(?\s*["'`]node:[^"'`]*/g;

const training = await bundleForBrowsers({ page: "page.ts", worker: "worker.ts" });
const runtime = await bundleForBrowsers({ sae: "main-entry.ts" });
const runtimeBytes = [...runtime.files.values()].reduce((sum, text) => sum + gzipSync(text).length, 0);

describe("a bundle for browsers", () => {
  it.each([
    ["for training", training],
    ["for running SAEs", runtime],
  ])("%s imports nothing of Node and nothing from outside", (_, { unresolved, files }) => {
    expect(unresolved).toEqual([]);
    expect([...files.values()].flatMap((text) => text.match(NODE_IMPORT) ?? [])).toEqual([]);
  });

  it(`for running SAEs leaves the engine out and is small: ${runtimeBytes} bytes gzipped`, () => {
    expect(runtime.inputs).toContain("packages/runtime/src/sae/load-sae.ts");
    expect(runtime.inputs.filter((path) => !/^packages\/runtime\/src\/|main-entry/.test(path))).toEqual([]);
    expect(runtime.inputs.filter((path) => path.includes("/engine/"))).toEqual([]);
    expect(runtimeBytes).toBeLessThan(MOST_RUNTIME_BYTES);
  });
});

describe.skipIf(missing)("in Chromium", () => {
  let browser: Browser;
  let nodeRuns: ReadonlyMap<string, EngineRun>;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
    const best = await runOnEngine({ threads: 2 });
    const runs = best.build === "simd" ? [best] : [best, await runOnEngine({ threads: 2, build: "simd" })];
    nodeRuns = new Map(runs.map((run) => [run.build, run]));
  });
  afterAll(() => browser?.close());

  /** Opens the page, waits for its program and runs `look`; fails on any message in its console but `expected` ones. */
  async function onPage<T>(
    headers: Readonly<Record<string, string>>,
    look: (page: Page) => Promise<T>,
    expected = /^$/,
  ): Promise<T> {
    const site = await serve(new Map([...training.files, ...runtime.files]), headers);
    const page = await browser.newPage();
    try {
      const messages: string[] = [];
      page.on("console", (message) => messages.push(message.text()));
      page.on("pageerror", (error) => messages.push(error.message));
      await page.goto(site.address);
      await page.waitForFunction(() => "checks" in globalThis);
      const result = await look(page);
      expect(messages.filter((message) => !expected.test(message))).toEqual([]);
      return result;
    } finally {
      await page.close();
      await site.close();
    }
  }

  /** Right by the oracle, and Node's bits where Node has the build: relaxed SIMD needs version 22. */
  const expectSameNumbers = (run: EngineRun): void => {
    expectRightNumbers(run);
    const inNode = nodeRuns.get(run.build);
    if (inNode === undefined) return;
    for (const name of ["scores", "values", "indices"] as const) {
      expect(firstDifference(run[name], inNode[name]), name).toBe(-1);
    }
  };

  describe("on a cross-origin isolated page", () => {
    it.each(builds)("runs 2 threads on the main thread, which may not block: %s build", async (build) => {
      const run = await onPage(isolated, (page) =>
        page.evaluate((options) => checks.runOnEngine(options), { threads: 2, build }),
      );
      expect(summaryOf(run)).toMatchObject({
        build,
        shared: true,
        threads: 2,
        notes: [],
        mayWait: false,
        threadsAtWork: 2,
      });
      expectSameNumbers(run);
      expect(run.growth.oldViewLength).toBe(sizes.n * sizes.dIn);
    });

    it.each(builds)("runs 2 threads from inside a Web Worker: %s build", async (build) => {
      const run = await onPage(isolated, (page) =>
        page.evaluate((options) => checks.runInWorker(options), { threads: 2, build }),
      );
      expect(summaryOf(run)).toMatchObject({
        build,
        shared: true,
        threads: 2,
        notes: [],
        mayWait: true,
        threadsAtWork: 2,
      });
      expectSameNumbers(run);
      expect(run.growth.oldViewLength).toBe(sizes.n * sizes.dIn);
    });

    it("runs one thread where a content security policy forbids blob: workers, and says so", async () => {
      const policy = { "content-security-policy": "worker-src 'self'" };
      const run = await onPage(
        { ...isolated, ...policy },
        (page) => page.evaluate(() => checks.runOnEngine({ threads: 2 })),
        /Content Security Policy/,
      );
      expect(summaryOf(run)).toMatchObject({ threads: 1, threadsAtWork: 1 });
      expect(run.notes).toEqual([expect.stringMatching(/^one thread: .*content security policy may forbid blob:/)]);
      expectSameNumbers(run);
    });
  });

  describe("on a page without the headers", () => {
    it.each(["runOnEngine", "runInWorker"] as const)("runs one thread and says what to do: %s", async (where) => {
      const run = await onPage({}, (page) => page.evaluate((name) => checks[name]({ threads: 2 }), where));
      expect(summaryOf(run)).toMatchObject({ shared: false, threads: 1, threadsAtWork: 1 });
      expect(run.notes).toEqual([expect.stringMatching(/^one thread: .*not cross-origin isolated.*COOP.*COEP/)]);
      expectSameNumbers(run);
      expect(run.growth.oldViewLength).toBe(0);
    });
  });

  it("trains on the wasm backend like Node, and runs the SAE with the runtime alone", async () => {
    const here = await trainShortly(STEPS);
    const x = activations();
    const there = await onPage(isolated, async (page) => ({
      ...(await page.evaluate((steps) => checks.trainShortly(steps), STEPS)),
      reconstruction: await page.evaluate(([packed, data]) => checks.reconstruct(packed, data), [
        here.packed,
        [...x],
      ] as const),
    }));
    expect(there.description).toMatch(/SIMD, 2 threads$/);
    expect(there.fallbacks).toEqual([]);
    expect(there.losses).toHaveLength(STEPS);
    there.losses.forEach((losses, step) => {
      const expected = here.losses[step]!;
      expect(Object.keys(losses)).toEqual(Object.keys(expected));
      for (const [name, loss] of Object.entries(losses)) {
        const error = Math.abs(loss - expected[name]!);
        expect(error, `${name} at step ${step}`).toBeLessThanOrEqual(1e-5 * Math.abs(expected[name]!));
      }
    });
    expect(there.losses.at(-1)!["batchFvu"]).toBeLessThan(there.losses[0]!["batchFvu"]!);
    const reconstruction = [...loadSae(Uint8Array.from(here.packed)).reconstruct(x)];
    expect(firstDifference(there.reconstruction, reconstruction)).toBe(-1);
  });
});

/** Without the long arrays: a failure that prints them takes minutes. */
const summaryOf = ({ scores: _, values: __, indices: ___, ...summary }: EngineRun): object => summary;

/** Position of the first number whose bits differ, -1 for none. */
const firstDifference = (a: readonly number[], b: readonly number[]): number =>
  a.length === b.length ? a.findIndex((number, i) => !Object.is(number, b[i])) : Math.min(a.length, b.length);

/** Against products in float64: scores norm-wise, and latents that are the k largest but for ties. */
function expectRightNumbers({ scores, values, indices, growth }: EngineRun): void {
  const { n, dIn, dSae, k } = sizes;
  const { x, wEnc, bEnc } = inputs();
  const oracle = new Float64Array(n * dSae);
  for (let i = 0; i < n; i++) {
    for (let f = 0; f < dSae; f++) {
      let sum = bEnc[f]!;
      for (let d = 0; d < dIn; d++) sum += x[i * dIn + d]! * wEnc[d * dSae + f]!;
      oracle[i * dSae + f] = sum;
    }
  }
  expect(relativeError(scores, oracle)).toBeLessThan(1e-5);
  expect(growth.grewBytes).toBeGreaterThan(0);
  expect(growth.sameBits).toBe(true);
  const largest = Array.from({ length: n }, (_, i) =>
    oracle
      .slice(i * dSae, (i + 1) * dSae)
      .sort()
      .slice(-k),
  ).flatMap((row) => [...row]);
  const ascending = Array.from({ length: n }, (_, i) =>
    Float64Array.from(values.slice(i * k, (i + 1) * k)).sort(),
  ).flatMap((row) => [...row]);
  expect(relativeError(ascending, largest)).toBeLessThan(1e-5);
  const theirScores = indices.map((f, entry) => scores[Math.floor(entry / k) * dSae + f]!);
  expect(firstDifference(values, theirScores)).toBe(-1);
}

function relativeError(a: readonly number[], b: ArrayLike<number>): number {
  let [difference, norm] = [Math.abs(a.length - b.length), 0];
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
