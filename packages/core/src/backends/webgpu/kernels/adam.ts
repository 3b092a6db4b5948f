/** Adam in place, fused (Kingma & Ba 2015, algorithm 1), on a range of the entries. */
import type { WgslKernel } from "../kernel.ts";

export const adam: WgslKernel = {
  name: "adam",
  code: /* wgsl */ `
struct Parameters { length: u32, rate: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, eps: f32, correction2: f32 } // rest: 1 - beta
@group(0) @binding(0) var<storage, read_write> param: array<f32>;
@group(0) @binding(1) var<storage, read_write> m: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = (group.x + group.y * groups.x) * 64u + thread;
  if (i >= p.length) { return; }
  let g = gradient[i];
  let m1 = p.beta1 * m[i] + p.rest1 * g;
  let v1 = p.beta2 * v[i] + p.rest2 * g * g;
  m[i] = m1;
  v[i] = v1;
  param[i] -= p.rate * m1 / (sqrt(v1 * p.correction2) + p.eps);
}
`,
};
