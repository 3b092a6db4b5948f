/** What a file of the Python reference does not say, and its reader has to. */
import { REFERENCE_VARIANTS, type ReferenceVariant } from "@qsae/core";
import { FormatError, unknownName, UsageError } from "@qsae/runtime";

import type { Recognised } from "./recognise.ts";

/** For `.pth` and `.pt` files: what they do not store. */
export interface ImportSaeOptions {
  /** `baseline`, `binary`, `binary-latent`, `ternary`, `quantized-matryoshka`, `residual-quantized`: where several fit. */
  readonly variant?: string;
  /** Bits, where shapes do not tell: quantized-matryoshka. */
  readonly nBits?: number;
  /** Range of the quantization grid: `gamma` of binary, `abs_range` of quantized-matryoshka and residual-quantized. */
  readonly gamma?: number;
  /** Active latents per token: baseline (32 in the reference), and binary (default: 0.002 d_sae). */
  readonly k?: number;
}

/** A `.pth` file does not say enough; what would is in `choices`, for callers who take options in another form. */
export class OptionsNeededError extends FormatError {
  constructor(
    path: string,
    /** What the file leaves open, without the advice. */
    readonly problem: string,
    /** Options that would do, the numbers as examples. */
    readonly choices: readonly ImportSaeOptions[],
    /** What is known about such files. */
    readonly hint: string = "",
  ) {
    super(path, `${problem}; pass ${choices.map(objectLiteral).join(" or ")}${hint}`);
  }
}

function objectLiteral(options: ImportSaeOptions): string {
  const members = Object.entries(options).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return `{ ${members.join(", ")} }`;
}

type Option = Exclude<keyof ImportSaeOptions, "variant">;

/** Options that each variant has; those in `required` have no default. */
const OPTIONS: Readonly<
  Record<ReferenceVariant, { readonly required: readonly Option[]; readonly optional: readonly Option[] }>
> = {
  baseline: { required: ["k"], optional: [] },
  binary: { required: ["gamma"], optional: ["nBits", "k"] },
  "binary-latent": { required: [], optional: [] },
  ternary: { required: [], optional: [] },
  "quantized-matryoshka": { required: ["nBits", "gamma"], optional: [] },
  "residual-quantized": { required: ["gamma"], optional: ["nBits"] },
};

const IN_WORDS: Readonly<Record<Option, string>> = { nBits: "its number of bits", gamma: "gamma", k: "k" };
const MAX_BITS = 32;

/** The variant and its config. @throws FormatError listing what fits and what is missing, UsageError for bad options */
export function specOf(
  found: Recognised,
  options: ImportSaeOptions,
  path: string,
): { readonly variant: ReferenceVariant; readonly config: Readonly<Record<string, unknown>> } {
  const variant = variantOf(found, options, path);
  checkOptions(variant, options, found, path);
  const { dIn, dSae } = found;
  const { gamma } = options;
  const nBits = found.nBits ?? options.nBits;
  const size = { d_in: dIn, d_sae: dSae, preset: "reference" };
  switch (variant) {
    case "baseline":
      return { variant, config: { ...size, k: options.k } };
    case "binary":
      return { variant, config: { ...size, n_bits: nBits, gamma, k: options.k ?? Math.floor(0.002 * dSae) } };
    case "binary-latent":
    case "ternary":
      return { variant, config: size };
    case "quantized-matryoshka":
    case "residual-quantized":
      return { variant, config: { ...size, n_bits: nBits, gamma } };
  }
}

function variantOf(found: Recognised, { variant }: ImportSaeOptions, path: string): ReferenceVariant {
  const { candidates } = found;
  if (variant === undefined) {
    if (candidates.length === 1) return candidates[0]!;
    throw new OptionsNeededError(
      path,
      `names and shapes fit ${candidates.join(", ")}, and the file does not say which`,
      candidates.map((candidate) => exampleOf(candidate, found)),
    );
  }
  const known = REFERENCE_VARIANTS.find((name) => name === variant);
  if (known === undefined) throw unknownName("variant", variant, REFERENCE_VARIANTS);
  if (!candidates.includes(known)) {
    throw new FormatError(path, `is no ${variant}: names and shapes fit ${candidates.join(", ")}`);
  }
  return known;
}

function checkOptions(variant: ReferenceVariant, options: ImportSaeOptions, found: Recognised, path: string): void {
  const { required, optional } = OPTIONS[variant];
  for (const name of ["nBits", "gamma", "k"] as const) {
    if (options[name] !== undefined && ![...required, ...optional].includes(name)) {
      throw new UsageError(
        `importSae: ${name} means nothing to ${variant}; ${path} needs ${required.join(", ") || "no options"}`,
      );
    }
  }
  const missing = required.filter((name) => options[name] === undefined);
  if (missing.length > 0) {
    const hint = missing.includes("gamma") && variant === "binary" ? GAMMA_HINT : "";
    throw new OptionsNeededError(
      path,
      `is a ${variant} SAE, but does not store ${missing.map((name) => IN_WORDS[name]).join(" and ")}`,
      [{ ...exampleOf(variant, found), ...options }],
      hint,
    );
  }
  const { nBits, gamma, k } = options;
  if (nBits !== undefined) requireCount("nBits", nBits, MAX_BITS);
  if (k !== undefined) requireCount("k", k, found.dSae);
  if (gamma !== undefined && !(Number.isFinite(gamma) && gamma > 0)) {
    throw new UsageError(`importSae: gamma=${gamma}; allowed: a number above 0`);
  }
  if (nBits !== undefined && found.nBits !== undefined && nBits !== found.nBits) {
    throw new FormatError(path, `nBits=${nBits} is given, but its shapes are those of ${found.nBits} bits`);
  }
  if (variant === "binary" && k === undefined && found.dSae < 500) {
    throw new OptionsNeededError(path, `k is 0.002 d_sae by default, which is below 1 at d_sae=${found.dSae}`, [
      { ...options, variant, k: 1 },
    ]);
  }
}

/** The reference's trainer called `BinarySAE(D, F, n_bits)`, whose third parameter is gamma. */
const GAMMA_HINT = ' (files of its trainer named "4_bits" have gamma 4 and 8 bits)';

function requireCount(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new UsageError(`importSae: ${name}=${value}; allowed: a whole number in 1..${max}`);
  }
}

function exampleOf(variant: ReferenceVariant, { dSae }: Recognised): ImportSaeOptions {
  const examples: Readonly<Record<Option, number>> = { nBits: 4, gamma: 1.5, k: Math.min(32, dSae) };
  return { variant, ...Object.fromEntries(OPTIONS[variant].required.map((name) => [name, examples[name]])) };
}
