/**
 * `pnpm bench analysis --whole`: what `qsae analyze` does with a wide SAE, from the packed SAE to the files of the report, with
 * contexts of every latent.
 */
import { analyzeSae, renderReport, reportJson } from "@qsae/analysis";
import type { TensorOps, TokenTexts } from "@qsae/core";
import type { PackedSae } from "@qsae/runtime";
import { plantedSource, type ProblemShape } from "./problem.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** A vocabulary of the usual size of small models, in windows of 128 tokens. */
const PIECES = 1024;
const ROWS_PER_WINDOW = 127;

export async function wholeAnalysis(
  ops: TensorOps,
  packed: PackedSae,
  shape: ProblemShape,
  watch: Stopwatch,
): Promise<Readonly<Record<string, number>>> {
  const source = plantedSource(packed, shape);
  const texts = textsOf(shape.tokens);
  let passMs = 0;
  const startedMs = performance.now();
  const sae = await watch.time("analyzeSae", () =>
    analyzeSae(ops, { name: "planted", packed }, source, {
      texts,
      onProgress: () => (passMs = performance.now() - startedMs),
    }),
  );
  const input = { title: "planted", createdAt: new Date(0), saes: [sae] };
  const page = await watch.time("renderReport", () => renderReport(input));
  const json = await watch.time("reportJson", () => JSON.stringify(reportJson(input)));
  return {
    pass_seconds: passMs / 1000,
    page_megabytes: page.length / 1e6,
    json_megabytes: json.length / 1e6,
    fvu: sae.summary!.fvu!,
    l0: sae.summary!.l0!,
    dead: sae.summary!.dead!,
  };
}

function textsOf(tokens: number): TokenTexts {
  return {
    pieces: Array.from({ length: PIECES }, (_, i) => ` t${i}`),
    tokens: Int32Array.from({ length: tokens }, (_, row) => (row * 7919) % PIECES),
    rowsPerWindow: ROWS_PER_WINDOW,
  };
}
