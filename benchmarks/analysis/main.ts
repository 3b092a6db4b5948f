/**
 * `pnpm bench analysis [--whole] [--json] [--tokens 100000] [--d-sae 32768] [--d-in 512] [--k 32] [--selection topk] [--threads 2]`: an
 * analysis of a wide SAE, seconds per part and peak memory; with `--whole`, what `qsae analyze` does. Data are made as they are
 * read, and counted.
 */
import { parseArgs } from "node:util";
import { openBackend } from "@qsae/core";
import { analysisInParts } from "./parts.ts";
import { plantedSae, type ProblemShape } from "./problem.ts";
import { stopwatch } from "./stopwatch.ts";
import { wholeAnalysis } from "./whole.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    whole: { type: "boolean", default: false },
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

const run = options.whole ? wholeAnalysis : analysisInParts;
const found = await run(backend.ops, packed, shape, watch);

const report = {
  node: process.version,
  backend: backend.description,
  ...shape,
  seconds: Object.fromEntries(watch.seconds()),
  total_seconds: (performance.now() - startedMs) / 1000,
  peak_mib: process.resourceUsage().maxRSS / 1024,
  found,
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
