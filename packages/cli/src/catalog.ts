/** What is known by name: built-in quantizers and variants, and those of the configuration. */
import { quantizersByName } from "@qsae/quantizers";
import type { VariantCatalog } from "@qsae/variants";
import type { QsaeConfig } from "./config/define-config.ts";

export function catalogOf({ quantizers, variants }: Pick<QsaeConfig, "quantizers" | "variants">): VariantCatalog {
  return { resolveQuantizer: quantizersByName(quantizers), ...(variants ? { custom: variants } : {}) };
}
