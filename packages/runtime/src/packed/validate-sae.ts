/**
 * The rules of the schema that its types cannot say. What passes here, the interpreter can run: nothing is checked again,
 * whether the SAE comes from a file or from memory.
 */
import type { Fail } from "../strict-json.ts";
import { checkFinite, checkFloats, checkInteger } from "./check-values.ts";
import type { PackedDescription, PackedSae, PackedStage, Selection } from "./schema.ts";
import { validateMatrix } from "./validate-matrix.ts";

/** Well over the widest language models. */
const MAX_D_IN = 2 ** 20;
/** Keeps the sum over the stages an int32, the type of latent indices. */
const MAX_D_SAE = 2 ** 24;
const MAX_STAGES = 64;
/** Nesting of a description; also what the packed file's reader accepts. */
export const MAX_DESCRIPTION_DEPTH = 32;

/** Calls `fail` with the first problem. */
export function validatePackedSae(sae: PackedSae, fail: Fail): void {
  const { dIn, stages, inputScale = 1, rotation, skip } = sae;
  checkInteger(dIn, [1, MAX_D_IN], "d_in", fail);
  checkInteger(stages.length, [1, MAX_STAGES], "number of stages", fail);
  checkFinite(inputScale, "input_scale", fail);
  if (inputScale === 0) fail("input_scale is 0; reconstructions are divided by it");
  if (rotation !== undefined) {
    if ((dIn & (dIn - 1)) !== 0) fail(`a hadamard rotation needs a power of two as d_in, not ${dIn}`);
    if (rotation.signs.length !== dIn) fail(`rotation has ${rotation.signs.length} signs; expected ${dIn}`);
    if (!rotation.signs.every((sign) => Math.abs(sign) === 1)) fail("rotation has signs other than -1 and 1");
  }
  if (skip !== undefined) checkFloats(skip, dIn * dIn, "skip", fail);
  for (const [index, stage] of stages.entries()) {
    validateStage(stage, index, dIn, (problem) => fail(`stage ${index}: ${problem}`));
  }
  validateDescription(sae.description, (problem) => fail(`description: ${problem}`));
}

function validateStage(stage: PackedStage, index: number, dIn: number, fail: Fail): void {
  const { dSae, input, prefixEnds = [dSae] } = stage;
  checkInteger(dSae, [1, MAX_D_SAE], "d_sae", fail);
  if (input.kind === "residual") {
    if (index === 0) fail("the first stage has no residual to read; its input must be x");
    checkFinite(input.factor, "input factor", fail);
  }
  checkFinite(stage.outputWeight, "output_weight", fail);
  checkFloats(stage.bEnc, dSae, "b_enc", fail);
  checkFloats(stage.bDec, dIn, "b_dec", fail);
  validateSelection(stage.selection, dSae, fail);
  const ascend = prefixEnds.every((end, i) => Number.isInteger(end) && end > (prefixEnds[i - 1] ?? 0));
  if (!ascend || prefixEnds.at(-1) !== dSae) {
    fail(`prefix_ends must be integers that ascend to d_sae = ${dSae}, not [${prefixEnds.slice(0, 16).join(", ")}]`);
  }
  validateMatrix(stage.encoder, [dSae, dIn], (problem) => fail(`encoder: ${problem}`));
  validateMatrix(stage.dictionary, [dSae, dIn], (problem) => fail(`dictionary: ${problem}`));
}

function validateSelection(selection: Selection, dSae: number, fail: Fail): void {
  switch (selection.kind) {
    case "topk":
      return checkInteger(selection.k, [1, dSae], "k", fail);
    case "threshold":
      return checkFloats(selection.threshold, dSae, "threshold", fail);
    case "gate":
      checkFloats(selection.magScale, dSae, "mag_scale", fail);
      return checkFloats(selection.magBias, dSae, "mag_bias", fail);
    case "sign":
      if (selection.k !== undefined) checkInteger(selection.k, [1, dSae], "k", fail);
  }
}

function validateDescription({ config, metrics }: PackedDescription, fail: Fail): void {
  if (!isJson(config, MAX_DESCRIPTION_DEPTH - 1)) fail("config is not plain JSON with finite numbers");
  for (const [name, value] of Object.entries(metrics)) checkFinite(value, `metric "${name}"`, fail);
}

/** An undefined property counts as absent, as JSON.stringify has it. */
function isJson(value: unknown, depth: number): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string" || typeof value === "boolean" || value === null) return true;
  if (typeof value !== "object" || depth === 0) return false;
  if (Array.isArray(value)) return value.every((element) => isJson(element, depth - 1));
  return Object.values(value).every((member) => member === undefined || isJson(member, depth - 1));
}
