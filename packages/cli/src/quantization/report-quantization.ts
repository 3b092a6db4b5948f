/** What `qsae quantize` says at its end: before and after, which latents fire, what was done and how long it took. */
import { resolve } from "node:path";
import { quantizerName } from "@qsae/quantizers";
import { describeMatrix, widthsTable } from "../inspection/describe-matrix.ts";
import { count } from "../terminal/format.ts";
import { renderTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { comparisonJson, comparisonTable, type Comparison } from "./before-and-after.ts";
import { methodInWords } from "./provenance.ts";
import type { QuantizationPlan } from "./quantization-plan.ts";
import type { QuantizedPacked } from "./quantize-packed.ts";
import type { MeasuredOverlap } from "./support-on.ts";

export interface Measured extends Comparison {
  /** Where there were activations. */
  readonly support?: MeasuredOverlap;
}

export interface ReportedQuantization extends Measured, QuantizedPacked {
  readonly out: string;
  readonly plan: QuantizationPlan;
}

export function reportQuantization(terminal: Terminal, reported: ReportedQuantization): void {
  const { out, plan, before, after, support, seconds, calibrationTokens, importanceTokens } = reported;
  const { method, encoder, dictionary, budget, data, heldout, steps, batchSize, rotate, seed } = plan;
  const style = { width: terminal.columns, colors: terminal.colors };
  terminal.print(renderTable(comparisonTable(reported), style));
  const widths = widthsTable(after.packed.stages);
  if (widths) terminal.print(`\n${renderTable(widths, style)}\n`);
  if (support) terminal.print(supportInWords(support, heldout ? "held-out" : "training"));
  terminal.print(
    `wrote ${out} (${methodInWords(plan)}; ${seconds.toFixed(1)} s; ${sizeInWords(before.bytes / after.bytes)})`,
  );
  terminal.result({
    out: resolve(out),
    method,
    ...(encoder && { encoder: quantizerName(encoder) }),
    ...(dictionary && { decoder: quantizerName(dictionary) }),
    ...(budget !== undefined && { bits: budget, decoder: describeMatrix(after.packed.stages[0]!.dictionary) }),
    rotate,
    ...(seed !== undefined && { seed }),
    ...(steps !== undefined && { steps }),
    ...(batchSize !== undefined && { batch_size: batchSize }),
    ...(calibrationTokens !== undefined && { calibration_tokens: calibrationTokens }),
    ...(importanceTokens !== undefined && { importance_tokens: importanceTokens }),
    ...(data && { data: data.data }),
    ...(heldout && { heldout: heldout.data }),
    before: comparisonJson(before),
    after: comparisonJson(after),
    ...(support && {
      support: {
        overlap: support.overlap,
        changed_tokens: support.changedTokens,
        tokens: support.tokens,
        on: heldout ? "heldout" : "data",
      },
    }),
    seconds,
  });
}

function supportInWords({ overlap, changedTokens, tokens }: MeasuredOverlap, kind: string): string {
  const looked = `${count(tokens)} ${kind} tokens`;
  if (changedTokens === 0) return `latents that fire: the same on all of ${looked}`;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  return `latents that fire: ${percent(overlap)} are the same; others on ${percent(changedTokens)} of ${looked}`;
}

function sizeInWords(ratio: number): string {
  return ratio < 1 ? `${(1 / ratio).toFixed(1)} times larger` : `${ratio.toFixed(1)} times smaller`;
}
