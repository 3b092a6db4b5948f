/** One full training step on our side: forward, loss, all gradients, Adam; through the public tensor ops. */
import type { AdamSlot, Tensor, TensorOps } from "@qsae/core";
import type { Problem } from "./problem.ts";

const LR = 1e-3;

export interface Stepper {
  /** Runs one step and gives its loss: mean over tokens of the squared error summed over dimensions. */
  step(): Promise<number>;
  dispose(): void;
}

export function ourStepper(ops: TensorOps, problem: Problem): Stepper {
  const { batch, dIn, dSae, k } = problem;
  const x = ops.tensor(problem.x, [batch, dIn]);
  const start = (data: Float32Array, shape: number[]): AdamSlot => ({
    param: ops.tensor(data, shape),
    m: ops.zeros(shape),
    v: ops.zeros(shape),
  });
  let slots: Record<string, AdamSlot> = {
    W_enc: start(problem.wEnc, [dIn, dSae]),
    b_enc: start(problem.bEnc, [dSae]),
    W_dec: start(problem.wDec, [dSae, dIn]),
    b_dec: start(problem.bDec, [dIn]),
  };
  let done = 0;
  const loss = (params: Readonly<Record<string, Tensor>>): Tensor => {
    const latents = ops.encodeTopK(x, params["W_enc"]!, params["b_enc"]!, k, params["b_dec"]);
    const decoded = ops.decodeSparse({ ...latents, values: ops.relu(latents.values) }, params["W_dec"]!);
    const error = ops.sub(ops.add(decoded, params["b_dec"]!), x); // [n, d_in]
    return ops.div(ops.sum(ops.square(error)), batch);
  };
  return {
    step: async () => {
      done++;
      const { next, value } = ops.tidy(() => {
        const params = Object.fromEntries(Object.entries(slots).map(([name, { param }]) => [name, param]));
        const { value: lossValue, grads } = ops.valueAndGrads(params, (p) => ({ loss: loss(p), aux: {} }));
        const stepped = Object.entries(slots).map(([name, slot]) => [
          name,
          ops.adamStep(slot, grads[name]!, { lr: LR, step: done }),
        ]);
        return { next: Object.fromEntries(stepped) as Record<string, AdamSlot>, value: lossValue };
      });
      slots = next;
      const { data } = await ops.read(value);
      ops.dispose(value);
      return data[0]!;
    },
    dispose: () => ops.dispose([x, ...Object.values(slots).flatMap(({ param, m, v }) => [param, m, v])]),
  };
}
