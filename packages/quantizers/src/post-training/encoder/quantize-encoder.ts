/** An encoder quantized on calibration tokens: codes by GPTQ, then gain and bias of every latent where it decides. */
import type { Quantizer, TensorOps } from "@qsae/core";
import { encodeTokens } from "../calibration/encode-tokens.ts";
import { latentCodes } from "../calibration/latent-codes.ts";
import type { CalibrationTokens } from "../calibration/tokens.ts";
import { weightsOf, type WorkingSae } from "../working-sae.ts";
import { fitScores } from "./fit-scores.ts";
import { gptqEncoder } from "./gptq-encoder.ts";
import { inputGram } from "./input-gram.ts";

export async function quantizeEncoder(
  ops: TensorOps,
  sae: WorkingSae,
  quantizer: Quantizer,
  tokens: CalibrationTokens,
): Promise<WorkingSae> {
  const center = sae.subtractBDec ? { center: sae.bDec } : {};
  const w = await weightsOf(ops, sae, sae.encoder);
  const coded = await gptqEncoder(ops, { w, dSae: sae.dSae, gram: inputGram(tokens, center.center), quantizer });
  const rows = await weightsOf(ops, sae, { kind: "codes", rows: coded });
  const scores = latentCodes(await encodeTokens(ops, await closeToFiring(ops, sae, tokens), tokens));
  const { gain, bEnc } = fitScores({ rows, bEnc: sae.bEnc, ...center, tokens, scores });
  const fitted = coded.map((row, j) => (row.sharedScale ? row : { ...row, scale: row.scale.map((s) => s * gain[j]!) }));
  return { ...sae, encoder: { kind: "codes", rows: fitted }, bEnc };
}

/** The SAE with the highest scores of a token as its latents, twice as many as fire on average. */
async function closeToFiring(ops: TensorOps, sae: WorkingSae, tokens: CalibrationTokens): Promise<WorkingSae> {
  const { indices } = await encodeTokens(ops, sae, tokens);
  const k = Math.min(sae.dSae, Math.max(1, Math.ceil((2 * indices.length) / tokens.tokens)));
  return { ...sae, selection: { kind: "topk", k, relu: false } };
}
