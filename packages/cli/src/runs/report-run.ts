/** What a finished run says, in words and as JSON. */
import { resolve } from "node:path";
import type { Variant } from "@qsae/core";
import { bitsPerWeight } from "@qsae/runtime";
import { bytes, clock, count, fvu } from "../terminal/format.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { runFiles } from "./run-files.ts";
import type { FinishedRun } from "./run-training.ts";

export interface ReportedRun {
  readonly folder: string;
  readonly variant: Variant;
  readonly run: FinishedRun;
  /** Activations it was measured on at its end. */
  readonly heldout: string | undefined;
}

export function reportRun(terminal: Terminal, { folder, variant, run, heldout }: ReportedRun): void {
  const { packed, steps, last, elapsedMs, tokensPerSecond } = run;
  const files = runFiles(folder);
  const measured = heldout === undefined ? undefined : packed.description.metrics;
  const bits = bitsPerWeight(packed).total;
  terminal.print(
    [
      `${variant.id}: ${count(variant.dSae)} latents of width ${count(variant.dIn)}, ${count(steps)} steps` +
        (tokensPerSecond ? ` in ${clock(elapsedMs / 1000)} (${count(tokensPerSecond)} tokens/s)` : ", finished before"),
      ...(last ? [`last batch: FVU ${fvu(last.batchFvu)}, L0 ${last.l0.toFixed(1)}, ${count(last.dead)} dead`] : []),
      ...(measured
        ? [
            `held out: FVU ${fvu(measured["fvu"]!)}, L0 ${measured["l0"]!.toFixed(1)}, ${count(measured["dead"]!)} dead in ${count(measured["tokens"]!)} tokens`,
          ]
        : []),
      `wrote ${files.packed} (${bytes(run.bytes)}, ${bits.toFixed(2)} bits per weight), ${files.checkpoint}, ${files.metrics}`,
      ...(measured ? [] : [`next: qsae eval --sae ${folder} --data HELDOUT`]),
    ].join("\n"),
  );
  terminal.result({
    out: resolve(folder),
    variant: variant.id,
    steps,
    d_in: variant.dIn,
    d_sae: variant.dSae,
    bits_per_weight: bits,
    bytes: run.bytes,
    elapsed_ms: elapsedMs,
    ...(tokensPerSecond ? { tokens_per_second: tokensPerSecond } : {}),
    ...(last ? { last_batch_fvu: last.batchFvu } : {}),
    ...(measured ? { heldout: measured } : {}),
    packed: files.packed,
    checkpoint: files.checkpoint,
    metrics: files.metrics,
  });
}
