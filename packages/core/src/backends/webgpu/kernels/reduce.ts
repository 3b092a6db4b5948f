/**
 * Sums where tfjs has one workgroup do all of it: over whole tensors, slice by slice, and over the rows of a matrix; and
 * products of a matrix and a vector. Always in the same order.
 */
import type { WgslKernel } from "../kernel.ts";
import type { KernelFeatures } from "../kernel-features.ts";
import { sumOfWorkgroup } from "./sum-of-workgroup.ts";

/** Numbers that a workgroup adds up. */
export const SLICE = 4096;
/** Rows that a thread adds up. */
export const ROWS = 128;

/** `out[s] = factor sum over slice s of a b`, or of a alone. */
export const sliceSums = (features: KernelFeatures): WgslKernel => {
  const sum = sumOfWorkgroup(features);
  return {
    name: "slice-sums",
    code: /* wgsl */ `${sum.head}
struct Parameters { count: u32, slices: u32, first_slice: u32, with_b: u32, factor: f32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;            // a part, whole slices
@group(0) @binding(1) var<storage, read> b: array<f32>;            // the same of the other, of which nothing is used unless with_b
@group(0) @binding(2) var<storage, read_write> out: array<f32>;    // [all slices]
@group(0) @binding(3) var<uniform> p: Parameters;
${sum.declarations}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32${sum.parameters}) {
  let slice = group.x + group.y * groups.x;
  if (slice >= p.slices) { return; }
  let last = min((slice + 1u) * ${SLICE}u, p.count);
  var own = 0.0;
  for (var i = slice * ${SLICE}u + thread; i < last; i += 64u) {
    var value = a[i];
    if (p.with_b == 1u) { value *= b[i]; }
    own += value;
  }
  let total = sum_of_workgroup(own, ${sum.place});
  if (thread == 0u) { out[p.first_slice + slice] = p.factor * total; }
}
`,
  };
};

/** `out[r] = <a[r], b>` for the rows of a part. */
export const rowDots = (features: KernelFeatures): WgslKernel => {
  const sum = sumOfWorkgroup(features);
  return {
    name: "row-dots",
    code: /* wgsl */ `${sum.head}
struct Parameters { rows: u32, columns: u32, out_shift: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;            // a part: [rows, columns]
@group(0) @binding(1) var<storage, read> b: array<f32>;            // [columns]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;    // [rows] from out_shift on
@group(0) @binding(3) var<uniform> p: Parameters;
${sum.declarations}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32${sum.parameters}) {
  let row = group.x + group.y * groups.x;
  if (row >= p.rows) { return; }
  var own = 0.0;
  for (var c = thread; c < p.columns; c += 64u) { own += a[row * p.columns + c] * b[c]; }
  let total = sum_of_workgroup(own, ${sum.place});
  if (thread == 0u) { out[p.out_shift + row] = total; }
}
`,
  };
};

/** `out[s, c] = factor sum over the rows of slice s of a[r, c]`: a thread per column. A part goes on where the last one ended. */
export const columnSums: WgslKernel = {
  name: "column-sums",
  code: /* wgsl */ `
struct Parameters { first_row: u32, rows: u32, all_rows: u32, columns: u32, factor: f32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;            // a part: [rows, columns]
@group(0) @binding(1) var<storage, read_write> out: array<f32>;    // [all slices, columns]
@group(0) @binding(2) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  if (thread.x >= p.columns) { return; }
  let slice = p.first_row / ${ROWS}u + thread.y;
  let end = min((slice + 1u) * ${ROWS}u, p.all_rows);
  let first = max(slice * ${ROWS}u, p.first_row);
  let last = min(end, p.first_row + p.rows);
  let to = slice * p.columns + thread.x;
  var sum = 0.0;
  if (first > slice * ${ROWS}u) { sum = out[to]; }
  for (var r = first; r < last; r += 1u) { sum += a[(r - p.first_row) * p.columns + thread.x]; }
  out[to] = select(sum, p.factor * sum, last == end);
}
`,
};
