/**
 * `out[i] = sum_r values[i, r] rows[indices[i, r]]`: a workgroup per token, its threads over the dimensions. With the rows in
 * parts, each run adds what its part has, in the same order as one run would.
 */
import type { WgslKernel } from "../kernel.ts";

export const decodeSparse: WgslKernel = {
  name: "decode-sparse",
  code: /* wgsl */ `
struct Parameters { n: u32, k: u32, d_in: u32, first_row: u32, last_row: u32 }
@group(0) @binding(0) var<storage, read> values: array<f32>;      // [n, k]
@group(0) @binding(1) var<storage, read> indices: array<i32>;     // [n, k], ascending
@group(0) @binding(2) var<storage, read> rows: array<f32>;        // a part: [rows, d_in]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;   // [n, d_in]
@group(0) @binding(4) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let token = group.x + group.y * groups.x;
  if (token >= p.n) { return; }
  for (var c = thread; c < p.d_in; c += 64u) {
    var sum = 0.0;
    if (p.first_row > 0u) { sum = out[token * p.d_in + c]; }
    for (var r = token * p.k; r < (token + 1u) * p.k; r += 1u) {
      let row = u32(indices[r]);
      if (row >= p.first_row && row < p.last_row) { sum += values[r] * rows[(row - p.first_row) * p.d_in + c]; }
    }
    out[token * p.d_in + c] = sum;
  }
}
`,
};
