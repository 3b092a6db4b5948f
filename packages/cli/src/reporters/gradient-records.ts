/** Records of gradients as they are stored: keys in the field's spelling, numbers within their bounds. */
import type { GradientRecord, StraightThroughMismatch } from "@qsae/core";
import { z } from "zod";
import { withoutAbsent } from "../config/without-absent.ts";

const share = z.number().min(0).max(1);

const straightThroughSchema = z.strictObject({
  weights: z.number().int().positive(),
  cosine: z.number().min(-1).max(1).optional(),
  relative_error: z.number().nonnegative().optional(),
});

const gradientRecordSchema = z.strictObject({
  norm: z.number().nonnegative(),
  update_ratio: z.number().nonnegative().optional(),
  zero_share: share,
  changed_codes: share.optional(),
  sign_flips: share.optional(),
  straight_through: straightThroughSchema.optional(),
});

/** By parameter. */
export const gradientRecordsSchema = z.record(z.string(), gradientRecordSchema);

type Stored = z.output<typeof gradientRecordsSchema>;

/** For {@link gradientRecordsSchema}. */
export function storedGradients(records: Readonly<Record<string, GradientRecord>>): Stored {
  const stored = ({ norm, updateRatio, zeroShare, changedCodes, signFlips, straightThrough }: GradientRecord) =>
    withoutAbsent({
      norm,
      update_ratio: updateRatio,
      zero_share: zeroShare,
      changed_codes: changedCodes,
      sign_flips: signFlips,
      straight_through: straightThrough && storedMismatch(straightThrough),
    }) as Stored[string];
  return mapped(records, stored);
}

const storedMismatch = ({
  weights,
  cosine,
  relativeError,
}: StraightThroughMismatch): Stored[string]["straight_through"] =>
  withoutAbsent({ weights, cosine, relative_error: relativeError }) as Stored[string]["straight_through"];

/** What {@link storedGradients} was given. */
export function gradientsOf(stored: Stored): Readonly<Record<string, GradientRecord>> {
  return mapped(stored, (record) => {
    const { update_ratio, zero_share, changed_codes, sign_flips, straight_through, norm } = record;
    return withoutAbsent({
      norm,
      updateRatio: update_ratio,
      zeroShare: zero_share,
      changedCodes: changed_codes,
      signFlips: sign_flips,
      straightThrough: straight_through && mismatchOf(straight_through),
    }) as GradientRecord;
  });
}

const mismatchOf = ({
  weights,
  cosine,
  relative_error,
}: z.output<typeof straightThroughSchema>): StraightThroughMismatch =>
  withoutAbsent({ weights, cosine, relativeError: relative_error }) as StraightThroughMismatch;

const mapped = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
