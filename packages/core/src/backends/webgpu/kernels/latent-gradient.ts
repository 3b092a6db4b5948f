/** `out[i, r] = <dy[i], W_dec[indices[i, r]]>`: a workgroup per token. */
import type { WgslKernel } from "../kernel.ts";
import { sumOfWorkgroup } from "./sum-of-workgroup.ts";

export const latentGradient: WgslKernel = {
  name: "latent-gradient",
  code: /* wgsl */ `
struct Parameters { n: u32, k: u32, d_in: u32, row: u32 }
@group(0) @binding(0) var<storage, read> dy: array<f32>;          // [n, d_in]
@group(0) @binding(1) var<storage, read> indices: array<i32>;     // [n, k]
@group(0) @binding(2) var<storage, read> w_dec: array<f32>;       // [d_sae, d_in]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;   // [n, k]
@group(0) @binding(4) var<uniform> p: Parameters;
${sumOfWorkgroup}
@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let token = group.x + group.y * p.row;
  if (token >= p.n) { return; }
  for (var r = token * p.k; r < (token + 1u) * p.k; r += 1u) {
    let row = u32(indices[r]) * p.d_in;
    var sum = 0.0;
    for (var c = thread; c < p.d_in; c += 64u) { sum += dy[token * p.d_in + c] * w_dec[row + c]; }
    let total = sum_of_workgroup(sum, thread);
    if (thread == 0u) { out[r] = total; }
  }
}
`,
};
