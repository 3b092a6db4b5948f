/** The k largest per row by sorting: larger first, then the lower column; reported by column. The oracle of every top-k. */
export function largest(
  x: Float32Array,
  n: number,
  width: number,
  k: number,
): { readonly values: Float32Array; readonly indices: Int32Array } {
  const values: number[] = [];
  const indices: number[] = [];
  for (let i = 0; i < n; i++) {
    const row = x.subarray(i * width, (i + 1) * width);
    const order = [...row.keys()].sort((a, b) => (row[b]! === row[a]! ? a - b : row[b]! - row[a]!)).slice(0, k);
    for (const j of order.sort((a, b) => a - b)) {
      indices.push(j);
      values.push(row[j]! + 0); // -0 counts as 0
    }
  }
  return { values: Float32Array.from(values), indices: Int32Array.from(indices) };
}
