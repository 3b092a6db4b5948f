/** Losses of the first steps on `wasm`, which everybody's must be. */
import { openBackend, type TensorOps } from "@qsae/core";
import { ourStepper } from "../train-step/ours.ts";
import type { Problem } from "../train-step/problem.ts";

export const CHECKED_STEPS = 2;

/** WebAssembly addresses 4 GiB: room for parameters, two moments and gradients, and for what a step needs beside them. */
const MOST_BYTES_OF_STATE = 3 * 2 ** 30;

/** Of {@link CHECKED_STEPS} steps; of the first alone where the state of training does not fit. */
export async function firstLosses(problem: Problem): Promise<readonly number[]> {
  const { dIn, dSae } = problem;
  const backend = await openBackend("wasm", { encode: "exact" });
  try {
    if (4 * 4 * 2 * dIn * dSae > MOST_BYTES_OF_STATE) return [await lossOf(backend.ops, problem)];
    const stepper = ourStepper(backend.ops, problem);
    const losses: number[] = [];
    for (let step = 0; step < CHECKED_STEPS; step++) losses.push(await stepper.step());
    stepper.dispose();
    return losses;
  } finally {
    await backend.close();
  }
}

async function lossOf(ops: TensorOps, { x, wEnc, bEnc, wDec, bDec, batch, dIn, dSae, k }: Problem): Promise<number> {
  const loss = ops.tidy(() => {
    const [tokens, center] = [ops.tensor(x, [batch, dIn]), ops.tensor(bDec, [dIn])]; // [n, d_in], [d_in]
    const encoded = ops.encodeTopK(tokens, ops.tensor(wEnc, [dIn, dSae]), ops.tensor(bEnc, [dSae]), k, center);
    const latents = { ...encoded, values: ops.relu(encoded.values) };
    const error = ops.sub(ops.add(ops.decodeSparse(latents, ops.tensor(wDec, [dSae, dIn])), center), tokens); // [n, d_in]
    return ops.div(ops.sum(ops.square(error)), batch);
  });
  const { data } = await ops.read(loss);
  ops.dispose(loss);
  return data[0]!;
}
