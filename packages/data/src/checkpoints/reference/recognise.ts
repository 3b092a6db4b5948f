/**
 * Which SAE of the Python reference (ASSERT-KTH/QuantizedSAE) a state_dict is, by names and shapes alone: nothing else is
 * stored. D = d_in, F = d_sae, n = bits.
 *
 *     every variant         encoder.0.weight [F, D], encoder.0.bias [F]
 *     baseline              decoder.weight [D, F], decoder.bias [D]
 *     binary-latent         the same
 *     binary                decoder.weight [F, D n], decoder.bias [D]
 *     ternary               decoder.weight [D, F], decoder.mask [D, F]
 *     quantized-matryoshka  decoder.weight [F, D], decoder.weight_mirror [F, D], decoder.bias [D]
 *     residual-quantized    the same under saes.0, saes.1, ..., one per bit
 */
import type { ReferenceVariant } from "@qsae/core";
import { FormatError, type HostTensor, type HostTensors } from "@qsae/runtime";

export interface Recognised {
  /** More than one where names and shapes are the same. */
  readonly candidates: readonly ReferenceVariant[];
  readonly dIn: number;
  readonly dSae: number;
  /** Where shapes tell. */
  readonly nBits?: number;
}

const ENCODER = ["encoder.0.weight", "encoder.0.bias"];
const PLAIN = [...ENCODER, "decoder.weight", "decoder.bias"];
const TERNARY = [...ENCODER, "decoder.weight", "decoder.mask"];
const MIRRORED = [...PLAIN, "decoder.weight_mirror"];
/** What the last batch left in the ternary decoder: no parameters. */
export const STRAY: readonly string[] = ["decoder.input_activations", "decoder.output_grad"];
/** The reference stops at 4, and each level halves the step. */
const MAX_LEVELS = 32;

/** @throws FormatError naming the tensor that is missing, misshapen or too much */
export function recognise(tensors: HostTensors, path: string): Recognised {
  if (Object.keys(tensors).some((name) => name.startsWith("saes."))) return recogniseResidual(tensors, path);
  if ("decoder.weight_mirror" in tensors) {
    return { candidates: ["quantized-matryoshka"], ...checkMirrored(tensors, "", path) };
  }
  const isTernary = "decoder.mask" in tensors;
  requireNames(tensors, isTernary ? TERNARY : PLAIN, isTernary ? STRAY : [], path);
  const size = checkEncoder(tensors, "", path);
  const { dIn, dSae } = size;
  if (isTernary) {
    requireShape(tensors, "decoder.weight", [dIn, dSae], path);
    requireShape(tensors, "decoder.mask", [dIn, dSae], path);
    return { candidates: ["ternary"], ...size };
  }
  requireShape(tensors, "decoder.bias", [dIn], path);
  const [rows, columns, ...more] = tensors["decoder.weight"]!.shape;
  const nBits = columns! / dIn;
  const isFloat = rows === dIn && columns === dSae && more.length === 0;
  const isBinary = rows === dSae && Number.isInteger(nBits) && nBits >= 1 && more.length === 0;
  if (isFloat) {
    return {
      candidates: ["baseline", "binary-latent", ...(isBinary ? (["binary"] as const) : [])],
      ...size,
      ...(isBinary ? { nBits } : {}),
    };
  }
  if (isBinary) return { candidates: ["binary"], ...size, nBits };
  throw new FormatError(
    path,
    `tensor "decoder.weight" is [${tensors["decoder.weight"]!.shape.join(", ")}]; expected [${dIn}, ${dSae}] (baseline, binary-latent) or [${dSae}, ${dIn} n] (binary)`,
  );
}

function recogniseResidual(tensors: HostTensors, path: string): Recognised {
  const levelSizes: number[] = [];
  let dIn: number | undefined;
  for (let level = 0; `saes.${level}.encoder.0.weight` in tensors && level < MAX_LEVELS; level++) {
    const prefix = `saes.${level}.`;
    const size = checkMirrored(withPrefix(tensors, prefix), prefix, path);
    if (size.dIn !== (dIn ??= size.dIn)) {
      throw new FormatError(path, `saes.${level} is for activations of width ${size.dIn}, saes.0 for ${dIn}`);
    }
    levelSizes.push(size.dSae);
  }
  const known = new Set(levelSizes.flatMap((_, level) => MIRRORED.map((name) => `saes.${level}.${name}`)));
  const foreign = Object.keys(tensors).find((name) => !known.has(name));
  if (foreign !== undefined || dIn === undefined) {
    throw new FormatError(
      path,
      `tensor "${foreign}" does not belong; expected saes.0, saes.1, ... with ${MIRRORED.join(", ")} each`,
    );
  }
  const dSae = levelSizes.reduce((sum, size) => sum + size, 0);
  return { candidates: ["residual-quantized"], dIn, dSae, nBits: levelSizes.length };
}

type Size = Pick<Recognised, "dIn" | "dSae">;

function checkMirrored(tensors: HostTensors, prefix: string, path: string): Size {
  requireNames(tensors, MIRRORED, [], path, prefix);
  const { dIn, dSae } = checkEncoder(tensors, prefix, path);
  requireShape(tensors, "decoder.weight", [dSae, dIn], path, prefix);
  requireShape(tensors, "decoder.weight_mirror", [dSae, dIn], path, prefix);
  requireShape(tensors, "decoder.bias", [dIn], path, prefix);
  return { dIn, dSae };
}

function checkEncoder(tensors: HostTensors, prefix: string, path: string): Size {
  const { shape } = tensors["encoder.0.weight"]!;
  const [dSae, dIn] = shape;
  if (shape.length !== 2 || !dSae || !dIn) {
    throw new FormatError(path, `tensor "${prefix}encoder.0.weight" is [${shape.join(", ")}]; expected [d_sae, d_in]`);
  }
  requireShape(tensors, "encoder.0.weight", [dSae, dIn], path, prefix);
  requireShape(tensors, "encoder.0.bias", [dSae], path, prefix);
  return { dIn, dSae };
}

function requireNames(
  tensors: HostTensors,
  required: readonly string[],
  ignored: readonly string[],
  path: string,
  prefix = "",
): void {
  const expected = `expected an SAE of the Python reference, here with ${required.join(", ")}`;
  for (const name of required) {
    if (!(name in tensors)) throw new FormatError(path, `no tensor "${prefix}${name}"; ${expected}`);
  }
  const foreign = Object.keys(tensors).find((name) => !required.includes(name) && !ignored.includes(name));
  if (foreign !== undefined) throw new FormatError(path, `tensor "${prefix}${foreign}" does not belong; ${expected}`);
}

function requireShape(tensors: HostTensors, name: string, shape: readonly number[], path: string, prefix = ""): void {
  const tensor = tensors[name]!;
  if (tensor.data instanceof Float32Array && tensor.shape.join() === shape.join()) return;
  const kind = tensor.data instanceof Float32Array ? "float" : "integer";
  throw new FormatError(
    path,
    `tensor "${prefix}${name}" is ${kind} [${tensor.shape.join(", ")}]; expected float [${shape.join(", ")}]`,
  );
}

/** Tensors below a prefix, by the rest of their names. */
export function withPrefix(tensors: HostTensors, prefix: string): HostTensors {
  const below: Record<string, HostTensor> = Object.create(null) as Record<string, HostTensor>;
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name.startsWith(prefix)) below[name.slice(prefix.length)] = tensor;
  }
  return below;
}
