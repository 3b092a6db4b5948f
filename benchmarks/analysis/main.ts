/**
 * `pnpm bench analysis [--json] [--tokens 100000] [--d-sae 32768] [--d-in 512] [--k 32] [--selection topk] [--threads 2]`: an
 * analysis of a wide SAE, seconds per part and peak memory. Data are made as they are read, and counted.
 */
import { parseArgs } from "node:util";
import { coactivation, cosinesWithin, evaluateSae, standardMetrics, topTokens } from "@qsae/analysis";
import { openBackend, saeOnBackend, type Metric } from "@qsae/core";
import { plantedSae, plantedSource, type ProblemShape } from "./problem.ts";
import { stopwatch, timedEncoder, timedMetric, timedSource } from "./stopwatch.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    tokens: { type: "string", default: "100000" },
    "d-sae": { type: "string", default: "32768" },
    "d-in": { type: "string", default: "512" },
    k: { type: "string", default: "32" },
    selection: { type: "string", default: "topk" },
    threads: { type: "string", default: "2" },
  },
});
const shape: ProblemShape = {
  dIn: Number(options["d-in"]),
  dSae: Number(options["d-sae"]),
  tokens: Number(options.tokens),
  k: Number(options.k),
  selection: options.selection === "threshold" ? "threshold" : "topk",
};

const packed = plantedSae(shape);
const watch = stopwatch();
const backend = await openBackend("wasm", { threads: Number(options.threads) });
const startedMs = performance.now();

const sae = await watch.time("loading", () => saeOnBackend(backend.ops, packed));
const timed = <R>(name: string, metric: Metric<R>): Metric<Promise<R>> => timedMetric(name, metric, watch);
const { fvu, mse, l0, density } = standardMetrics();
const { metrics, saeMs } = await evaluateSae(
  timedEncoder(sae, watch),
  timedSource(plantedSource(packed, shape), watch),
  {
    metrics: {
      fvu: timed("fvu", fvu),
      mse: timed("mse", mse),
      l0: timed("l0", l0),
      density: timed("density", density),
      coactivation: timed("coactivation", coactivation()),
      topTokens: timed("top tokens", topTokens()),
    },
  },
);
const cosines = await watch.time("cosines within", () => cosinesWithin(backend.ops, sae));
sae.dispose();

const seconds = Object.fromEntries(watch.seconds());
const report = {
  node: process.version,
  backend: backend.description,
  ...shape,
  seconds: { ...seconds, decode: saeMs / 1000 - (seconds["encode"] ?? 0) },
  total_seconds: (performance.now() - startedMs) / 1000,
  peak_mib: process.resourceUsage().maxRSS / 1024,
  found: {
    fvu: await metrics.fvu,
    l0: (await metrics.l0).mean,
    dead: (await metrics.density).dead,
    pairs: (await metrics.coactivation).pairs,
    largest_cosine: cosines.nearest.cosine.reduce((largest, cosine) => Math.max(largest, cosine), -1),
  },
};
await backend.close();

if (options.json) console.log(JSON.stringify(report));
else {
  console.log(`${report.node}, ${report.backend}`);
  console.log(`d_in ${shape.dIn}, d_sae ${shape.dSae}, ${shape.tokens} tokens, ${shape.selection}\n`);
  for (const [part, taken] of Object.entries(report.seconds)) print(part, taken.toFixed(1), "s");
  print("all", report.total_seconds.toFixed(1), "s");
  print("peak memory", report.peak_mib.toFixed(0), "MiB");
  console.log(`\nfound: ${Object.entries(report.found).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`).join(", ")}`); // prettier-ignore
}

function print(part: string, value: string, unit: string): void {
  console.log(`${part.padEnd(16)} ${value.padStart(8)} ${unit}`);
}
