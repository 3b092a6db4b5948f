/**
 * `out = x^T` for a range of rows and a range of columns: 16 times 16 threads, each with a square of 4 times 4. Threads beside
 * each other read beside each other, and a workgroup writes whole cache lines; no shared memory and no barriers.
 */
import type { WgslKernel } from "../kernel.ts";

export const transpose: WgslKernel = {
  name: "transpose",
  code: /* wgsl */ `
struct Parameters { rows: u32, columns: u32, first_row: u32, row_count: u32, first_column: u32, column_count: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;             // a part: [row_count, columns]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;     // a part: [column_count, rows]
@group(0) @binding(2) var<uniform> p: Parameters;

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  let column = 4u * thread.x;
  let row = 4u * thread.y;
  for (var c = column; c < min(column + 4u, p.column_count); c += 1u) {
    for (var r = row; r < min(row + 4u, p.row_count); r += 1u) {
      out[c * p.rows + p.first_row + r] = x[r * p.columns + p.first_column + c];
    }
  }
}
`,
};
