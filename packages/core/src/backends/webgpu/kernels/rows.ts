/** Kernels over the rows of a matrix, or of a part of it, a workgroup per row. */
import type { WgslKernel } from "../kernel.ts";
import type { KernelFeatures } from "../kernel-features.ts";
import { sumOfWorkgroup } from "./sum-of-workgroup.ts";

/** `x / max(norm, min_norm)` */
export const normalizeRows = (features: KernelFeatures): WgslKernel => {
  const sum = sumOfWorkgroup(features);
  return {
    name: "normalize-rows",
    code: /* wgsl */ `${sum.head}
struct Parameters { rows: u32, columns: u32, min_norm: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Parameters;
${sum.declarations}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32${sum.parameters}) {
  let r = group.x + group.y * groups.x;
  if (r >= p.rows) { return; }
  var sum = 0.0;
  for (var c = thread; c < p.columns; c += 64u) { let v = x[r * p.columns + c]; sum += v * v; }
  let norm = max(sqrt(sum_of_workgroup(sum, ${sum.place})), p.min_norm);
  for (var c = thread; c < p.columns; c += 64u) { out[r * p.columns + c] = x[r * p.columns + c] / norm; }
}
`,
  };
};

/** `gradient - <gradient, atom> atom` */
export const removeParallel = (features: KernelFeatures): WgslKernel => {
  const sum = sumOfWorkgroup(features);
  return {
    name: "remove-parallel",
    code: /* wgsl */ `${sum.head}
struct Parameters { rows: u32, columns: u32 }
@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read> atoms: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Parameters;
${sum.declarations}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32${sum.parameters}) {
  let r = group.x + group.y * groups.x;
  if (r >= p.rows) { return; }
  var sum = 0.0;
  for (var c = thread; c < p.columns; c += 64u) { sum += gradient[r * p.columns + c] * atoms[r * p.columns + c]; }
  let along = sum_of_workgroup(sum, ${sum.place});
  for (var c = thread; c < p.columns; c += 64u) {
    out[r * p.columns + c] = gradient[r * p.columns + c] - along * atoms[r * p.columns + c];
  }
}
`,
  };
};
