/**
 * `h = (x - center) W_enc + b_enc` and the k best of it, without `[n, d_sae]` ever being written: a workgroup takes 64 tokens and
 * one segment of the latents, computes scores tile by tile in shared memory, and keeps each token's k best of its segment in
 * a heap, the worst on top. `merge-candidates` puts the segments together.
 *
 * Of equal scores the lower index is the better one.
 */
import type { WgslKernel } from "../kernel.ts";

/** Tokens of a workgroup, and latents of a tile. */
export const TOKENS = 64;
const LATENTS = 32;
const DEPTH = 16;

export const encodeCandidates: WgslKernel = {
  name: "encode-candidates",
  code: /* wgsl */ `
struct Parameters { n: u32, d_in: u32, d_sae: u32, k: u32, segments: u32, segment_width: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;              // [n, d_in]
@group(0) @binding(1) var<storage, read> center: array<f32>;         // [d_in]
@group(0) @binding(2) var<storage, read> w_enc: array<f32>;          // [d_in, d_sae]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;          // [d_sae]
@group(0) @binding(4) var<storage, read_write> heap_values: array<f32>;  // [n, segments, k]
@group(0) @binding(5) var<storage, read_write> heap_indices: array<u32>; // [n, segments, k]
@group(0) @binding(6) var<uniform> p: Parameters;

const T = ${TOKENS}u;
const L = ${LATENTS}u;
const D = ${DEPTH}u;
var<workgroup> x_tile: array<array<f32, T>, D>;
var<workgroup> w_tile: array<array<f32, L>, D>;
var<workgroup> scores: array<array<f32, T>, L>;

fn is_worse(value: f32, index: u32, than_value: f32, than_index: u32) -> bool {
  return value < than_value || (value == than_value && index > than_index);
}

// Puts an entry in the place of the top of the heap at "base" and restores it.
fn replace_top(base: u32, size: u32, value: f32, index: u32) {
  var at = 0u;
  loop {
    var child = 2u * at + 1u;
    if (child >= size) { break; }
    if (child + 1u < size && is_worse(heap_values[base + child + 1u], heap_indices[base + child + 1u], heap_values[base + child], heap_indices[base + child])) {
      child += 1u;
    }
    if (!is_worse(heap_values[base + child], heap_indices[base + child], value, index)) { break; }
    heap_values[base + at] = heap_values[base + child];
    heap_indices[base + at] = heap_indices[base + child];
    at = child;
  }
  heap_values[base + at] = value;
  heap_indices[base + at] = index;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first_token = group.x * T;
  let segment = group.y;
  let first_latent = segment * p.segment_width;
  let last_latent = min(first_latent + p.segment_width, p.d_sae);
  let row = 4u * (thread / 16u); // of the thread's first token in the tile
  let column = 2u * (thread % 16u); // of its first latent
  let heap = ((first_token + thread) * p.segments + segment) * p.k;
  let keeps = thread < T && first_token + thread < p.n;
  var size = 0u;
  if (keeps) {
    // Worse than all there is: a heap from the start.
    for (var i = 0u; i < p.k; i += 1u) {
      heap_values[heap + i] = -3.4028234e38;
      heap_indices[heap + i] = 0xffffffffu;
    }
  }
  for (var latent = first_latent; latent < last_latent; latent += L) {
    var sum = array<vec2f, 4>();
    for (var d = 0u; d < p.d_in; d += D) {
      for (var i = thread; i < T * D; i += 256u) {
        let token = first_token + i / D;
        let c = d + i % D;
        var value = 0.0;
        if (token < p.n && c < p.d_in) { value = x[token * p.d_in + c] - center[c]; }
        x_tile[i % D][i / D] = value;
      }
      for (var i = thread; i < L * D; i += 256u) {
        let j = latent + i % L;
        let c = d + i / L;
        var value = 0.0;
        if (j < last_latent && c < p.d_in) { value = w_enc[c * p.d_sae + j]; }
        w_tile[i / L][i % L] = value;
      }
      workgroupBarrier();
      for (var c = 0u; c < D; c += 1u) {
        let w = vec2f(w_tile[c][column], w_tile[c][column + 1u]);
        for (var t = 0u; t < 4u; t += 1u) { sum[t] += x_tile[c][row + t] * w; }
      }
      workgroupBarrier();
    }
    for (var t = 0u; t < 4u; t += 1u) {
      scores[column][row + t] = sum[t].x;
      scores[column + 1u][row + t] = sum[t].y;
    }
    workgroupBarrier();
    if (keeps) {
      let count = min(L, last_latent - latent);
      for (var j = 0u; j < count; j += 1u) {
        let score = scores[j][thread] + b_enc[latent + j];
        // Ascending indices: an equal score is never better.
        if (score > heap_values[heap] || heap_indices[heap] == 0xffffffffu) { replace_top(heap, p.k, score, latent + j); }
      }
    }
    workgroupBarrier();
  }
}
`,
};
