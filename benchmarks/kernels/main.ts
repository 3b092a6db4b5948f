/**
 * `pnpm bench kernels [--json] [--rounds 15] [--threads 2] [--build auto] [--n 2048] [--d-in 512] [--d-sae 8192] [--k 32]`:
 * every kernel of the engine, as a rate and as a share of what the machine can do, measured in the same run.
 */
import { parseArgs } from "node:util";
import { openEngine } from "@qsae/runtime/training";
import { measureBounds, type Bounds } from "./bounds.ts";
import { kernelCases, type Case } from "./cases.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "15" },
    threads: { type: "string", default: "2" },
    build: { type: "string", default: "auto" },
    n: { type: "string", default: "2048" },
    "d-in": { type: "string", default: "512" },
    "d-sae": { type: "string", default: "8192" },
    k: { type: "string", default: "32" },
  },
});

interface Row {
  readonly kernel: string;
  /** Median, and the best of all rounds. */
  readonly ms: number;
  readonly best_ms: number;
  /** Gflop/s or GB/s at the median. */
  readonly rate: number;
  readonly unit: "Gflop/s" | "GB/s";
  /** Of the bound, at the best round: noise of other programs only makes a round longer. */
  readonly share: number;
}

function measure(cases: readonly Case[], rounds: number, bounds: Bounds): Row[] {
  const times = cases.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    cases.forEach(({ run }, i) => {
      const started = performance.now();
      run();
      if (round >= 0) times[i]!.push(performance.now() - started); // the first round warms up
    });
  }
  return cases.map(({ name, work }, i) => {
    const sorted = times[i]!.sort((a, b) => a - b);
    const [ms, best] = [sorted[sorted.length >> 1]!, sorted[0]!];
    const [amount, bound, unit] =
      "flops" in work
        ? ([work.flops, bounds.gflops, "Gflop/s"] as const)
        : ([work.bytes, bounds.gbytes, "GB/s"] as const);
    return { kernel: name, ms, best_ms: best, rate: amount / ms / 1e6, unit, share: amount / best / 1e6 / bound };
  });
}

const threads = Number(options.threads);
const engine = await openEngine({ threads, build: options.build as "auto" | "simd" | "relaxed" });
const shape = {
  n: Number(options.n),
  dIn: Number(options["d-in"]),
  dSae: Number(options["d-sae"]),
  k: Number(options.k),
};
const before = await measureBounds(engine.build, threads);
const cases = kernelCases(engine, shape);
const counted = measure(cases, Number(options.rounds), before);
const after = await measureBounds(engine.build, threads);
// The machine may have been busier during one of the two measurements.
const bounds = { gflops: Math.max(before.gflops, after.gflops), gbytes: Math.max(before.gbytes, after.gbytes) };
const rows = counted.map((row) => {
  const was = row.unit === "GB/s" ? before.gbytes : before.gflops;
  return { ...row, share: (row.share * was) / (row.unit === "GB/s" ? bounds.gbytes : bounds.gflops) };
});
const stepMs = rows.reduce((sum, { ms }, i) => sum + (cases[i]!.inStep ? ms : 0), 0);
await engine.close();

if (options.json) {
  console.log(
    JSON.stringify({ rows, bounds, step_ms: stepMs, build: engine.build, node: process.version, threads, ...shape }),
  );
} else {
  console.log(
    `${process.version}, build ${engine.build}, ${threads} threads, n ${shape.n}, d_in ${shape.dIn}, d_sae ${shape.dSae}, k ${shape.k}`,
  );
  console.log(
    `bounds: ${bounds.gflops.toFixed(0)} Gflop/s in registers, ${bounds.gbytes.toFixed(1)} GB/s streamed from memory`,
  );
  console.log("(shares above 100 % of the memory bound: the data stayed in cache)\n");
  console.log(
    `${"kernel".padEnd(30)} ${"ms".padStart(8)} ${"best".padStart(8)} ${"rate".padStart(16)} ${"share".padStart(7)}`,
  );
  for (const { kernel, ms, best_ms, rate, unit, share } of rows) {
    const columns = [
      ms.toFixed(2).padStart(8),
      best_ms.toFixed(2).padStart(8),
      `${rate.toFixed(1)} ${unit}`.padStart(16),
    ];
    console.log(`${kernel.padEnd(30)} ${columns.join(" ")} ${`${(100 * share).toFixed(0)} %`.padStart(7)}`);
  }
  console.log(`\na training step beside the encode: ${stepMs.toFixed(1)} ms`);
}
