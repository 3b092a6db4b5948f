/** One side in a process of its own: time per step and peak memory, nothing else in it. Prints one line of JSON. */
import { openBackend } from "@qsae/core";
import { ourStepper } from "./ours.ts";
import { gaussianProblem } from "./problem.ts";

const [batch, dIn, dSae, k, threads, steps] = process.argv.slice(2).map(Number) as [
  number,
  number,
  number,
  number,
  number,
  number,
];
const backend = await openBackend("wasm", { threads, encode: "exact" });
const stepper = ourStepper(backend.ops, gaussianProblem({ batch, dIn, dSae, k }));
const times: number[] = [];
for (let i = 0; i < steps; i++) {
  const start = performance.now();
  await stepper.step();
  times.push(performance.now() - start);
}
times.sort((a, b) => a - b);
console.log(JSON.stringify({ ms: times[times.length >> 1], peakBytes: process.resourceUsage().maxRSS * 1024 }));
process.exit(0);
