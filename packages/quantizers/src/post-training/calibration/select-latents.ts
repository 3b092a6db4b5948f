/** The selections of the packed schema as differentiable tensor ops: what fires, and with which value. */
import type { Selection } from "@qsae/runtime";
import type { Tensor, TensorOps, TopKLatents } from "@qsae/core";

export interface Encoder {
  /** `[n, d_in]` */
  readonly x: Tensor;
  /** `[d_in, d_sae]` */
  readonly wEnc: Tensor;
  /** `[d_sae]` */
  readonly bEnc: Tensor;
  /** Subtracted from x. `[d_in]` */
  readonly center?: Tensor;
}

/**
 * Latents of x: the k per token that are not 0 for `topk`, `[n, d_sae]` for the others. Thresholds are fixed; gradients pass
 * through the latents that fire, for `sign` there are none.
 */
export function selectLatents(ops: TensorOps, selection: Selection, encoder: Encoder): Tensor | TopKLatents {
  if (selection.kind === "topk") {
    const { x, wEnc, bEnc, center } = encoder;
    const selected = ops.encodeTopK(x, wEnc, bEnc, selection.k, center);
    return selection.relu ? { ...selected, values: ops.relu(selected.values) } : selected;
  }
  const h = scores(ops, encoder); // [n, d_sae]
  const vector = (values: Float32Array): Tensor => ops.tensor(values, [1, values.length]);
  switch (selection.kind) {
    case "threshold":
      return ops.mul(h, ops.detach(ops.greater(h, vector(selection.threshold))));
    case "sign":
      return selection.k === undefined ? ops.greater(ops.detach(h), 0) : topSwitches(ops, selection.k, encoder);
    case "gate": {
      const { magScale, magBias } = selection;
      const magnitude = ops.add(ops.mul(ops.sub(h, encoder.bEnc), vector(magScale)), vector(magBias));
      return ops.mul(ops.relu(magnitude), ops.detach(ops.greater(h, 0)));
    }
  }
}

function scores(ops: TensorOps, { x, wEnc, bEnc, center }: Encoder): Tensor {
  return ops.add(ops.matMul(center ? ops.sub(x, center) : x, wEnc), bEnc);
}

function topSwitches(ops: TensorOps, k: number, { x, wEnc, bEnc, center }: Encoder): TopKLatents {
  const selected = ops.encodeTopK(x, wEnc, bEnc, k, center);
  return { ...selected, values: ops.greater(ops.detach(selected.values), 0) };
}
