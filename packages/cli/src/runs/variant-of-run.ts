/** The variant of a run, from its configuration, the data and the SAE it starts from. */
import type { DataSource, Variant } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import { builtinVariants, canonicalKeys, variantByName, type VariantCatalog } from "@qsae/variants";
import type { QsaeConfig } from "../config/define-config.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { WarmStart } from "./warm-start.ts";

/** Latents per dimension of the data where nobody says otherwise. */
const DEFAULT_EXPANSION = 8;

/** @throws UsageError if no variant is named, its keys are wrong, or the start has another shape */
export function variantOf(
  config: QsaeConfig,
  source: DataSource,
  start: WarmStart | undefined,
  catalog: VariantCatalog,
): Variant {
  if (config.variant === undefined) {
    const known = [...(catalog.custom ?? []), ...builtinVariants].map(({ id }) => id);
    throw new UsageError(`train: --variant ID is missing; allowed: ${[...new Set(known)].join(", ")}`);
  }
  const { id, ...given } = config.variant;
  const keys = namedAsOurs(id, given);
  const variant = variantByName(
    id,
    { d_in: source.dIn, d_sae: start?.dSae ?? source.dIn * DEFAULT_EXPANSION, ...keys },
    catalog,
  );
  if (start && (start.dIn !== variant.dIn || start.dSae !== variant.dSae)) {
    throw new UsageError(
      `--from ${config.from}: d_in=${start.dIn}, d_sae=${start.dSae}, but this run has d_in=${variant.dIn}, d_sae=${variant.dSae}; they must be equal`,
    );
  }
  return variant;
}

/** Sizes of the data and options of the command line stand beside the configured keys, whichever name those go by. */
export function namedAsOurs(id: string, keys: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return builtinVariants.some((builtin) => builtin.id === id) ? canonicalKeys(id, keys) : keys;
}

/** A start with another k is allowed, but rarely meant. */
export function noteDifferences(
  terminal: Pick<Terminal, "note">,
  start: WarmStart,
  variant: Variant,
  from: string,
): void {
  for (const [key, was] of Object.entries(start.config)) {
    const now = variant.config[key];
    if (now !== undefined && JSON.stringify(now) !== JSON.stringify(was)) {
      terminal.note(`note: ${key} is ${JSON.stringify(now)}; ${from} has ${JSON.stringify(was)}`);
    }
  }
}
