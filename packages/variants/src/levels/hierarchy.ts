/**
 * What the `reference` presets with levels share: parameters `W_enc`, `b_enc`, `W_dec`, `W_dec.mirror`, `b_dec` whose latents
 * are the levels' one after the other, switches, atoms of one fixed norm per level, Glorot starts.
 */
import { mixSeeds, type InitContext, type Tensor, type TensorOps, type Tensors } from "@qsae/core";
import type { HostTensors, PackedMatrix } from "@qsae/runtime";
import { requiredTensor } from "../autoencoder/required-tensor.ts";
import { glorotUniform } from "../autoencoder/start.ts";
import { warmStarted } from "../autoencoder/warm-start.ts";
import type { Level } from "./level-sizes.ts";
import { joined } from "./part-of.ts";
import { packSignAtoms } from "./sign-atoms.ts";

export interface Hierarchy {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly dIn: number;
  readonly dSae: number;
  readonly levels: readonly Level[];
  /** Norm of each level's atoms. */
  readonly norms: readonly number[];
  readonly sparsityLambda: number;
}

/** `[d_sae, 1]` */
export function atomNorms(ops: TensorOps, { levels, norms }: Hierarchy): Tensor {
  const perLevel = levels.map(({ size }, i) => ops.fill([size, 1], norms[i]!));
  return joined(ops, perLevel, 0);
}

/** @param blocks groups of rows that start like matrices of their own */
export function initialParameters(
  ops: TensorOps,
  { id, dIn, dSae }: Hierarchy,
  blocks: readonly number[],
  { seed, warmStart = {} }: InitContext,
): Tensors {
  const glorot = (salt: number): Tensor => {
    const ofBlocks = blocks.map((rows, i) => glorotUniform(ops, [rows, dIn], mixSeeds(seed, salt, i)));
    return joined(ops, ofBlocks, 0); // [d_sae, d_in]
  };
  return warmStarted(ops, id, warmStart, {
    W_enc: ops.transpose(glorot(0)),
    b_enc: ops.zeros([dSae]),
    W_dec: glorot(1),
    "W_dec.mirror": glorot(2),
    b_dec: ops.zeros([dIn]),
  });
}

/** Atoms of a run of latents, packed. */
export function packAtoms({ levels, norms }: Hierarchy, params: HostTensors, part: Level): PackedMatrix {
  const perAtom = levels.flatMap(({ size }, i) => Array<number>(size).fill(norms[i]!));
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
