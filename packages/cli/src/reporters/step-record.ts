/** Step events as they are stored: one JSON object per line, keys in the field's spelling. The only place that maps them. */
import type { StepEvent } from "@qsae/core";
import { FormatError } from "@qsae/runtime";
import { z } from "zod";
import { gradientRecordsSchema, gradientsOf, storedGradients } from "./gradient-records.ts";

const stepRecordSchema = z.strictObject({
  step: z.number().int().positive(),
  total_steps: z.number().int().positive(),
  tokens: z.number().int().nonnegative(),
  lr: z.number(),
  loss: z.number(),
  losses: z.record(z.string(), z.number()),
  l0: z.number(),
  dead: z.number(),
  // JSON has no NaN: the FVU of a batch that does not vary is null.
  batch_fvu: z.number().nullable(),
  // Runs of before there were norms have none.
  grad_norms: z.record(z.string(), z.number()).default({}),
  gradients: gradientRecordsSchema.optional(),
  resampled: z.number().int().nonnegative().optional(),
  elapsed_ms: z.number(),
});

/** A line for the event, ending in a line break. */
export function stepLine({
  step,
  totalSteps,
  tokens,
  lr,
  loss,
  losses,
  l0,
  dead,
  batchFvu,
  gradNorms,
  gradients,
  resampled,
  elapsedMs,
}: StepEvent): string {
  const record: z.input<typeof stepRecordSchema> = {
    step,
    total_steps: totalSteps,
    tokens,
    lr,
    loss,
    losses,
    l0,
    dead,
    batch_fvu: Number.isNaN(batchFvu) ? null : batchFvu,
    grad_norms: gradNorms,
    ...(gradients === undefined ? {} : { gradients: storedGradients(gradients) }),
    ...(resampled === undefined ? {} : { resampled }),
    elapsed_ms: elapsedMs,
  };
  return `${JSON.stringify(record)}\n`;
}

/**
 * Step events of a metrics file. A last line without a line break was cut off by a crash and is left out.
 *
 * @param path what errors call the file
 * @throws FormatError naming the line that is no step event
 */
export function parseStepLines(text: string, path: string): readonly StepEvent[] {
  const whole = text.split("\n").slice(0, -1);
  return whole.map((line, i) => {
    const parsed = stepRecordSchema.safeParse(jsonOf(line));
    if (!parsed.success)
      throw new FormatError(path, `line ${i + 1} is no training step; expected what qsae train writes`);
    const {
      total_steps: totalSteps,
      batch_fvu: batchFvu,
      grad_norms: gradNorms,
      elapsed_ms: elapsedMs,
      gradients,
      resampled,
      ...same
    } = parsed.data;
    return {
      ...same,
      totalSteps,
      batchFvu: batchFvu ?? NaN,
      gradNorms,
      elapsedMs,
      ...(gradients === undefined ? {} : { gradients: gradientsOf(gradients) }),
      ...(resampled === undefined ? {} : { resampled }),
    };
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
