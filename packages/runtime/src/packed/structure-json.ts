/**
 * The structure of a packed SAE as JSON: all of the schema that is not a tensor. Field names are the field's (`d_in`), and
 * this is the one place that maps them to ours (`dIn`). Tensors are left to the caller.
 */
import type { DequantizeRule, PlaneRule } from "./dequantize-rule.ts";
import { fieldsOf, type Fields } from "./json-fields.ts";
import type {
  CodeMatrix,
  PackedDescription,
  PackedMatrix,
  PackedSae,
  PackedStage,
  Selection,
  UniformMatrix,
} from "./schema.ts";
import type { Fail } from "../strict-json.ts";

export interface SaeStructure {
  readonly dIn: number;
  readonly inputScale: number | undefined;
  readonly hasRotation: boolean;
  readonly hasSkip: boolean;
  readonly stages: readonly StageStructure[];
  readonly description: PackedDescription;
}

export interface StageStructure extends Pick<
  PackedStage,
  "dSae" | "input" | "subtractBDec" | "outputWeight" | "prefixEnds"
> {
  readonly selection: SelectionStructure;
  readonly encoder: MatrixStructure;
  readonly dictionary: MatrixStructure;
}

/** A selection without its tensors. */
export type SelectionStructure =
  Extract<Selection, { kind: "topk" | "sign" }> | { readonly kind: Exclude<Selection["kind"], "topk" | "sign"> };
/** A matrix without its tensors; the shape follows from `d_sae`, `d_in` and the rows of a part. */
export type MatrixStructure = UniformStructure | MixedStructure;
export type UniformStructure = { readonly kind: "float32" } | Pick<CodeMatrix, "kind" | "codes" | "rule" | "quantizer">;
export interface MixedStructure {
  readonly kind: "mixed";
  readonly parts: readonly UniformStructure[];
}

export function structureToJson(sae: PackedSae): object {
  return {
    d_in: sae.dIn,
    input_scale: sae.inputScale,
    rotation: sae.rotation?.kind,
    skip: sae.skip === undefined ? undefined : true,
    stages: sae.stages.map((stage) => ({
      d_sae: stage.dSae,
      input: stage.input,
      subtract_b_dec: stage.subtractBDec,
      encoder: matrixToJson(stage.encoder),
      selection: selectionToJson(stage.selection),
      dictionary: matrixToJson(stage.dictionary),
      output_weight: stage.outputWeight,
      prefix_ends: stage.prefixEnds,
    })),
    description: sae.description,
  };
}

function selectionToJson(selection: Selection): SelectionStructure {
  return selection.kind === "topk" || selection.kind === "sign" ? selection : { kind: selection.kind };
}

function matrixToJson(matrix: PackedMatrix): MatrixStructure {
  return matrix.kind === "mixed" ? { kind: "mixed", parts: matrix.parts.map(uniformToJson) } : uniformToJson(matrix);
}

function uniformToJson(matrix: UniformMatrix): UniformStructure {
  if (matrix.kind === "float32") return { kind: "float32" };
  const { kind, codes, rule, quantizer } = matrix;
  return { kind, codes, rule, quantizer };
}

/** Types and names are checked here; sizes, ranges and how they fit together in validate-sae.ts. */
export function structureFromJson(json: unknown, fail: Fail): SaeStructure {
  const sae = fieldsOf(json, "qsae.sae", fail);
  const rotation = sae.optional("rotation")?.oneOf(["hadamard"]);
  const structure = {
    dIn: sae.get("d_in").number(),
    inputScale: sae.optional("input_scale")?.number(),
    hasRotation: rotation !== undefined,
    hasSkip: sae.optional("skip")?.boolean() ?? false,
    stages: sae
      .get("stages")
      .array()
      .map((stage) => stageFromJson(stage.fields())),
    description: descriptionFromJson(sae.get("description").fields()),
  };
  sae.end();
  return structure;
}

