/** How an autoencoder's parameters start, before a warm start replaces some of them. */
import { mixSeeds, seededRandom, type Tensor, type TensorOps } from "@qsae/core";
import { normalizeAtoms } from "./unit-norm.ts";

interface StartContext {
  readonly dIn: number;
  readonly dSae: number;
  readonly seed: number;
  /** `[d_in]` */
  readonly center: Float32Array;
  /** As in InitContext. */
  readonly deviation: number;
  /** Warm-started atoms `[d_sae, d_in]`. */
  readonly atoms?: Tensor;
}

interface StartingPoint {
  /** `[d_sae, d_in]` */
  readonly atoms: Tensor;
  /** `W_enc` transposed: `[d_sae, d_in]` */
  readonly encoder: Tensor;
  /** `[d_sae]` */
  readonly bEnc: Tensor;
  /** `[d_in]` */
  readonly bDec: Tensor;
}

export type Start = (ops: TensorOps, context: StartContext) => StartingPoint;

/** Random unit atoms, `W_enc = W_dec^T`, `b_dec` = the data's center. */
export const tied: Start = (ops, { dIn, dSae, seed, center, atoms }) => {
  const start = atoms ?? normalizeAtoms(ops, ops.randomNormal([dSae, dIn], 1, seed));
  return { atoms: start, encoder: start, bEnc: ops.zeros([dSae]), bDec: ops.tensor(center, [dIn]) };
};

/**
 * Random unit atoms, random unit encoder directions apart from them, `b_dec` = the targets' center: for transcoders (Dunefsky,
 * Chlenski & Nanda 2024, "Transcoders find interpretable LLM feature circuits"), whose atoms lie in another space than what
 * the encoder reads, so that tying one to the other means nothing.
 */
export const untied: Start = (ops, context) => {
  const { dIn, dSae, seed } = context;
  return { ...tied(ops, context), encoder: normalizeAtoms(ops, ops.randomNormal([dSae, dIn], 1, mixSeeds(seed, 1))) };
};

const USUAL_ACTIVE_SHARE = 8;

/**
 * Another start, for latents that are 0 or 1. Scores are positive, where the sides are tied, just when adding the atom once
 * brings the reconstruction nearer: `||u - a||^2 < ||u||^2` where `u . a > ||a||^2 / 2`. Random atoms are half as long as
 * `active` orthogonal ones of one length would have to be to explain the data. With 32 active on data of deviation 14, atoms of
 * length 1 and 1.5 had FVU 0.160 and 0.166 after 300 steps, those of 1.5 and 2.5 had 0.152 and 0.168 after 500.
 *
 * @param active latents per token. Default: d_in / 8, a usual number, for where a penalty decides it
 */
export const forSwitches =
  (start: Start, active?: number): Start =>
  (ops, context) => {
    const point = start(ops, context);
    if (context.atoms) return { ...point, bEnc: switchBias(ops, point.atoms) };
    const length = context.deviation / (2 * Math.sqrt(active ?? Math.max(1, context.dIn / USUAL_ACTIVE_SHARE)));
    const atoms = ops.mul(point.atoms, length);
    return { ...point, atoms, encoder: ops.mul(point.encoder, length), bEnc: switchBias(ops, atoms) };
  };

/** `-||a||^2 / 2` of each atom: `[d_sae]`. */
export const switchBias = (ops: TensorOps, atoms: Tensor): Tensor => ops.mul(ops.sum(ops.square(atoms), 1), -0.5);

/** Uniform within 1 / sqrt(inputs) everywhere, biases included, each side by itself: what a PyTorch `Linear` starts from. */
export const linearLayers: Start = (ops, { dIn, dSae, seed, atoms }) => {
  const [ofInputs, ofLatents] = [1 / Math.sqrt(dIn), 1 / Math.sqrt(dSae)];
  return {
    encoder: uniform(ops, [dSae, dIn], ofInputs, mixSeeds(seed, 0)),
    bEnc: uniform(ops, [dSae], ofInputs, mixSeeds(seed, 1)),
    atoms: atoms ?? uniform(ops, [dSae, dIn], ofLatents, mixSeeds(seed, 2)),
    bDec: uniform(ops, [dIn], ofLatents, mixSeeds(seed, 3)),
  };
};

/** {@link linearLayers}, with normal atoms of std sqrt(2 / d_sae) (He et al. 2015, eq. 10). */
export const normalAtoms: Start = (ops, context) => {
  const { dIn, dSae, seed, atoms } = context;
  return {
    ...linearLayers(ops, context),
    atoms: atoms ?? ops.randomNormal([dSae, dIn], Math.sqrt(2 / dSae), mixSeeds(seed, 2)),
  };
};

/** Uniform within sqrt(6 / (d_in + d_sae)) (Glorot & Bengio 2010, eq. 16), biases 0. */
export const glorot: Start = (ops, { dIn, dSae, seed, atoms }) => ({
  encoder: glorotUniform(ops, [dSae, dIn], mixSeeds(seed, 0)),
  bEnc: ops.zeros([dSae]),
  atoms: atoms ?? glorotUniform(ops, [dSae, dIn], mixSeeds(seed, 2)),
  bDec: ops.zeros([dIn]),
});

/** Uniform within sqrt(6 / (rows + columns)): `[rows, columns]`. */
export const glorotUniform = (ops: TensorOps, shape: readonly [number, number], seed: number): Tensor =>
  uniform(ops, shape, Math.sqrt(6 / (shape[0] + shape[1])), seed);

function uniform(ops: TensorOps, shape: readonly number[], bound: number, seed: number): Tensor {
  const random = seededRandom(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  return ops.tensor(
    Float32Array.from({ length }, () => bound * (2 * random() - 1)),
    shape,
  );
}
