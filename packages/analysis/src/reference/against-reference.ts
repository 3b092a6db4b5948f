/**
 * What a pass over the data says about an SAE beside its reference: which latents fire in both, how far the reconstructions
 * are apart. The reference's latents are those kept of its own pass, so nothing is encoded twice; where they were not all
 * kept, the first tokens are compared.
 */
import type { EvaluatedBatch, Metric } from "@qsae/core";
import { QsaeError, type Latents, type Sae } from "@qsae/runtime";
import { outputError } from "../metrics/output-error.ts";
import { supportOverlapWith, type SupportOverlapResult } from "../sparsity/support-overlap-with.ts";
import type { EvaluatedReference } from "./evaluate-reference.ts";
import type { KeptBatch } from "./kept-latents.ts";

export interface AgainstReference {
  /** Absent where the latents are not those of the reference. */
  readonly support?: SupportOverlapResult;
  readonly outputError: number;
}

/** Whether latent j of one is latent j of the other, as far as shapes tell. */
export function hasLatentsOf(sae: Pick<Sae, "dIn" | "dSae">, reference: Pick<Sae, "dIn" | "dSae">): boolean {
  return sae.dIn === reference.dIn && sae.dSae === reference.dSae;
}

/**
 * For one pass in file order, in batches of the size that the reference was evaluated in.
 *
 * Errors on use: `UsageError` if the widths differ, `QsaeError` if the rows are not those of the reference's pass.
 */
export function againstReference({
  sae: reference,
  latents: kept,
}: Pick<EvaluatedReference, "sae" | "latents">): Metric<AgainstReference> {
  return {
    id: "against_reference",
    start(shape) {
      let current: Latents | undefined; // of the batch at hand
      const remembered = {
        dIn: reference.dIn,
        dSae: reference.dSae,
        encode: () => current!,
        decode: reference.decode.bind(reference),
      };
      const distance = outputError(remembered).start(shape);
      const support = hasLatentsOf(shape, reference) ? supportOverlapWith(remembered).start(shape) : undefined;
      let batches = 0;
      return {
        async update(batch) {
          const same = kept[batches++];
          if (same === undefined) return;
          requireSameRows(batch, same);
          current = same.latents;
          await distance.update(batch);
          await support?.update(batch);
        },
        finish: () => ({ outputError: distance.finish(), ...(support && { support: support.finish() }) }),
      };
    },
  };
}

function requireSameRows({ rows }: EvaluatedBatch, kept: KeptBatch): void {
  if (rows.length === kept.rows.length && rows.every((row, i) => row === kept.rows[i])) return;
  throw new QsaeError(
    `againstReference: rows ${rows[0]}..${rows.at(-1)} of the data meet rows ${kept.rows[0]}..${kept.rows.at(-1)} of the ` +
      "reference's pass; give both the same data, and leave it alone meanwhile",
  );
}
