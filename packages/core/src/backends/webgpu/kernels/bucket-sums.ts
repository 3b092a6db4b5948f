/**
 * Gradients of matrices whose row j only the tokens see on which latent j is active: `out[j] = sum over its entries of
 * values[e] (rows[token of e] - center)`, and the sum of the values alone. A workgroup per latent; of the latents of a part.
 */
import type { WgslKernel } from "../kernel.ts";

export const bucketSums: WgslKernel = {
  name: "bucket-sums",
  code: /* wgsl */ `
struct Parameters { first_latent: u32, latents: u32, d_in: u32, k: u32, centered: u32 }
@group(0) @binding(0) var<storage, read> starts: array<u32>;           // [d_sae + 1]
@group(0) @binding(1) var<storage, read> entries: array<u32>;
@group(0) @binding(2) var<storage, read> values: array<f32>;           // [n, k]
@group(0) @binding(3) var<storage, read> rows: array<f32>;             // [n, d_in]
@group(0) @binding(4) var<storage, read> center: array<f32>;           // [d_in], of which nothing is used unless centered
@group(0) @binding(5) var<storage, read_write> out: array<f32>;        // a part: [latents, d_in]
@group(0) @binding(6) var<storage, read_write> sums: array<f32>;       // [d_sae]
@group(0) @binding(7) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let latent = group.x + group.y * groups.x;
  if (latent >= p.latents) { return; }
  let j = p.first_latent + latent;
  let last = starts[j + 1u];
  for (var c = thread; c < p.d_in; c += 64u) {
    var middle = 0.0;
    if (p.centered == 1u) { middle = center[c]; }
    var sum = 0.0;
    for (var at = starts[j]; at < last; at += 1u) {
      let e = entries[at];
      sum += values[e] * (rows[(e / p.k) * p.d_in + c] - middle);
    }
    out[latent * p.d_in + c] = sum;
  }
  if (thread == 0u) {
    var sum = 0.0;
    for (var at = starts[j]; at < last; at += 1u) { sum += values[entries[at]]; }
    sums[j] = sum;
  }
}
`,
};
