/** `out[i] = x[indices[i]]`, for those indices that lie in a part of x; bit by bit, whatever the numbers are. */
import type { WgslKernel } from "../kernel.ts";

export const gatherRows: WgslKernel = {
  name: "gather-rows",
  code: /* wgsl */ `
struct Parameters { rows: u32, columns: u32, first_index: u32, x_first: u32, x_rows: u32, x_shift: u32, out_shift: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;            // [x_rows, columns] from x_shift on
@group(0) @binding(1) var<storage, read> indices: array<u32>;      // all
@group(0) @binding(2) var<storage, read_write> out: array<u32>;    // [rows, columns] from out_shift on
@group(0) @binding(3) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = (group.x + group.y * groups.x) * 64u + thread;
  let r = i / p.columns;
  if (r >= p.rows) { return; }
  let row = indices[p.first_index + r] - p.x_first; // wraps around below the part
  if (row < p.x_rows) { out[p.out_shift + i] = x[p.x_shift + row * p.columns + i % p.columns]; }
}
`,
};
