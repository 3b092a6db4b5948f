/** Columns of a matrix into columns of another one, for a range of the rows of both; bit by bit, whatever the numbers are. */
import type { WgslKernel } from "../kernel.ts";

export const copyColumns: WgslKernel = {
  name: "copy-columns",
  code: /* wgsl */ `
struct Parameters { rows: u32, columns: u32, from_first: u32, from_columns: u32, to_first: u32, to_columns: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;            // [rows, from_columns], from from_first on
@group(0) @binding(1) var<storage, read_write> out: array<u32>;    // [rows, to_columns], from to_first on
@group(0) @binding(2) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = (group.x + group.y * groups.x) * 64u + thread;
  let r = i / p.columns;
  if (r >= p.rows) { return; }
  let c = i % p.columns;
  out[p.to_first + r * p.to_columns + c] = x[p.from_first + r * p.from_columns + c];
}
`,
};
