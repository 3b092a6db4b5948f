/** Checks of single values that the validators of the schema share. Each reports through `fail` and returns nothing. */
import type { Fail } from "../strict-json.ts";

export function checkInteger(value: number, [min, max]: readonly [number, number], name: string, fail: Fail): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    fail(`${name} is ${value}; expected an integer in ${min}..${max}`);
  }
}

export function checkFinite(value: number, name: string, fail: Fail): void {
  if (!Number.isFinite(value)) fail(`${name} is ${value}; expected a finite number`);
}

/** `values` has `length` elements, all finite. */
export function checkFloats(values: Float32Array, length: number, name: string, fail: Fail): void {
  if (values.length !== length) fail(`${name} has ${values.length} elements; expected ${length}`);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) fail(`${name} is ${values[bad]} at ${bad}; expected finite numbers`);
}
