/**
 * The spelling of the Python reference (ASSERT-KTH/QuantizedSAE): `--model_path sae.pth --sae_type b_sae --gamma 4 --data_path
 * acts.safetensors` is `--sae sae.pth,variant=binary,gamma=4 --data acts.safetensors`.
 */
import type { ImportSaeOptions } from "@qsae/data";
import { UsageError, unknownName } from "@qsae/runtime";
import { withoutAbsent } from "../config/without-absent.ts";
import { formatSaePath, isTorchFile, parseSaePath } from "./sae-path.ts";

/** Options as commander has them: underscores stay. */
export interface ReferenceSpelling {
  readonly model_path?: string;
  readonly sae_type?: string;
  readonly data_path?: string;
  readonly n_bits?: number;
  readonly gamma?: number;
  readonly k?: number;
  readonly top_k?: number;
}

/** Its types of SAEs, and our names of them. */
const VARIANT_OF_TYPE: Readonly<Record<string, string>> = {
  baseline_sae: "baseline",
  b_sae: "binary",
  bl_sae: "binary-latent",
  t_sae: "ternary",
  q_sae: "quantized-matryoshka",
  rq_sae: "residual-quantized",
};

interface OurSpelling {
  readonly sae?: readonly string[];
  readonly data?: string;
}

/**
 * The same flags in our spelling.
 *
 * @throws UsageError if one thing is said in both spellings, an unknown type is named, or options belong to no file
 */
export function inOurSpelling<F extends OurSpelling>(flags: F & ReferenceSpelling): F {
  const { model_path: path, sae_type: type, data_path: dataPath, n_bits, gamma, k, top_k, ...ours } = flags;
  requireOneSpelling("--model_path", path, "--sae", ours.sae?.[0]);
  requireOneSpelling("--data_path", dataPath, "--data", ours.data);
  requireOneSpelling("--top_k", top_k, "--k", k);
  const options = { sae_type: type, n_bits, gamma, k: k ?? top_k };
  return {
    ...(ours as OurSpelling),
    ...(path === undefined ? requireNoOptions(options) : { sae: [saePath(path, options)] }),
    ...(dataPath !== undefined && { data: dataPath }),
  } as F;
}

interface FileOptions {
  readonly sae_type: string | undefined;
  readonly n_bits: number | undefined;
  readonly gamma: number | undefined;
  readonly k: number | undefined;
}

function requireOneSpelling(
  theirs: string,
  theirValue: string | number | undefined,
  ours: string,
  ourValue: string | number | undefined,
): void {
  if (theirValue === undefined || ourValue === undefined) return;
  throw new UsageError(
    `${theirs} ${theirValue} and ${ours} ${ourValue} are two spellings of one option; give one of them`,
  );
}

function requireNoOptions(options: FileOptions): undefined {
  const given = Object.entries(options).find(([, value]) => value !== undefined);
  if (given === undefined) return;
  throw new UsageError(
    `--${given[0]} ${given[1]}: --model_path FILE is missing, which it is about; --sae has it in its path: --sae sae.pth,variant=baseline,k=32`,
  );
}

function saePath(path: string, { sae_type: type, n_bits: nBits, gamma, k }: FileOptions): string {
  const options: ImportSaeOptions = withoutAbsent({
    variant: type === undefined ? undefined : variantOf(type),
    ...{ nBits, gamma, k },
  });
  if (Object.keys(options).length === 0 || isTorchFile(parseSaePath(path).path)) return formatSaePath(path, options);
  throw new UsageError(
    `--model_path ${path}: only a .pth or .pt file needs to be told what it holds (--sae_type, --n_bits, --gamma, --k); leave it out`,
  );
}

function variantOf(type: string): string {
  if (Object.hasOwn(VARIANT_OF_TYPE, type)) return VARIANT_OF_TYPE[type]!;
  const variants = Object.values(VARIANT_OF_TYPE);
  if (variants.includes(type)) return type;
  throw unknownName("sae_type", type, [...variants, ...Object.keys(VARIANT_OF_TYPE)]);
}
