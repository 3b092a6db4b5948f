/** One of two numbers, elementwise. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface Select {
  /** float32: zero (of either sign) takes `b`, everything else, NaN included, `a`. */
  readonly condition: Pointer;
  readonly a: Pointer;
  readonly b: Pointer;
  /** May be any of the inputs. */
  readonly out: Pointer;
  /** Numbers in each of the four. */
  readonly length: number;
}

/**
 * `out = condition !== 0 ? a : b`.
 * @throws UsageError for a length that is none
 */
export function select(engine: Engine, { condition, a, b, out, length }: Select): void {
  checkSizes("select", { length });
  if (length > 0) runFor(engine, length)("select", condition, a, b, out, length);
}
