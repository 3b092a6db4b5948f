/** Functions of one number, elementwise. */
import { unknownName, UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { unaryOps, type UnaryOp } from "./elementwise-ops.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface Unary {
  readonly x: Pointer;
  /** May be `x`. */
  readonly out: Pointer;
  /** Numbers in each of the two. */
  readonly length: number;
  /** `clip`: the lower bound. `step`: what numbers that are not positive become, default 0. */
  readonly alpha?: number;
  /** `clip`: the upper bound. */
  readonly beta?: number;
}

/** Operations whose arithmetic, not memory, takes the time: this many numbers of others take as long. */
const slowness: Partial<Record<UnaryOp, number>> = { exp: 4, log: 4, sigmoid: 4, tanh: 4 };

/**
 * `out = op(x)`. Every op takes NaN to NaN, except `toInt32`.
 *
 * - `neg abs square sqrt rsqrt reciprocal relu floor ceil`: IEEE; `relu` of -0 is 0, `clip` keeps it.
 * - `exp log sigmoid tanh`: within 2.5 units in the last place, 2e-7 of the result; subnormal numbers are not flushed.
 * - `round`: half to even. `sign`: as Math.sign, zeros keep their sign.
 * - `step`: `x > 0 ? 1 : alpha`. `clip`: to `[alpha, beta]`.
 * - `toInt32`: writes int32, toward zero, saturated, NaN to 0. `fromInt32`: reads int32.
 *
 * @throws UsageError for an unknown op, a length that is none, `clip` without `alpha <= beta`
 */
export function unary(engine: Engine, op: UnaryOp, { x, out, length, alpha, beta }: Unary): void {
  const code = unaryOps.indexOf(op);
  if (code < 0) throw unknownName("unary op", op, unaryOps);
  checkSizes("unary", { length });
  if (op === "clip" && !(alpha! <= beta!)) {
    throw new UsageError(`unary: clip to alpha=${alpha} .. beta=${beta}; give both, alpha <= beta`);
  }
  if (length === 0) return;
  runFor(engine, length * (slowness[op] ?? 1))("unary", code, x, out, length, alpha ?? 0, beta ?? 0);
}
