/** Variants by id, and SAEs from checkpoints. */
import { unknownName, type PackedSae } from "@qsae/runtime";
import type { QuantizerResolver, SaeCheckpoint, TensorOps, Variant, VariantFactory } from "@qsae/core";
import { baselineFactory } from "./baseline.ts";
import { binaryFactory } from "./binary.ts";
import { binaryLatentFactory } from "./binary-latent.ts";
import { fieldFactories } from "./field.ts";
import { matryoshkaFactory } from "./matryoshka.ts";
import { quantizedMatryoshkaFactory } from "./quantized-matryoshka.ts";
import { residualQuantizedFactory } from "./residual-quantized.ts";
import { ternaryFactory } from "./ternary.ts";

/** Variants that come with QSAE. */
export const builtinVariants: readonly VariantFactory[] = [
  baselineFactory,
  binaryFactory,
  binaryLatentFactory,
  quantizedMatryoshkaFactory,
  residualQuantizedFactory,
  ternaryFactory,
  ...fieldFactories,
  matryoshkaFactory,
];

/** What is known by name in a run: the built-in variants and those a user brings (his come first). */
export interface VariantCatalog {
  readonly resolveQuantizer: QuantizerResolver;
  readonly custom?: readonly VariantFactory[];
}

/**
 * A variant from its id and JSON configuration.
 *
 * @throws UsageError listing the known ids, or naming the keys that are wrong
 * @example
 * const variant = variantByName("ternary", { d_in: 512, d_sae: 8192, k: 32 }, { resolveQuantizer: quantizersByName() });
 */
export function variantByName(id: string, config: Readonly<Record<string, unknown>>, catalog: VariantCatalog): Variant {
  const known = [...(catalog.custom ?? []), ...builtinVariants];
  const factory = known.find((candidate) => candidate.id === id);
  if (!factory) throw unknownName("variant", id, new Set(known.map((candidate) => candidate.id)));
  return factory.fromConfig(config, catalog.resolveQuantizer);
}

/** The inference form of a checkpoint, its provenance carried over. */
export async function lowerCheckpoint(
  ops: TensorOps,
  checkpoint: SaeCheckpoint,
  catalog: VariantCatalog,
): Promise<PackedSae> {
  const variant = variantByName(checkpoint.spec.variant, checkpoint.spec.config, catalog);
  const packed = await variant.lower(ops, checkpoint.tensors);
  return { ...packed, description: { ...packed.description, provenance: checkpoint.provenance } };
}
