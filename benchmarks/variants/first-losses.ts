/**
 * The first steps of the recipe on our side from given weights and batches, to be compared with the peer's: AuxK, gradients,
 * Adam and the renormalisation all show in the losses after the first. Warm-up is off, so that they are large; latents that
 * are not in the first batch's top k count as dead, so that AuxK is on.
 */
import { normals, train, type Backend, type DataSource, type TrainingConfig, type Variant } from "@qsae/core";
import type { HostTensor } from "@qsae/runtime";

export const FIRST_STEPS = 5;

export interface FirstSteps {
  readonly training: TrainingConfig;
  /** `[steps, batch, d_in]` */
  readonly x: Float32Array;
  /** Unit atoms `[d_sae, d_in]`; `W_enc` is their transpose, `b_enc` zero. */
  readonly wDec: Float32Array;
  /** `[d_in]` */
  readonly bDec: Float32Array;
}

export async function firstSteps(variant: Variant, training: TrainingConfig, source: DataSource): Promise<FirstSteps> {
  const { dIn, dSae } = variant;
  const { batch_size: batchSize, seed } = training;
  const x = new Float32Array(FIRST_STEPS * batchSize * dIn);
  let step = 0;
  for await (const batch of source.batches({ batchSize, seed, epoch: 0 })) {
    if (step === FIRST_STEPS) break;
    x.set(batch.x.subarray(0, batchSize * dIn), step++ * batchSize * dIn);
  }
  const wDec = normals(dSae * dIn, 1, seed);
  for (let j = 0; j < dSae; j++) {
    const atom = wDec.subarray(j * dIn, (j + 1) * dIn);
    const norm = Math.sqrt(atom.reduce((sum, w) => sum + w * w, 0));
    atom.forEach((w, d) => (atom[d] = w / norm));
  }
  return {
    training: {
      ...training,
      steps: FIRST_STEPS,
      lr_warmup_steps: 0,
      lr_decay_fraction: 0,
      dead_after_tokens: batchSize,
    },
    x,
    wDec,
    bDec: meanRow(x, dIn),
  };
}

export async function ourFirstLosses(
  backend: Backend,
  variant: Variant,
  source: DataSource,
  { training, wDec, bDec }: FirstSteps,
): Promise<number[]> {
  const { dIn, dSae } = variant;
  const wEnc = new Float32Array(dIn * dSae);
  for (let j = 0; j < dSae; j++) for (let d = 0; d < dIn; d++) wEnc[d * dSae + j] = wDec[j * dIn + d]!;
  const tensor = (data: Float32Array, ...shape: number[]): HostTensor => ({ data, shape });
  const losses: number[] = [];
  await train({
    backend,
    variant,
    source,
    training,
    warmStart: {
      W_enc: tensor(wEnc, dIn, dSae),
      b_enc: tensor(new Float32Array(dSae), dSae),
      W_dec: tensor(wDec, dSae, dIn),
      b_dec: tensor(bDec, dIn),
    },
    reporters: [{ onStep: ({ loss }) => void losses.push(loss) }],
  });
  return losses;
}

function meanRow(x: Float32Array, dIn: number): Float32Array {
  const sums = new Float64Array(dIn);
  x.forEach((value, i) => (sums[i % dIn]! += value));
  return Float32Array.from(sums, (sum) => sum / (x.length / dIn));
}
