/** Numbers moved onto a quantizer's grid, and the gradient to its scale. */
import { UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { fill } from "./fill.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

/** `code = clip(round(x / scale - offset), min, max)`, half to even, stands for `(code + offset) * scale`. */
interface UniformGrid {
  /** `[rows, columns]`. */
  readonly x: Pointer;
  /** `[rows]`. Not checked: x / 0 is infinite or NaN, as everywhere. */
  readonly scale: Pointer;
  readonly rows: number;
  readonly columns: number;
  /** Smallest and largest code. */
  readonly min: number;
  readonly max: number;
  /** Default 0. With 0.5 there is no code for zero: levels lie on both sides of it. */
  readonly offset?: number;
}

export interface FakeQuantize extends UniformGrid {
  /** `[rows, columns]`, may be `x`. */
  readonly out: Pointer;
  /** `[rows, columns]` float32, where the codes are wanted too. */
  readonly codes?: Pointer;
}

export interface FakeQuantizeScaleGradient extends UniformGrid {
  /** Gradient to `out` of {@link fakeQuantize}: `[rows, columns]`. */
  readonly dOut: Pointer;
  /** `[rows]`. */
  readonly out: Pointer;
}

/** What a division weighs in numbers that are only moved. */
const DIVISION = 2;

/**
 * `out = (code + offset) * scale`, each step rounded to float32. NaN stays NaN, in the codes too.
 * @throws UsageError for sizes that are none, or `min` above `max`
 */
export function fakeQuantize(engine: Engine, options: FakeQuantize): void {
  const { x, scale, out, codes = 0, rows, columns, min, max, offset = 0 } = options;
  check("fakeQuantize", options);
  if (rows === 0 || columns === 0) return;
  const run = runFor(engine, DIVISION * rows * columns);
  run("fakeQuantize", x, scale, out, codes, rows, columns, min, max, offset);
}

/**
 * `out [rows]`: the sum over a row of `dOut * (code + offset)`, the exact gradient to the scale with codes held fixed.
 * @throws UsageError for sizes that are none, or `min` above `max`
 */
export function fakeQuantizeScaleGradient(engine: Engine, options: FakeQuantizeScaleGradient): void {
  const { dOut, x, scale, out, rows, columns, min, max, offset = 0 } = options;
  check("fakeQuantizeScaleGradient", options);
  if (columns === 0) return fill(engine, { out, length: rows, value: 0 });
  if (rows === 0) return;
  const run = runFor(engine, DIVISION * rows * columns);
  run("fakeQuantizeScaleGradient", dOut, x, scale, out, rows, columns, min, max, offset);
}

function check(kernel: string, { rows, columns, min, max }: UniformGrid): void {
  checkSizes(kernel, { rows, columns });
  if (!(min <= max)) throw new UsageError(`${kernel}: codes min=${min} .. max=${max}; give min <= max`);
}
