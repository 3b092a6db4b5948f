/** Sums, differences and products of numbers, or of numbers and one number: of tensors that tfjs cannot bind whole. */
import type { WgslKernel } from "../kernel.ts";

export const ARITHMETIC = { Add: 0, Sub: 1, Multiply: 2 } as const;

export const arithmetic: WgslKernel = {
  name: "arithmetic",
  code: /* wgsl */ `
struct Parameters { count: u32, op: u32, one_a: u32, one_b: u32 }
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = (group.x + group.y * groups.x) * 64u + thread;
  if (i >= p.count) { return; }
  let left = a[select(i, 0u, p.one_a == 1u)];
  let right = b[select(i, 0u, p.one_b == 1u)];
  switch p.op {
    case ${ARITHMETIC.Add}u: { out[i] = left + right; }
    case ${ARITHMETIC.Sub}u: { out[i] = left - right; }
    default: { out[i] = left * right; }
  }
}
`,
};
