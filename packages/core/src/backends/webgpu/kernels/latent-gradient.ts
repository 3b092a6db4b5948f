/**
 * `out[i, r] = <dy[i], W_dec[indices[i, r]]>`: a workgroup per token, 16 threads per latent, whose sums are added up 64
 * latents at a time. With W_dec in parts, each run does the latents of its part.
 */
import type { WgslKernel } from "../kernel.ts";

export const latentGradient: WgslKernel = {
  name: "latent-gradient",
  code: /* wgsl */ `
struct Parameters { n: u32, k: u32, d_in: u32, first_row: u32, last_row: u32 }
@group(0) @binding(0) var<storage, read> dy: array<f32>;          // [n, d_in]
@group(0) @binding(1) var<storage, read> indices: array<i32>;     // [n, k]
@group(0) @binding(2) var<storage, read> w_dec: array<f32>;       // a part: [rows, d_in]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;   // [n, k]
@group(0) @binding(4) var<uniform> p: Parameters;
var<workgroup> sums: array<array<f32, 17>, 64>; // [latents, threads of each], padded for the banks

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let token = group.x + group.y * groups.x;
  if (token >= p.n) { return; }
  let lane = thread % 16u;
  for (var first = 0u; first < p.k; first += 64u) {
    for (var r = thread / 16u; r < min(64u, p.k - first); r += 4u) {
      let row = u32(indices[token * p.k + first + r]);
      var sum = 0.0;
      if (row >= p.first_row && row < p.last_row) {
        let at = (row - p.first_row) * p.d_in;
        for (var c = lane; c < p.d_in; c += 16u) { sum += dy[token * p.d_in + c] * w_dec[at + c]; }
      }
      sums[r][lane] = sum;
    }
    workgroupBarrier();
    let r = first + thread;
    if (r < p.k) {
      let row = u32(indices[token * p.k + r]);
      if (row >= p.first_row && row < p.last_row) {
        var sum = 0.0;
        for (var l = 0u; l < 16u; l += 1u) { sum += sums[thread][l]; }
        out[token * p.k + r] = sum;
      }
    }
    workgroupBarrier();
  }
}
`,
};
