/** How an autoencoder's parameters start, before a warm start replaces some of them. */
import { mixSeeds, seededRandom, type Tensor, type TensorOps } from "@qsae/core";
import { normalizeAtoms } from "./unit-norm.ts";

interface StartContext {
  readonly dIn: number;
  readonly dSae: number;
  readonly seed: number;
  /** Mean activation `[d_in]`. */
  readonly mean: Float32Array;
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

/** Random unit atoms, `W_enc = W_dec^T`, `b_dec` = data mean. */
export const tied: Start = (ops, { dIn, dSae, seed, mean, atoms }) => {
  const start = atoms ?? normalizeAtoms(ops, ops.randomNormal([dSae, dIn], 1, seed));
  return { atoms: start, encoder: start, bEnc: ops.zeros([dSae]), bDec: ops.tensor(mean, [dIn]) };
};

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

function uniform(ops: TensorOps, shape: readonly number[], bound: number, seed: number): Tensor {
  const random = seededRandom(seed);
  const length = shape.reduce((product, size) => product * size, 1);
  return ops.tensor(
    Float32Array.from({ length }, () => bound * (2 * random() - 1)),
    shape,
  );
}
