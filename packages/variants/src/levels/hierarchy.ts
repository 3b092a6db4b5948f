/**
 * What the variants with levels share: parameters `W_enc`, `b_enc`, `W_dec`, `W_dec.mirror`, `b_dec` whose latents are the
 * levels' one after the other, atoms of one norm per level at the start, and their two presets.
 *
 * - `reference`: norms are fixed, Glorot encoder, the secant correction of gradients.
 * - `default`: norms are learned per atom (`W_dec.log_scale`), b_dec is subtracted from the input, and latents start as those
 *   whose atom, added once, brings the reconstruction nearer.
 */
import { mixSeeds, type InitContext, type Tensor, type TensorOps, type Tensors } from "@qsae/core";
import type { HostTensors, PackedMatrix } from "@qsae/runtime";
import { requiredTensor } from "../autoencoder/required-tensor.ts";
import { glorotUniform } from "../autoencoder/start.ts";
import { OVER_HALF } from "../autoencoder/switches.ts";
import { warmStarted } from "../autoencoder/warm-start.ts";
import type { Level } from "./level-sizes.ts";
import { packSignAtoms, signAtoms } from "./sign-atoms.ts";

export interface Hierarchy {
  readonly id: string;
  readonly preset: "default" | "reference";
  readonly dIn: number;
  readonly dSae: number;
  readonly levels: readonly Level[];
  /** Norm of each level's atoms (at the start). */
  readonly norms: readonly number[];
}

const LOG_SCALE = "W_dec.log_scale";

/** `[d_sae, 1]` */
export function atomNorms(ops: TensorOps, { preset, levels, norms }: Hierarchy, params: Tensors): Tensor {
  if (preset === "default") return ops.exp(params[LOG_SCALE]!);
  const parts = levels.map(({ size }, i) => ops.fill([size, 1], norms[i]!));
  return parts.length === 1 ? parts[0]! : ops.concat(parts, 0);
}

/** What the first encoder sees: `[n, d_in]` */
export const encoderInput = (ops: TensorOps, { preset }: Hierarchy, params: Tensors, x: Tensor): Tensor =>
  preset === "default" ? ops.sub(x, params["b_dec"]!) : x;

/** What a score must be over for its switch to be on. */
export const switchThreshold = ({ preset }: Hierarchy): number => (preset === "reference" ? OVER_HALF : 0);

/** @param blocks groups of rows that start like matrices of their own */
export function initialParameters(
  ops: TensorOps,
  hierarchy: Hierarchy,
  blocks: readonly number[],
  { seed, center, warmStart = {} }: InitContext,
): Tensors {
  const { id, preset, dIn, dSae, levels, norms } = hierarchy;
  const glorot = (salt: number): Tensor => {
    const parts = blocks.map((rows, i) => glorotUniform(ops, [rows, dIn], mixSeeds(seed, salt, i)));
    return parts.length === 1 ? parts[0]! : ops.concat(parts, 0); // [d_sae, d_in]
  };
  const signed = warmStarted(ops, id, warmStart, { W_dec: glorot(1), "W_dec.mirror": glorot(2) });
  if (preset === "reference") {
    return warmStarted(ops, id, warmStart, {
      ...signed,
      W_enc: ops.transpose(glorot(0)),
      b_enc: ops.zeros([dSae]),
      b_dec: ops.zeros([dIn]),
    });
  }
  const logScales = levels.flatMap(({ size }, i) => Array<number>(size).fill(Math.log(norms[i]!)));
  const scaled = warmStarted(ops, id, warmStart, { ...signed, [LOG_SCALE]: ops.tensor(logScales, [dSae, 1]) });
  const atoms = signAtoms(ops, scaled, atomNorms(ops, hierarchy, scaled)); // [d_sae, d_in]
  return warmStarted(ops, id, warmStart, {
    ...scaled,
    W_enc: ops.transpose(atoms),
    b_enc: ops.mul(ops.sum(ops.square(atoms), 1), -0.5),
    b_dec: ops.tensor(center, [dIn]),
  });
}

/** Atoms of a run of latents, packed. */
export function packAtoms(hierarchy: Hierarchy, params: HostTensors, part: Level): PackedMatrix {
  const { preset, levels, norms } = hierarchy;
  const perAtom =
    preset === "default"
      ? requiredTensor(params, LOG_SCALE).data.map(Math.exp)
      : levels.flatMap(({ size }, i) => Array<number>(size).fill(norms[i]!));
  return packSignAtoms(params, perAtom, part);
}

/** Encoder rows of a run of latents: `[size, d_in]`. */
export function packEncoder(params: HostTensors, { begin, size }: Level): PackedMatrix {
  const { shape, data } = requiredTensor(params, "W_enc");
  const [dIn, dSae] = shape as [number, number];
  const values = new Float32Array(size * dIn);
  for (let j = 0; j < size; j++) for (let d = 0; d < dIn; d++) values[j * dIn + d] = data[d * dSae + begin + j]!;
  return { kind: "float32", rows: size, cols: dIn, values };
}
