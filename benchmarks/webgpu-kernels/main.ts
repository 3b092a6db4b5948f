/**
 * `pnpm bench webgpu-kernels [--json] [--steps 5] [--n 1024] [--d-in 128] [--d-sae 1024] [--k 32] [--encode auto]`: where the
 * time of a training step of a float TopK SAE goes on a GPU, by compute pass, from timestamps of the device. tfjs is made to
 * submit after every kernel for that, so that its kernels show one by one; the step as it runs otherwise is measured first.
 */
import { parseArgs } from "node:util";
import * as tf from "@tensorflow/tfjs";
import { arraySource, normals, openBackend, train, type Backend, type EncodeMode, type Reporter } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { baseline } from "@qsae/variants";
import { timedGpu } from "./timed-gpu.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    steps: { type: "string", default: "5" },
    n: { type: "string", default: "1024" },
    "d-in": { type: "string", default: "128" },
    "d-sae": { type: "string", default: "1024" },
    k: { type: "string", default: "32" },
    encode: { type: "string", default: "auto" },
  },
});
const [n, dIn, dSae, k, steps] = [options.n, options["d-in"], options["d-sae"], options.k, options.steps].map(
  Number,
) as [number, number, number, number, number];

const { create, globals } = await import("webgpu");
Object.assign(globalThis, globals);
const { gpu, times } = timedGpu(
  create(["disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension"]),
);
Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });

const backend = await openBackend("webgpu", { encode: options.encode as EncodeMode });
console.error(backend.description);
nameTfjsPasses();

const variant = baseline({ d_in: dIn, d_sae: dSae, k, activation: "topk" }, quantizersByName());
const x = normals(n * dIn * (steps + 1), 1, 1);

/** Milliseconds per step, without the first, which compiles. */
async function timedSteps(backend: Backend, onStep: (ms: number) => Promise<void>): Promise<void> {
  let last = 0;
  const reporter: Reporter = {
    onStep: async ({ step }) => {
      const ms = performance.now() - last;
      if (step > 1) await onStep(ms);
      else await times.take();
      last = performance.now();
    },
  };
  await train({
    backend,
    variant,
    source: arraySource(x, dIn),
    training: { steps: steps + 1, batch_size: n },
    reporters: [reporter],
  });
}

const whole: number[] = [];
let submits = 0;
await timedSteps(backend, async (ms) => {
  whole.push(ms);
  submits = (await times.take()).submits;
});
const perKernel = new Map<string, number[]>();
tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 1);
await timedSteps(backend, async () => {
  for (const [label, ms] of (await times.take()).ms) perKernel.set(label, [...(perKernel.get(label) ?? []), ...ms]);
});
const total = (ms: readonly number[]): number => ms.reduce((a, b) => a + b, 0);
const rows = [...perKernel]
  .map(([kernel, ms]) => ({ kernel, ms: total(ms) / steps, runs: ms.length / steps }))
  .sort((a, b) => b.ms - a.ms);
const step = [...whole].sort((a, b) => a - b)[whole.length >> 1]!;
const result = { device: backend.description, n, d_in: dIn, d_sae: dSae, k, step_ms: step, submits, kernels: rows };
if (options.json) console.log(JSON.stringify(result, undefined, 1));
else {
  console.log(
    `step ${step.toFixed(1)} ms, ${submits} submissions, kernels ${total(rows.map(({ ms }) => ms)).toFixed(1)} ms`,
  );
  for (const { kernel, ms, runs } of rows)
    console.log(`${ms.toFixed(2).padStart(9)} ms ${runs.toFixed(1).padStart(6)} x ${kernel}`);
}
process.exit(0); // Dawn keeps the process alive

/** Passes of tfjs have no label: the program that is about to run is theirs. */
function nameTfjsPasses(): void {
  const storage = tf.backend() as unknown as { runWebGPUProgram: (program: object, ...rest: unknown[]) => unknown };
  const run = storage.runWebGPUProgram.bind(storage);
  storage.runWebGPUProgram = (program, ...rest) => {
    times.label = `tfjs ${program.constructor.name}`;
    return run(program, ...rest);
  };
}
