/** The codes of a matrix that is quantized while it trains, as analyses of a run see them. */
import {
  dequantize,
  type Grid,
  type Quantizer,
  type QuantizedWeights,
  type Tensor,
  type TensorOps,
  type Tensors,
} from "@qsae/core";

export interface QuantizedCodesOptions {
  readonly param: string;
  readonly quantizer: Quantizer;
  readonly latentAxis: 0 | 1;
  readonly gridOf: (ops: TensorOps, params: Tensors) => Grid;
}

/** One row per latent, as quantizers see them, and back. */
const turnedBy =
  (latentAxis: 0 | 1) =>
  (ops: TensorOps, a: Tensor): Tensor =>
    latentAxis === 0 ? a : ops.transpose(a);

export function quantizedCodes({ param, quantizer, latentAxis, gridOf }: QuantizedCodesOptions): QuantizedWeights {
  const turn = turnedBy(latentAxis);
  const encoded = (ops: TensorOps, params: Tensors): { codes: Tensor; scale: Tensor } => {
    const grid = gridOf(ops, params);
    return { codes: quantizer.encode(ops, turn(ops, params[param]!), grid), scale: grid.scale };
  };
  return {
    param,
    latentAxis,
    levels: (ops, params) => levelsOf(ops, quantizer, encoded(ops, params).codes),
    rounding: {
      rounded: (ops, params) => {
        const { codes, scale } = encoded(ops, params);
        return turn(ops, dequantize(ops, quantizer, codes, scale));
      },
      neighbours: (ops, params, by) => {
        const { codes, scale } = encoded(ops, params);
        const next = nextCodes(ops, quantizer, codes, by);
        const moved = ops.sub(1, ops.equal(lastPlane(ops, quantizer, next), lastPlane(ops, quantizer, codes))); // [d_sae, d_in]
        // A weight on a level has the code of that level.
        const onLevels = dequantize(ops, quantizer, next, scale);
        return ops.where(turn(ops, moved), turn(ops, onLevels), params[param]!);
      },
    },
  };
}

/** What codes stand for at scale 1. */
function levelsOf(ops: TensorOps, quantizer: Quantizer, codes: Tensor): Tensor {
  const { dequantize: rule } = quantizer;
  const plane = rule.kind === "sum" ? rule.each : rule;
  if (plane.kind === "affine") return ops.add(codes, plane.offset ?? 0);
  const columns = codes.shape.at(-1)!;
  const rows = ops.reshape(codes, [-1, columns]); // the planes of a sum, one below the other
  return dequantize(ops, { ...quantizer, dequantize: plane }, rows, ops.fill([1, 1], 1));
}

function nextCodes(ops: TensorOps, quantizer: Quantizer, codes: Tensor, by: 1 | -1): Tensor {
  const {
    codes: [min, max],
    dequantize: rule,
  } = quantizer;
  const next = ops.clipByValue(ops.add(lastPlane(ops, quantizer, codes), by), min, max); // [d_sae, d_in]
  if (rule.kind !== "sum") return next;
  const [planes, ...shape] = codes.shape as [number, number, number];
  const others = ops.slice(codes, [0, 0, 0], [planes - 1, ...shape]);
  return ops.concat([others, ops.reshape(next, [1, ...shape])], 0);
}

/** Codes `[d_sae, d_in]`, of a sum those of its finest plane. */
function lastPlane(ops: TensorOps, { dequantize: rule }: Quantizer, codes: Tensor): Tensor {
  if (rule.kind !== "sum") return codes;
  const [planes, ...shape] = codes.shape as [number, number, number];
  return ops.reshape(ops.slice(codes, [planes - 1, 0, 0], [1, ...shape]), shape);
}
