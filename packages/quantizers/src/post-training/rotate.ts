/**
 * The same SAE in a rotated basis: a random Hadamard rotation of the activations spreads what few dimensions hold over all of
 * them, and uniform grids then fit rows better (Tseng et al. 2024, "QuIP#", section 3). Latents and reconstructions stay; the
 * file stores one sign per dimension. Codes do not survive it: what was quantized becomes float.
 */
import {
  dequantizeMatrix,
  toStageSpace,
  UsageError,
  type FloatMatrix,
  type PackedMatrix,
  type PackedSae,
  type UniformMatrix,
} from "@qsae/runtime";
import { seededRandom } from "@qsae/core";

/**
 * @throws UsageError if d_in is not a power of two, or the SAE is rotated already
 * @example
 * const rotated = rotateSae(sae, 0); // quantize this one
 */
export function rotateSae(sae: PackedSae, seed: number): PackedSae {
  const { dIn, rotation, skip } = sae;
  if (rotation) throw new UsageError("rotation: this SAE is rotated already; leave the rotation out");
  if (dIn & (dIn - 1)) {
    throw new UsageError(
      `rotation: d_in=${dIn} is not a power of two, which a Hadamard matrix needs; leave the rotation out`,
    );
  }
  const random = seededRandom(seed);
  const signs = Int8Array.from({ length: dIn }, () => (random() < 0.5 ? -1 : 1));
  const rotated = (rows: Float32Array): Float32Array => {
    const out = new Float64Array(rows.length);
    toStageSpace({ dIn, inputScale: 1, signs }, rows, 0, rows.length / dIn, out);
    return Float32Array.from(out);
  };
  const uniform = (m: UniformMatrix): FloatMatrix => ({
    kind: "float32",
    rows: m.rows,
    cols: m.cols,
    values: rotated(dequantizeMatrix(m)),
  });
  const matrix = (m: PackedMatrix): PackedMatrix =>
    m.kind === "mixed" ? { ...m, parts: m.parts.map(uniform) } : uniform(m); // dropped rows stay dropped
  return {
    ...sae,
    rotation: { kind: "hadamard", signs },
    ...(skip ? { skip: transposed(rotated(transposed(rotated(skip), dIn)), dIn) } : {}),
    stages: sae.stages.map((stage) => ({
      ...stage,
      encoder: matrix(stage.encoder),
      dictionary: matrix(stage.dictionary),
      bDec: rotated(stage.bDec),
    })),
  };
}

function transposed(a: Float32Array, n: number): Float32Array {
  return Float32Array.from(a, (_, at) => a[(at % n) * n + Math.floor(at / n)]!);
}
