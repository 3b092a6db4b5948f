/**
 * Atoms that are ternary directions: two sign matrices B = sign(W), M = sign(W.mirror),
 *
 *     atom = norm * (B + M) / (||B + M|| + 1e-8)       // [d_sae, d_in], entries -, 0 or +
 *
 * trained straight through sigmoid: dB/dW ~ s(W) (1 - s(W)), the norm of B + M held fixed.
 */
import { packCodes, type HostTensors, type PackedMatrix } from "@qsae/runtime";
import type { QuantizedWeights, Tensor, TensorOps, Tensors } from "@qsae/core";
import { secantCorrected, sigmoidSlope } from "@qsae/quantizers";
import { requiredTensor } from "../autoencoder/required-tensor.ts";

const W = "W_dec";
const MIRROR = "W_dec.mirror";
const TINY = 1e-8;
/**
 * Weights from here on are +1. The reference takes the sign of sigmoid(w) - 1/2, 0 being +1, in float32, where sigmoid rounds
 * to 1/2 down to this weight.
 */
const LEAST_POSITIVE = -(2 ** -24);

const signs = (ops: TensorOps, w: Tensor): Tensor => ops.sub(ops.mul(ops.greaterEqual(w, LEAST_POSITIVE), 2), 1);

/** The two sign matrices. What the forward pass has in the place of a weight is its sign; what an atom is, depends on its norm too. */
export const signCodes: readonly QuantizedWeights[] = [W, MIRROR].map((param) => ({
  param,
  latentAxis: 0,
  levels: (ops, params) => signs(ops, params[param]!),
  rounding: {
    rounded: (ops, params) => signs(ops, params[param]!),
    neighbours: (ops, params, by) => {
      const w = params[param]!;
      return ops.where(ops.equal(signs(ops, w), ops.scalar(by)), w, ops.fill(w.shape, by));
    },
  },
}));

/** `1 / (||B + M|| + 1e-8)` per row: `[d_sae, 1]` */
const inverseNorms = (ops: TensorOps, sum: Tensor): Tensor =>
  ops.div(1, ops.add(ops.sqrt(ops.sum(ops.square(sum), 1, true)), TINY));

/** @param norms `[d_sae, 1]`; differentiable in them. @returns `[d_sae, d_in]` */
export function signAtoms(ops: TensorOps, params: Tensors, norms: Tensor): Tensor {
  const [w, mirror] = [params[W]!, params[MIRROR]!];
  const directions = ops.customGrad(
    [w, mirror],
    () => {
      const sum = ops.add(signs(ops, w), signs(ops, mirror)); // [d_sae, d_in]
      const inverse = inverseNorms(ops, sum);
      return { value: ops.mul(sum, inverse), saved: [w, mirror, inverse] };
    },
    (dy, [savedW, savedMirror, inverse]) => {
      const scaled = ops.mul(dy, inverse!);
      return [savedW!, savedMirror!].map((a) => ops.mul(scaled, sigmoidSlope(ops, a)));
    },
  );
  return ops.mul(directions, norms);
}

/**
 * All gradients, those of the two sign matrices with the reference's secant correction (`secantCorrected` of @qsae/quantizers), where
 * alpha = norm / (||B + M|| + 1e-8).
 *
 * @param norms `[d_sae, 1]`
 * @param meanLatents `[d_sae]`
 */
export function secantCorrectedAtoms(
  ops: TensorOps,
  params: Tensors,
  grads: Tensors,
  norms: Tensor,
  meanLatents: Tensor,
): Tensors {
  const sum = ops.add(signs(ops, params[W]!), signs(ops, params[MIRROR]!)); // [d_sae, d_in]
  const alpha = ops.mul(norms, inverseNorms(ops, sum)); // [d_sae, 1]
  const corrected = (name: string): Tensor => {
    const w = params[name]!;
    return secantCorrected(ops, { gradient: grads[name]!, w, signs: signs(ops, w), alpha, meanLatents });
  };
  return { ...grads, [W]: corrected(W), [MIRROR]: corrected(MIRROR) };
}

/**
 * Rows `begin .. begin + size` as ternary codes. Scales are float32: a rounded one would flip switches of later levels.
 *
 * @param norms `[d_sae]`
 */
export function packSignAtoms(
  params: HostTensors,
  norms: ArrayLike<number>,
  { begin, size }: { readonly begin: number; readonly size: number },
): PackedMatrix {
  const [w, mirror] = [requiredTensor(params, W), requiredTensor(params, MIRROR)];
  const cols = w.shape[1]!;
  const codes = new Int8Array(size * cols);
  const scale = new Float32Array(size);
  for (let row = 0; row < size; row++) {
    let entries = 0;
    for (let col = 0; col < cols; col++) {
      const at = (begin + row) * cols + col;
      const positive = w.data[at]! >= LEAST_POSITIVE;
      if (positive !== mirror.data[at]! >= LEAST_POSITIVE) continue;
      codes[row * cols + col] = positive ? 1 : -1;
      entries++;
    }
    // an atom of zeros has no scale of its own
    scale[row] = entries > 0 ? (2 * norms[begin + row]!) / (2 * Math.sqrt(entries) + TINY) : 1;
  }
  return {
    kind: "codes",
    rows: size,
    cols,
    codes: [-1, 1],
    rule: { kind: "affine" },
    planes: [{ packed: packCodes(codes, size, cols, [-1, 1]), scale, scaleShape: [size, 1], scaleDtype: "F32" }],
    quantizer: { id: "sign-pairs", options: {} },
  };
}