function stageFromJson(stage: Fields): StageStructure {
  const prefixEnds = stage
    .optional("prefix_ends")
    ?.array()
    .map((end) => end.number());
  const structure = {
    dSae: stage.get("d_sae").number(),
    input: inputFromJson(stage.get("input").fields()),
    subtractBDec: stage.get("subtract_b_dec").boolean(),
    encoder: matrixFromJson(stage.get("encoder").fields()),
    selection: selectionFromJson(stage.get("selection").fields()),
    dictionary: matrixFromJson(stage.get("dictionary").fields()),
    outputWeight: stage.get("output_weight").number(),
    ...(prefixEnds && { prefixEnds }),
  };
  stage.end();
  return structure;
}

function inputFromJson(input: Fields): PackedStage["input"] {
  const kind = input.get("kind").oneOf(["x", "residual"]);
  const result = kind === "x" ? { kind } : { kind, factor: input.get("factor").number() };
  input.end();
  return result;
}

function selectionFromJson(selection: Fields): SelectionStructure {
  const result = selectionOfKind(selection.get("kind").oneOf(["topk", "threshold", "sign", "gate"]), selection);
  selection.end();
  return result;
}

function selectionOfKind(kind: Selection["kind"], selection: Fields): SelectionStructure {
  if (kind === "topk") return { kind, k: selection.get("k").number(), relu: selection.get("relu").boolean() };
  if (kind !== "sign") return { kind };
  const k = selection.optional("k")?.number();
  return k === undefined ? { kind } : { kind, k };
}

function matrixFromJson(matrix: Fields): MatrixStructure {
  const kind = matrix.get("kind").oneOf(["float32", "codes", "mixed"]);
  const result: MatrixStructure =
    kind === "mixed" ? { kind, parts: partsFromJson(matrix) } : uniformOfKind(kind, matrix);
  matrix.end();
  return result;
}

function partsFromJson(matrix: Fields): readonly UniformStructure[] {
  return matrix
    .get("parts")
    .array()
    .map((field) => {
      const part = field.fields();
      const result = uniformOfKind(part.get("kind").oneOf(["float32", "codes"]), part);
      part.end();
      return result;
    });
}

function uniformOfKind(kind: UniformStructure["kind"], matrix: Fields): UniformStructure {
  return kind === "float32" ? { kind } : codeMatrixFromJson(matrix);
}

function codeMatrixFromJson(matrix: Fields): UniformStructure {
  const codes = matrix.get("codes");
  const [min, max, ...more] = codes.array().map((code) => code.number());
  if (min === undefined || max === undefined || more.length > 0) return codes.fail("must be [min, max]");
  const quantizer = matrix.get("quantizer").fields();
  const id = quantizer.get("id").text();
  const options = quantizer.get("options").record((option) => option.scalar());
  quantizer.end();
  return {
    kind: "codes",
    codes: [min, max],
    rule: ruleFromJson(matrix.get("rule").fields()),
    quantizer: { id, options },
  };
}

function ruleFromJson(rule: Fields): DequantizeRule {
  const kind = rule.get("kind").oneOf(["affine", "table", "sum"]);
  const result: DequantizeRule =
    kind === "sum"
      ? { kind, planes: rule.get("planes").number(), each: planeRuleFromJson(rule.get("each").fields()) }
      : planeRuleOfKind(kind, rule);
  rule.end();
  return result;
}

function planeRuleFromJson(rule: Fields): PlaneRule {
  const result = planeRuleOfKind(rule.get("kind").oneOf(["affine", "table"]), rule);
  rule.end();
  return result;
}

function planeRuleOfKind(kind: PlaneRule["kind"], rule: Fields): PlaneRule {
  if (kind === "table")
    return {
      kind,
      levels: rule
        .get("levels")
        .array()
        .map((level) => level.number()),
    };
  const offset = rule.optional("offset")?.number();
  return offset === undefined ? { kind } : { kind, offset };
}

function descriptionFromJson(description: Fields): PackedDescription {
  const result = {
    variant: description.get("variant").text(),
    config: description.get("config").record((value) => value.json()),
    provenance: description.get("provenance").record((value) => value.text()),
    metrics: description.get("metrics").record((value) => value.number()),
  };
  description.end();
  return result;
}
