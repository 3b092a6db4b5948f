/**
 * `PackedSae`: the closed, versioned inference schema. Every variant lowers to it; the runtime interprets it; no inference
 * code branches on a variant's name. A stage computes
 *
 *     u    = input of the stage                              // [n, d_in]   x, or factor * (previous residual)
 *     h    = (subtractBDec ? u - b_dec : u) W_enc + b_enc    // [n, d_sae]
 *     z    = selection(h)                                    // [n, d_sae]  sparse
 *     xhat_stage = z W_dec + b_dec                           // [n, d_in]
 *
 * and the reconstruction is `sum over stages of outputWeight * xhat_stage` (+ `x skip`). The residual that stage i+1 sees is
 * `factor * (u_i - xhat_stage_i)`. Normalisation and rotation wrap the whole: `x -> R (scale * x)` before, inverse after.
 */
import type { DequantizeRule } from "./dequantize-rule.ts";

/**
 * The newest version of packed files; a reader refuses versions it does not know. Version 2 added mixed matrices. A file is
 * written in the lowest version that can say what it holds, so that without mixed matrices it is a file of version 1, byte
 * for byte, which older readers read too.
 */
export const PACKED_FORMAT_VERSION = 2;

export interface PackedSae {
  /** Width of the activations. */
  readonly dIn: number;
  /** At least one; in order of evaluation. */
  readonly stages: readonly PackedStage[];
  /** Inputs are multiplied by this before, reconstructions divided after. Default 1. */
  readonly inputScale?: number;
  /** Orthogonal rotation of the input: Walsh-Hadamard of `signs * x`, normalised. Needs `dIn` a power of two. Default: none. */
  readonly rotation?: { readonly kind: "hadamard"; readonly signs: Int8Array };
  /** Skip connection `[d_in, d_in]`, added as `x skip` (in the rotated, scaled space). Default: none. */
  readonly skip?: Float32Array;
  /** What it is and where it comes from; never used to compute. */
  readonly description: PackedDescription;
}

export interface PackedStage {
  /** Latents of this stage. */
  readonly dSae: number;
  /** The first stage must read `x`. */
  readonly input: { readonly kind: "x" } | { readonly kind: "residual"; readonly factor: number };
  readonly subtractBDec: boolean;
  /** `W_enc` transposed: `[d_sae, d_in]`, one row per latent, so that a latent's encoder and atom pack alike. */
  readonly encoder: PackedMatrix;
  /** `[d_sae]` */
  readonly bEnc: Float32Array;
  readonly selection: Selection;
  /** `W_dec`: `[d_sae, d_in]`, one atom per row. */
  readonly dictionary: PackedMatrix;
  /** `[d_in]` */
  readonly bDec: Float32Array;
  /** Weight of the stage's output in the reconstruction (residual stacks: `2^-i`). */
  readonly outputWeight: number;
  /** Ends of nested prefixes of latents (Matryoshka), ascending, the last equal to `dSae`. Each is a level. Default: one level, `[dSae]`. */
  readonly prefixEnds?: readonly number[];
}

/**
 * Which latents fire, and with which value.
 * - `topk`: the k largest `h` of a token (ties to the lowest index), through ReLU when `relu`
 * - `threshold`: `h` where `h > threshold[j]` (ReLU is threshold 0; BatchTopK is one constant threshold)
 * - `sign`: 1 where `h > 0` (binary latents), with `k` only for the k largest of a token (ties to the lowest index)
 * - `gate`: fires where `h > 0`; value `relu((h - b_enc) * magScale + magBias)` (gated SAEs, Rajamanoharan et al. 2024, eq. 6-7)
 */
export type Selection =
  | { readonly kind: "topk"; readonly k: number; readonly relu: boolean }
  | { readonly kind: "threshold"; readonly threshold: Float32Array }
  | { readonly kind: "sign"; readonly k?: number }
  | { readonly kind: "gate"; readonly magScale: Float32Array; readonly magBias: Float32Array };

/** A `[rows, cols]` matrix: float, as packed integer codes, or with rows of several kinds. */
export type PackedMatrix = UniformMatrix | MixedMatrix;

/** All rows are stored alike. */
export type UniformMatrix = FloatMatrix | CodeMatrix;

export interface FloatMatrix {
  readonly kind: "float32";
  readonly rows: number;
  readonly cols: number;
  /** `[rows, cols]` row-major */
  readonly values: Float32Array;
}

export interface CodeMatrix {
  readonly kind: "codes";
  readonly rows: number;
  readonly cols: number;
  /** Smallest and largest code. The bit packing follows from the number of levels (see bit-packing.ts). */
  readonly codes: readonly [min: number, max: number];
  readonly rule: DequantizeRule;
  /** One, or as many as a `sum` rule says. */
  readonly planes: readonly CodePlane[];
  /** Who made the codes; never used to compute. */
  readonly quantizer: { readonly id: string; readonly options: Readonly<Record<string, number | string | boolean>> };
}

export interface CodePlane {
  /** Packed codes, row-major, every row starting at a byte. */
  readonly packed: Uint8Array;
  /** `[scaleRows, groups]` with scaleRows = rows (per atom) or 1 (per tensor), and groups a divisor of cols. */
  readonly scale: Float32Array;
  readonly scaleShape: readonly [scaleRows: number, groups: number];
  /** How scales are stored; F16 scales are already rounded in `scale`. */
  readonly scaleDtype: "F16" | "F32";
}

/**
 * Rows of different code widths (mixed precision), put together from parts that each store theirs alike. Row j of the matrix
 * is latent j, whichever part holds it: latents keep their numbers. A row that no part holds is zero and costs one byte. In
 * an encoder it makes its latent's score `b_enc[j]`, whatever the input: who drops a latent sets `b_enc[j]` so low that it
 * is never selected.
 */
export interface MixedMatrix {
  readonly kind: "mixed";
  readonly rows: number;
  readonly cols: number;
  /** `[rows]`: index in `parts` of the part that holds the row, {@link NO_PART} where none does. */
  readonly partOfRow: Uint8Array;
  /** At most 255, each of at least one row and `cols` columns. A part has its rows in ascending order of their numbers. */
  readonly parts: readonly UniformMatrix[];
}

/** In {@link MixedMatrix.partOfRow}: no part holds the row. */
export const NO_PART = 255;

export interface PackedDescription {
  /** Variant id, e.g. `ternary`. */
  readonly variant: string;
  /** The variant's configuration as JSON. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Free text about origin: model, hook, data, command. */
  readonly provenance: Readonly<Record<string, string>>;
  /** Metrics at save time, e.g. `{ fvu: 0.11 }`. */
  readonly metrics: Readonly<Record<string, number>>;
}
