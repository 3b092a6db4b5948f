/**
 * Least squares for everything of a quantized dictionary but its codes: reconstructions `Z Q(s) + b` are linear in the scales s
 * and in b_dec. Products with the normal matrix are one decoding and its gradient, so nothing of size d_sae^2 is ever held.
 */
import type { Tensor, TensorOps } from "@qsae/core";
import { latentMoments, meanOf, type LatentCodes } from "./calibration/latent-codes.ts";
import { paddedLatents } from "./calibration/padded-latents.ts";
import type { CalibrationTokens } from "./calibration/tokens.ts";
import { codesTensor, partsOf, partWeights, scaleTensorShape, withScales, type CodedPart } from "./coded-parts.ts";
import { levelsOf, planesOf, type CodedRows } from "./coded-rows.ts";
import { combined, conjugateGradients, type Vector } from "./conjugate-gradients.ts";

export interface Refitted {
  readonly rows: CodedRows;
  /** `[d_in]` */
  readonly bDec: Float32Array;
}

export interface RefitOptions extends Refitted {
  readonly codes: LatentCodes;
  readonly tokens: CalibrationTokens;
  /** Pull towards the given scales, as a share of the mean diagonal of the normal matrix. Default 1e-4. */
  readonly ridge?: number;
  /** Of conjugate gradients. Default 30. */
  readonly iterations?: number;
}

const BATCH_TOKENS = 4096;

export async function refit(ops: TensorOps, options: RefitOptions): Promise<Refitted> {
  const { rows, bDec, codes, tokens, ridge = 1e-4, iterations = 30 } = options;
  const { dIn } = tokens;
  const parts = partsOf(rows, dIn);
  const codeTensors = parts.map((part) => codesTensor(ops, part));
  const batches = paddedLatents(ops, codes, BATCH_TOKENS);
  const shapes = [...parts.map(scaleTensorShape), [dIn]];
  const start: Vector = [...parts.map(({ scale }) => Float64Array.from(scale)), Float64Array.from(bDec)];

  /** Gradient of `||Z Q(s) + b - offset||^2 / 2N` in s and b; 0 in scales that may not change, which thus stay. */
  const gradientAt = async (point: Vector, offset?: Float32Array): Promise<Vector> => {
    let sum: Vector = point.map((values) => new Float64Array(values.length));
    for (const { first, latents } of batches) {
      const n = latents.values.shape[0]!;
      const grads = ops.tidy(() => {
        const params = Object.fromEntries(
          point.map((values, i) => [`${i}`, ops.tensor(Float32Array.from(values), shapes[i]!)]),
        );
        const wanted = offset && ops.tensor(offset.subarray(first * dIn, (first + n) * dIn), [n, dIn]);
        const { grads } = ops.valueAndGrads(params, (p) => {
          const [b, ...scales] = [p[`${parts.length}`]!, ...parts.map((_, i): Tensor => p[`${i}`]!)];
          const decoded = ops.add(ops.decodeSparse(latents, partWeights(ops, parts, codeTensors, scales)), b); // [n, d_in]
          const error = wanted ? ops.sub(decoded, wanted) : decoded;
          return { loss: ops.mul(ops.sum(ops.square(error)), 0.5 / codes.tokens), aux: {} };
        });
        return point.map((_, i) => grads[`${i}`]!);
      });
      const read = await Promise.all(grads.map((grad) => ops.read(grad)));
      ops.dispose(grads);
      sum = sum.map((values, i) => values.map((value, at) => value + read[i]!.data[at]!));
    }
    for (const [i, { fixedScale }] of parts.entries()) if (fixedScale) sum[i]!.fill(0);
    return sum;
  };

  try {
    const plain = normalDiagonal(parts, codes, dIn);
    const pull = ridge * meanOf(Float64Array.from(plain.slice(0, -1).flatMap((values) => [...values])));
    // the ridge holds scales only
    const pulls = plain.map((values, i) => values.map(() => (i < parts.length ? pull : 0)));
    const step = await conjugateGradients(
      {
        product: async (v) => {
          const held = combined(pulls, v, (weight, value) => weight * value);
          return combined(await gradientAt(v), held, (a, b) => a + b);
        },
        rhs: (await gradientAt(start, tokens.target)).map((values) => values.map((value) => -value)),
        diagonal: combined(plain, pulls, (a, b) => a + b || 1),
      },
      { iterations },
    );
    const solution = combined(start, step, (a, b) => a + b).map((values) => Float32Array.from(values));
    return { rows: withScales(rows, parts, solution.slice(0, -1)), bDec: solution.at(-1)! };
  } finally {
    ops.dispose([...codeTensors, ...batches.flatMap(({ latents }) => [latents.values, latents.indices])]);
  }
}

/** Of the normal matrix: `E[z_j^2] ||levels||^2` of what shares a scale, 1 for b_dec; cross terms of shared scales left out. */
function normalDiagonal(parts: readonly CodedPart[], codes: LatentCodes, dIn: number): Vector {
  const { meanSquare } = latentMoments(codes);
  const ofParts = parts.map(
    ({ quantizer, members, rows, codes: partCodes, scale, scaleShape: [scaleRows, groups] }) => {
      const levels = levelsOf(quantizer);
      const min = quantizer.codes[0];
      const groupCols = dIn / groups;
      const diagonal = new Float64Array(scale.length);
      for (let plane = 0; plane < planesOf(quantizer); plane++) {
        for (const [at, j] of members.entries()) {
          for (let d = 0; d < dIn; d++) {
            const level = levels[partCodes[(plane * rows + at) * dIn + d]! - min]!;
            const place = (plane * scaleRows + (scaleRows === 1 ? 0 : at)) * groups + Math.floor(d / groupCols);
            diagonal[place]! += meanSquare[j]! * level * level;
          }
        }
      }
      return diagonal;
    },
  );
  return [...ofParts, new Float64Array(dIn).fill(1)];
}
