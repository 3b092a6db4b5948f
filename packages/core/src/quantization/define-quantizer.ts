import { UsageError } from "@qsae/runtime";
import type { Grid, Quantizer } from "../contracts/quantizer.ts";

/**
 * Checks a quantizer's data once, where it is made, and fixes its type. Its functions need not tidy: what they create and do not
 * return is disposed.
 *
 * @throws UsageError if the codes are not an integer range, or the rule does not fit them
 * @example
 * const ternary = defineQuantizer({
 *   id: "ternary",
 *   options: {},
 *   codes: [-1, 1],
 *   dequantize: { kind: "affine" },
 *   calibrate: (ops, w) => ({ scale: ops.mean(ops.abs(w), 1, true) }), // [d_sae, 1]
 *   encode: (ops, w, { scale }) => ops.clipByValue(ops.round(ops.div(w, scale)), -1, 1),
 * });
 */
export function defineQuantizer<G extends Grid>(quantizer: Quantizer<G>): Quantizer<G> {
  const { id, codes, dequantize } = quantizer;
  const [min, max] = codes;
  if (!/^[a-z][a-z0-9.-]*$/.test(id)) {
    throw new UsageError(
      `quantizer id "${id}": use lower-case letters, digits, dots and dashes, starting with a letter`,
    );
  }
  if (!Number.isInteger(min) || !Number.isInteger(max) || max <= min || max - min > 255) {
    throw new UsageError(
      `quantizer ${id}: codes [${min}, ${max}] must be integers with min < max and at most 256 levels`,
    );
  }
  const rule = dequantize.kind === "sum" ? dequantize.each : dequantize;
  if (rule.kind === "table" && rule.levels.length !== max - min + 1) {
    throw new UsageError(
      `quantizer ${id}: table has ${rule.levels.length} levels for ${max - min + 1} codes [${min}, ${max}]`,
    );
  }
  if (dequantize.kind === "sum" && (!Number.isInteger(dequantize.planes) || dequantize.planes < 1)) {
    throw new UsageError(`quantizer ${id}: planes=${dequantize.planes} must be an integer of at least 1`);
  }
  return {
    ...quantizer,
    calibrate: (ops, w) => ops.tidy(() => quantizer.calibrate(ops, w)),
    encode: (ops, w, grid) => ops.tidy(() => quantizer.encode(ops, w, grid)),
    ...(quantizer.backward && {
      backward: (ops, dy, w, grid) => ops.tidy(() => quantizer.backward!(ops, dy, w, grid)),
    }),
  };
}
