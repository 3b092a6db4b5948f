/** The positions of a window that are replaced: all but the first. */

/** `[n, context, d]` -> `[n * (context - 1), d]`, a copy */
export function withoutFirst(values: Float32Array, context: number, d: number): Float32Array {
  const whole = context * d;
  const kept = whole - d;
  const n = values.length / whole;
  const rows = new Float32Array(n * kept);
  for (let w = 0; w < n; w++) rows.set(values.subarray(w * whole + d, (w + 1) * whole), w * kept);
  return rows;
}

/** `values [n, context, d]` with the rows `[n * (context - 1), d]` in place of its own, the first of each window kept. A copy. */
export function withReplaced(values: Float32Array, rows: Float32Array, context: number, d: number): Float32Array {
  const whole = context * d;
  const kept = whole - d;
  const replaced = values.slice();
  for (let at = 0, w = 0; at < rows.length; at += kept, w++) {
    replaced.set(rows.subarray(at, at + kept), w * whole + d);
  }
  return replaced;
}
