/** Kernels over the rows of a matrix, a workgroup per row. */
import type { WgslKernel } from "../kernel.ts";
import { sumOfWorkgroup } from "./sum-of-workgroup.ts";

/** `x / max(norm, min_norm)` */
export const normalizeRows: WgslKernel = {
  name: "normalize-rows",
  code: /* wgsl */ `
struct Parameters { rows: u32, columns: u32, row: u32, min_norm: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Parameters;
${sumOfWorkgroup}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.x + group.y * p.row;
  if (r >= p.rows) { return; }
  var sum = 0.0;
  for (var c = thread; c < p.columns; c += 64u) { let v = x[r * p.columns + c]; sum += v * v; }
  let norm = max(sqrt(sum_of_workgroup(sum, thread)), p.min_norm);
  for (var c = thread; c < p.columns; c += 64u) { out[r * p.columns + c] = x[r * p.columns + c] / norm; }
}
`,
};

/** `gradient - <gradient, atom> atom` */
export const removeParallel: WgslKernel = {
  name: "remove-parallel",
  code: /* wgsl */ `
struct Parameters { rows: u32, columns: u32, row: u32 }
@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read> atoms: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Parameters;
${sumOfWorkgroup}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.x + group.y * p.row;
  if (r >= p.rows) { return; }
  var sum = 0.0;
  for (var c = thread; c < p.columns; c += 64u) { sum += gradient[r * p.columns + c] * atoms[r * p.columns + c]; }
  let along = sum_of_workgroup(sum, thread);
  for (var c = thread; c < p.columns; c += 64u) {
    out[r * p.columns + c] = gradient[r * p.columns + c] - along * atoms[r * p.columns + c];
  }
}
`,
};
