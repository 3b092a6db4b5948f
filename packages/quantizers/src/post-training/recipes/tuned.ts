/**
 * Training after quantizing. `tuned`: codes stand while scales, biases and what is float train; between rounds the dictionary's
 * codes descend on the training data, for the latents that the encoder gives by then. `twoPhase`: the encoder's codes train straight
 * through, first against the float dictionary, then against the quantized one, whose codes stand; straight-through training of a
 * dictionary that GPTQ has rounded would undo it.
 */
import type { HostTensor, HostTensors } from "@qsae/runtime";
import type { Backend, DataSource, Quantizer, Reporter } from "@qsae/core";
import { encodeTokens } from "../calibration/encode-tokens.ts";
import { latentCodes } from "../calibration/latent-codes.ts";
import { sampleTokens, type CalibrationTokens } from "../calibration/tokens.ts";
import { descend } from "../descend.ts";
import { hasFixedScale } from "../fixed-scale.ts";
import { withBDec } from "../keep-encoder.ts";
import { tune } from "../tune/tune.ts";
import { droppedRows, weightsOf, type DroppedRows, type WorkingSae } from "../working-sae.ts";
import type { RoundingTargets } from "../round-to-nearest.ts";
import { quantizersOf, type RowQuantizers } from "../row-quantizers.ts";
import { calibrated, calibratedDictionary } from "./calibrated.ts";

export interface TrainedRecipe {
  readonly source: DataSource;
  readonly tokens: CalibrationTokens;
  readonly seed: number;
  /** In all rounds together. */
  readonly steps: number;
  readonly batchSize?: number;
  readonly reporters?: readonly Reporter[];
  readonly signal?: AbortSignal;
}

/** Finer grids leave less error in the codes than descending on a sample adds by overfitting. */
const MAX_LEVELS_TO_DESCEND = 4;
const ROUNDS = 3;
const DESCENT = { damping: 0.005, sweeps: 3 };
const DESCENT_TOKENS = 100_000;
/** Activations held for a descent stay below this many numbers (256 MiB): fewer tokens where d_in is large. */
const DESCENT_FLOATS = 2 ** 26;

export async function tuned(
  backend: Backend,
  sae: WorkingSae,
  quantizers: RoundingTargets,
  recipe: TrainedRecipe,
): Promise<WorkingSae> {
  const start = await calibrated(backend.ops, sae, quantizers, recipe.tokens);
  return trainedRounds(backend, start, quantizers.dictionary, recipe);
}

/** Share of the steps that the encoder trains against the float dictionary. */
const FIRST_PHASE = 0.36;

export async function twoPhase(
  backend: Backend,
  sae: WorkingSae,
  { encoder, dictionary }: Required<RoundingTargets>,
  recipe: TrainedRecipe,
): Promise<WorkingSae> {
  const { ops } = backend;
  const first = Math.max(1, Math.round(recipe.steps * FIRST_PHASE));
  const lr = levelsOf(encoder) <= 3 ? 2e-3 : 1e-3;
  const trained = await tune(backend, await straightThrough(backend, sae, encoder), { ...recipe, steps: first, lr });
  const start = await calibratedDictionary(ops, trained, dictionary, recipe.tokens);
  return trainedRounds(backend, start, dictionary, { ...recipe, steps: Math.max(1, recipe.steps - first) });
}

/** @param dictionary the quantizers of a dictionary of codes; undefined: it is float, or its codes stand all the time */
export async function trainedRounds(
  backend: Backend,
  start: WorkingSae,
  dictionary: RowQuantizers | undefined,
  recipe: TrainedRecipe,
): Promise<WorkingSae> {
  const { source, steps, seed } = recipe;
  const coarse = dictionary ? quantizersOf(dictionary, start.dSae).map(ifCoarse) : [];
  const descends = coarse.some((quantizer) => quantizer !== undefined);
  const count = descends ? Math.min(ROUNDS, steps) : 1;
  const tokens = descends
    ? await sampleTokens(start.origin, source, {
        tokens: Math.min(DESCENT_TOKENS, Math.max(1, Math.floor(DESCENT_FLOATS / start.dIn))),
        seed: seed + 1,
      })
    : undefined;
  let sae = start;
  for (let round = 0; round < count; round++) {
    if (round > 0) sae = await descended(backend, sae, (j) => coarse[j], tokens!);
    const roundSteps = Math.floor(((round + 1) * steps) / count) - Math.floor((round * steps) / count);
    sae = await tune(backend, sae, {
      ...recipe,
      steps: roundSteps,
      lr: round === 0 ? 1e-3 : 7e-4,
      seed: seed + round + 1,
    });
  }
  return sae;
}

async function descended(
  { ops }: Backend,
  sae: WorkingSae,
  quantizer: RowQuantizers,
  tokens: CalibrationTokens,
): Promise<WorkingSae> {
  if (sae.dictionary.kind !== "codes") return sae;
  const codes = latentCodes(await encodeTokens(ops, sae, tokens));
  const { rows, bDec } = await descend(ops, {
    rows: sae.dictionary.rows,
    bDec: sae.bDec,
    codes,
    tokens,
    quantizer,
    ...DESCENT,
  });
  return withBDec(ops, { ...sae, dictionary: { kind: "codes", rows } }, bDec);
}

/** The SAE with an encoder whose codes train. */
async function straightThrough({ ops }: Backend, sae: WorkingSae, quantizer: Quantizer): Promise<WorkingSae> {
  const { dIn, dSae } = sae;
  const rows = await weightsOf(ops, sae, sae.encoder);
  const dropped = droppedRows(sae.encoder);
  const grid = ops.tidy(() => quantizer.calibrate(ops, ops.tensor(withoutGaps(rows, dIn, dropped), [dSae, dIn])));
  const host = await Promise.all(Object.entries(grid).map(async ([name, a]) => [name, await ops.read(a)] as const));
  ops.dispose(Object.values(grid));
  const { scale, ...otherGrid } = Object.fromEntries(host) as HostTensors & { readonly scale: HostTensor };
  return {
    ...sae,
    encoder: {
      kind: "trained-codes",
      rows,
      quantizer,
      scale: { shape: scale.shape, data: Float32Array.from(scale.data) },
      fixedScale: hasFixedScale(ops, quantizer, dIn),
      otherGrid,
      dropped,
    },
  };
}

/** Rows with others in the place of the dropped ones, whose zeros have no say in a scale that all share. */
function withoutGaps(rows: Float32Array, dIn: number, dropped: DroppedRows): Float32Array {
  const kept = Array.from({ length: rows.length / dIn }, (_, j) => j).filter((j) => !dropped.has(j));
  const filled = rows.slice();
  for (const j of kept.length > 0 ? dropped : []) {
    const other = kept[j % kept.length]!;
    filled.set(rows.subarray(other * dIn, (other + 1) * dIn), j * dIn);
  }
  return filled;
}

const ifCoarse = (quantizer: Quantizer | undefined): Quantizer | undefined =>
  quantizer && levelsOf(quantizer) <= MAX_LEVELS_TO_DESCEND ? quantizer : undefined;

const levelsOf = ({ codes: [min, max], dequantize }: Quantizer): number =>
  (max - min + 1) ** (dequantize.kind === "sum" ? dequantize.planes : 1);
