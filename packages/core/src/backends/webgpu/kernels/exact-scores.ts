/**
 * Exact scores of the chosen latents of each token, by the same chain of multiply-adds as `scan-exact`, padding included: a
 * workgroup per token, 64 latents at a time, a thread each.
 */
import type { WgslKernel } from "../kernel.ts";
import { order } from "./order.ts";

export const exactScores: WgslKernel = {
  name: "exact-scores",
  code: /* wgsl */ `
struct Parameters { n: u32, d_in: u32, candidates: u32, first_latent: u32, last_latent: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;               // [n, d_in]
@group(0) @binding(1) var<storage, read> center: array<f32>;          // [d_in]
@group(0) @binding(2) var<storage, read> rows: array<f32>;            // W_enc transposed, a part: [latents, d_in]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;           // [d_sae]
@group(0) @binding(4) var<storage, read> chosen: array<vec2u>;        // [n, candidates]
@group(0) @binding(5) var<storage, read_write> scored: array<vec2u>;  // [n, candidates]
@group(0) @binding(6) var<uniform> p: Parameters;
var<workgroup> latents: array<u32, 64>;
var<workgroup> x_tile: array<f32, 16>;
var<workgroup> w_tile: array<array<f32, 65>, 16>; // [depth, latents], padded for the banks
${order}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let token = group.x + group.y * groups.x;
  if (token >= p.n) { return; }
  for (var first = 0u; first < p.candidates; first += 64u) {
    let at = token * p.candidates + first + thread;
    var own = NO_LATENT;
    if (first + thread < p.candidates) { own = chosen[at].y; }
    latents[thread] = own;
    workgroupBarrier();
    var sum = 0.0;
    for (var d = 0u; d < p.d_in; d += 16u) {
      for (var e = thread; e < 1024u; e += 64u) {
        let latent = latents[e / 16u];
        let c = d + e % 16u;
        var value = 0.0;
        if (latent >= p.first_latent && latent < p.last_latent && c < p.d_in) { value = rows[(latent - p.first_latent) * p.d_in + c]; }
        w_tile[e % 16u][e / 16u] = value;
      }
      if (thread < 16u) {
        let c = d + thread;
        var value = 0.0;
        if (c < p.d_in) { value = x[token * p.d_in + c] - center[c]; }
        x_tile[thread] = value;
      }
      workgroupBarrier();
      for (var c = 0u; c < 16u; c += 1u) { sum = fma(x_tile[c], w_tile[c][thread], sum); }
      workgroupBarrier();
    }
    if (own >= p.first_latent && own < p.last_latent) { scored[at] = vec2u(key_of(sum + b_enc[own]), own); }
  }
}
`,
};
