/** One number everywhere. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface Fill {
  readonly out: Pointer;
  readonly length: number;
  /** Rounded to float32. */
  readonly value: number;
}

/** @throws UsageError for a length that is none */
export function fill(engine: Engine, { out, length, value }: Fill): void {
  checkSizes("fill", { length });
  if (length > 0) runFor(engine, length)("fill", out, length, value);
}
