/** The analyses of several SAEs on the same data, each with its progress. */
import { analyzeReference, analyzeSae, evaluateReference, type ReportSae, type StoredSae } from "@qsae/analysis";
import type { DataSource, TensorOps, TokenTexts } from "@qsae/core";
import { withTokenProgress } from "../evaluation/token-progress.ts";
import type { OpenedSae } from "../open-sae.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface AnalyzeAllOptions {
  /** What the others are compared with; may be one of them. */
  readonly reference?: OpenedSae;
  /** Tokens of the data. */
  readonly texts?: TokenTexts;
  readonly terminal: Pick<Terminal, "progress">;
  readonly signal: AbortSignal;
}

/**
 * @param saes under names of their own
 * @returns one analysis per SAE, in order; a reference that is one of them is compared with nothing
 */
export async function analyzeAll(
  ops: TensorOps,
  saes: readonly OpenedSae[],
  source: DataSource,
  { reference: given, texts, terminal, signal }: AnalyzeAllOptions,
): Promise<readonly ReportSae[]> {
  const reports = new Map<OpenedSae, ReportSae>();
  const common = { signal, ...(texts && { texts }) };
  const referenceOf = async (sae: OpenedSae) => {
    if (!saes.includes(sae)) {
      return withTokenProgress(terminal, `reference ${sae.name}`, source, (onProgress) =>
        evaluateReference(stored(sae), source, { ops, ...common, onProgress }),
      );
    }
    const { report, reference } = await withTokenProgress(terminal, sae.name, source, (onProgress) =>
      analyzeReference(ops, stored(sae), source, { ...common, onProgress }),
    );
    reports.set(sae, report);
    return reference;
  };
  const reference = given && (await referenceOf(given));
  for (const sae of saes) {
    if (reports.has(sae)) continue;
    const report = await withTokenProgress(terminal, sae.name, source, (onProgress) =>
      analyzeSae(ops, stored(sae), source, { ...common, ...(reference && { reference }), onProgress }),
    );
    reports.set(sae, report);
  }
  return saes.map((sae) => reports.get(sae)!);
}

function stored({ name, packed, bytes }: OpenedSae): StoredSae {
  return { name, packed, fileBytes: bytes };
}
