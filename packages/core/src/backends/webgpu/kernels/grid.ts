/**
 * Fake-quantization to uniform grids, one pass each. Number i of the matrix lies in row `i / columns`; a scale `[rows | 1,
 * groups]` belongs to columns / groups neighbouring numbers.
 */
import type { WgslKernel } from "../kernel.ts";
import type { KernelFeatures } from "../kernel-features.ts";
import { sumOfWorkgroup } from "./sum-of-workgroup.ts";

const scaleAt = /* wgsl */ `
fn scale_at(i: u32) -> f32 {
  let group = (i % p.columns) / (p.columns / p.groups);
  return scale[select(i / p.columns, 0u, p.shared_rows == 1u) * p.groups + group];
}
`;

/** `clip(round(w / scale))`, a range of the matrix. */
export const gridCodes: WgslKernel = {
  name: "grid-codes",
  code: /* wgsl */ `
struct Parameters { first: u32, count: u32, columns: u32, groups: u32, shared_rows: u32, down: u32, low: f32, high: f32 }
@group(0) @binding(0) var<storage, read> w: array<f32>;            // a part
@group(0) @binding(1) var<storage, read> scale: array<f32>;        // [rows | 1, groups]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;    // a part
@group(0) @binding(3) var<uniform> p: Parameters;
${scaleAt}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = (group.x + group.y * groups.x) * 64u + thread;
  if (i >= p.count) { return; }
  let units = w[i] / scale_at(p.first + i);
  out[i] = clamp(select(round(units), floor(units), p.down == 1u), p.low, p.high);
}
`,
};

/** `(code + offset) * scale`, a range of the matrix. */
export const gridValues: WgslKernel = {
  name: "grid-values",
  code: /* wgsl */ `
struct Parameters { first: u32, count: u32, columns: u32, groups: u32, shared_rows: u32, offset: f32 }
@group(0) @binding(0) var<storage, read> codes: array<f32>;        // a part
@group(0) @binding(1) var<storage, read> scale: array<f32>;        // [rows | 1, groups]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;    // a part
@group(0) @binding(3) var<uniform> p: Parameters;
${scaleAt}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = (group.x + group.y * groups.x) * 64u + thread;
  if (i >= p.count) { return; }
  out[i] = (codes[i] + p.offset) * scale_at(p.first + i);
}
`,
};

/** The sum of `dy * (code + offset)` over each group of each row of a part: a workgroup each. */
export const gridScaleGradient = (features: KernelFeatures): WgslKernel => {
  const sum = sumOfWorkgroup(features);
  return {
    name: "grid-scale-gradient",
    code: /* wgsl */ `${sum.head}
struct Parameters { first_row: u32, rows: u32, columns: u32, groups: u32, offset: f32 }
@group(0) @binding(0) var<storage, read> dy: array<f32>;           // a part: [rows, columns]
@group(0) @binding(1) var<storage, read> codes: array<f32>;        // a part: [rows, columns]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;    // [all rows, groups]
@group(0) @binding(3) var<uniform> p: Parameters;
${sum.declarations}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32${sum.parameters}) {
  let at = group.x + group.y * groups.x;
  if (at >= p.rows * p.groups) { return; }
  let width = p.columns / p.groups;
  var own = 0.0;
  for (var i = at * width + thread; i < (at + 1u) * width; i += 64u) { own += dy[i] * (codes[i] + p.offset); }
  let total = sum_of_workgroup(own, ${sum.place});
  if (thread == 0u) { out[p.first_row * p.groups + at] = total; }
}
`,
  };
};
