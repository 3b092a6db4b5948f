/** An encoder quantized on calibration tokens: codes by GPTQ, then gain and bias of every latent where it decides. */
import type { Selection } from "@qsae/runtime";
import type { Quantizer, TensorOps } from "@qsae/core";
import { encodeTokens } from "../calibration/encode-tokens.ts";
import { latentCodes } from "../calibration/latent-codes.ts";
import type { CalibrationTokens } from "../calibration/tokens.ts";
import type { CodedRow, CodedRows } from "../coded-rows.ts";
import { shifted } from "../keep-encoder.ts";
import { droppedRows, weightsOf, type WorkingSae } from "../working-sae.ts";
import { fitScores } from "./fit-scores.ts";
import { gptqEncoder } from "./gptq-encoder.ts";
import { inputGram } from "./input-gram.ts";

/** The SAE with an encoder of codes; the rows that it has dropped stay dropped. */
export async function quantizeEncoder(
  ops: TensorOps,
  sae: WorkingSae,
  quantizer: Quantizer,
  tokens: CalibrationTokens,
): Promise<WorkingSae> {
  const center = sae.subtractBDec ? { center: sae.bDec } : {};
  const coded = await codesOf(ops, sae, quantizer, await inputGram(ops, tokens, center.center));
  const rows = await weightsOf(ops, sae, { kind: "codes", rows: coded });
  const close = await closeToFiring(ops, sae, tokens);
  const scores = latentCodes(await encodeTokens(ops, close, tokens));
  const standing = coded.some((row) => row?.sharedScale || row?.fixedScale);
  const biasOnly = standing || !fitOf(sae.selection).gains;
  const { gain, bEnc } = fitScores({ rows, bEnc: close.bEnc, ...center, tokens, scores, biasOnly });
  const fitted = coded.map((row, j) => row && { ...row, scale: row.scale.map((s) => s * gain[j]!) });
  const shift = Float64Array.from(bEnc, (bias, j) => bias - close.bEnc[j]!); // [d_sae]
  return {
    ...sae,
    encoder: { kind: "codes", rows: fitted },
    bEnc: sae.bEnc.map((bias, j) => bias + shift[j]!),
    selection: shifted(sae.selection, shift),
  };
}

/** Codes of all rows but the dropped ones. */
async function codesOf(ops: TensorOps, sae: WorkingSae, quantizer: Quantizer, gram: Float64Array): Promise<CodedRows> {
  const { dIn, dSae } = sae;
  const all = await weightsOf(ops, sae, sae.encoder); // [d_sae, d_in]
  const dropped = droppedRows(sae.encoder);
  const kept = Array.from({ length: dSae }, (_, j) => j).filter((j) => !dropped.has(j));
  const coded = new Array<CodedRow | undefined>(dSae).fill(undefined);
  if (kept.length === 0) return coded;
  const w = new Float32Array(kept.length * dIn); // [kept, d_in]
  for (const [at, j] of kept.entries()) w.set(all.subarray(j * dIn, (j + 1) * dIn), at * dIn);
  const rows = await gptqEncoder(ops, { w, dSae: kept.length, gram, quantizer });
  for (const [at, j] of kept.entries()) coded[j] = rows[at];
  return coded;
}

/**
 * What is fitted: the highest scores of a token, a multiple of those that fire. Where the k largest fire, those around them decide.
 * Where all above a threshold do, the others stay below it only if they have a say, and then a gain shrinks scores towards their
 * mean: ternary, on a real SAE with 32 latents above a threshold, 44 fire after a fit of twice as many (FVU 0.122), 30 with eight
 * times as many (0.124), 36 with these and biases alone (0.109).
 */
const FITS = { byRank: { multiple: 2, gains: true }, byThreshold: { multiple: 8, gains: false } };
const fitOf = (selection: Selection) =>
  "k" in selection && selection.k !== undefined ? FITS.byRank : FITS.byThreshold;

/** Tokens that say how many latents fire. */
const COUNTED_TOKENS = 4096;

/**
 * The SAE with the scores of a token that are highest above their thresholds as its latents; what it subtracts from `b_enc` are the
 * thresholds.
 */
async function closeToFiring(ops: TensorOps, sae: WorkingSae, tokens: CalibrationTokens): Promise<WorkingSae> {
  const { selection, dSae } = sae;
  const n = Math.min(COUNTED_TOKENS, tokens.tokens);
  const { indices } = await encodeTokens(ops, sae, { ...tokens, tokens: n });
  const wanted = (fitOf(selection).multiple * indices.length) / n;
  const k = Math.min(dSae, Math.max(1, Math.ceil(wanted)));
  const bEnc = selection.kind === "threshold" ? sae.bEnc.map((bias, j) => bias - selection.threshold[j]!) : sae.bEnc;
  return { ...sae, bEnc, selection: { kind: "topk", k, relu: false } };
}
