/**
 * Quantized weights under the 0/1 mask of `mask.ts`: masked weights are 0 in every use, whatever a checkpoint or a
 * warm start holds. Gradients pass through to masked weights too, since growth goes by them; `drop-and-grow.ts` keeps them from the
 * optimiser.
 */
import type { QuantizedWeights, Quantizer, Tensor, TensorOps, Tensors } from "@qsae/core";
import type { HostTensors } from "@qsae/runtime";
import { largest, MASK } from "./mask.ts";
import { requiredTensor } from "./required-tensor.ts";
import { weights, type Weights } from "./weights.ts";

/**
 * A quantized dictionary under a mask. Cannot be multiplied by a factor (`scaled`), which latents that are 0 or 1 would need.
 *
 * @param active weights that are not masked, of the whole dictionary
 */
export function maskedWeights(quantizer: Quantizer, active: number): Weights {
  const dictionary = weights({ name: "W_dec", quantizer });
  return {
    init: (ops, rows, seed) => {
      const mask = largest(ops, ops.abs(rows), ops.fill(rows.shape, 1), active);
      return { ...dictionary.init(ops, ops.mul(rows, mask), seed), [MASK]: mask };
    },
    effective: (ops, params, progress) => dictionary.effective(ops, masked(ops, params), progress),
    quantized: (dictionary.quantized ?? []).map((codes) => maskedCodes(codes)),
    pack: (ops, params) => dictionary.pack(ops, maskedOnHost(params)),
    // The mask of the rows stays: a denser row would have to take its weights from others.
    replaceRows: (ops, params, rows, chosen) =>
      dictionary.replaceRows!(ops, params, ops.where(params[MASK]!, rows, ops.zeros(rows.shape)), chosen),
  };
}

/** What the dictionary sees: it takes all of `W_dec.*` for its own, so the mask is left out. */
function masked(ops: TensorOps, { [MASK]: mask, ...params }: Tensors): Tensors {
  const w = params["W_dec"]!; // [d_sae, d_in]
  const dense: Tensor = ops.customGrad(
    [w],
    () => ({ value: ops.mul(w, mask!), saved: [] }),
    (dy) => [ops.mul(dy, 1)],
  );
  return { ...params, W_dec: dense };
}

/** Masked weights have the code of 0, and no neighbours. */
function maskedCodes({ rounding, ...codes }: QuantizedWeights): QuantizedWeights {
  return {
    ...codes,
    levels: (ops, params) => codes.levels(ops, masked(ops, params)),
    ...(rounding && {
      rounding: {
        rounded: (ops: TensorOps, params: Tensors) => rounding.rounded(ops, masked(ops, params)),
        neighbours: (ops: TensorOps, params: Tensors, by: 1 | -1) =>
          ops.where(params[MASK]!, rounding.neighbours(ops, masked(ops, params), by), params[codes.param]!),
      },
    }),
  };
}

function maskedOnHost(params: HostTensors): HostTensors {
  const [{ shape, data }, mask] = [requiredTensor(params, "W_dec"), requiredTensor(params, MASK)];
  const { [MASK]: _, ...rest } = params;
  return { ...rest, W_dec: { shape, data: data.map((w, i) => w * mask.data[i]!) } };
}
