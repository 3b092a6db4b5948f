/**
 * Gain and bias of every latent of a quantized encoder, so that its scores are those of the float encoder where that matters: on the
 * tokens where the latent fires or is close to it. Least squares of `h = g h' + c` per latent, h the float score, h' the quantized
 * one without its bias.
 */
import type { LatentCodes } from "../calibration/latent-codes.ts";
import type { CalibrationTokens } from "../calibration/tokens.ts";

export interface ScoreFit {
  /** `[d_sae]` */
  readonly gain: Float64Array;
  /** b_enc `[d_sae]` */
  readonly bEnc: Float32Array;
}

export interface FitScoresOptions {
  /** Quantized rows `[d_sae, d_in]` */
  readonly rows: Float32Array;
  readonly bEnc: Float32Array;
  /** Subtracted from tokens. */
  readonly center?: Float32Array;
  readonly tokens: CalibrationTokens;
  /** Float scores of the latents that are close to firing. */
  readonly scores: LatentCodes;
  /** Leaves gains 1, where rows have no scale of their own to carry them. Default false. */
  readonly biasOnly?: boolean;
}

/** With fewer tokens a latent's line is not known well enough. */
const MIN_TOKENS = 16;
/** Gains beyond are not a quantizer's doing. */
const MAX_GAIN = 2;

/** Quantized scores that vary by less, as a share of their squares, are constant up to rounding: they have no slope. */
const MIN_VARIANCE = 1e-9;

export function fitScores(options: FitScoresOptions): ScoreFit {
  const { rows, bEnc, center, tokens, scores, biasOnly = false } = options;
  const { dSae, byLatent } = scores;
  const { dIn, x } = tokens;
  const gain = new Float64Array(dSae).fill(1);
  const fitted = bEnc.slice();
  for (let j = 0; j < dSae; j++) {
    const [from, to] = [byLatent.offsets[j]!, byLatent.offsets[j + 1]!];
    const count = to - from;
    if (count < MIN_TOKENS) continue;
    const row = rows.subarray(j * dIn, (j + 1) * dIn);
    const ofCenter = center ? dot(center, 0, row) : 0;
    let [sumH, sumQ, sumQQ, sumQH] = [0, 0, 0, 0];
    for (let entry = from; entry < to; entry++) {
      const q = dot(x, byLatent.tokens[entry]! * dIn, row) - ofCenter;
      const h = byLatent.values[entry]!;
      sumH += h;
      sumQ += q;
      sumQQ += q * q;
      sumQH += q * h;
    }
    const variance = sumQQ - (sumQ * sumQ) / count;
    if (!biasOnly && variance > MIN_VARIANCE * sumQQ) {
      const slope = (sumQH - (sumQ * sumH) / count) / variance;
      gain[j] = Math.min(MAX_GAIN, Math.max(1 / MAX_GAIN, slope));
    }
    fitted[j] = (sumH - gain[j]! * sumQ) / count;
  }
  return { gain, bEnc: fitted };
}

/** `<a[from ..], row>`: four sums at a time, since each addition of one waits for the one before. */
function dot(a: Float32Array, from: number, row: Float32Array): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  const whole = row.length - (row.length % 4);
  for (let d = 0; d < whole; d += 4) {
    s0 += a[from + d]! * row[d]!;
    s1 += a[from + d + 1]! * row[d + 1]!;
    s2 += a[from + d + 2]! * row[d + 2]!;
    s3 += a[from + d + 3]! * row[d + 3]!;
  }
  for (let d = whole; d < row.length; d++) s0 += a[from + d]! * row[d]!;
  return s0 + s1 + (s2 + s3);
}
