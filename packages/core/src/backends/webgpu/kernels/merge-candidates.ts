/**
 * The k best of a token's candidates, by ascending index: each candidate counts those that are better than it, then those that
 * are chosen and have a lower index. Places of a segment that had fewer latents than k are empty.
 */
import type { WgslKernel } from "../kernel.ts";

export const mergeCandidates: WgslKernel = {
  name: "merge-candidates",
  code: /* wgsl */ `
struct Parameters { n: u32, candidates: u32, k: u32, row: u32 }
@group(0) @binding(0) var<storage, read> heap_values: array<f32>;    // [n, candidates]
@group(0) @binding(1) var<storage, read> heap_indices: array<u32>;   // [n, candidates]
@group(0) @binding(2) var<storage, read_write> chosen: array<u32>;   // [n, candidates]
@group(0) @binding(3) var<storage, read_write> values: array<f32>;   // [n, k]
@group(0) @binding(4) var<storage, read_write> indices: array<i32>;  // [n, k]
@group(0) @binding(5) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let token = group.x + group.y * p.row;
  let first = token * p.candidates;
  for (var i = thread; i < p.candidates; i += 64u) {
    if (token >= p.n) { break; }
    let value = heap_values[first + i];
    let index = heap_indices[first + i];
    var better = 0u;
    for (var j = 0u; j < p.candidates; j += 1u) {
      let other = heap_values[first + j];
      if (heap_indices[first + j] != 0xffffffffu && (other > value || (other == value && heap_indices[first + j] < index))) { better += 1u; }
    }
    chosen[first + i] = select(0u, 1u, index != 0xffffffffu && better < p.k);
  }
  storageBarrier();
  for (var i = thread; i < p.candidates; i += 64u) {
    if (token >= p.n || chosen[first + i] == 0u) { continue; }
    let index = heap_indices[first + i];
    var place = 0u;
    for (var j = 0u; j < p.candidates; j += 1u) {
      if (chosen[first + j] == 1u && heap_indices[first + j] < index) { place += 1u; }
    }
    values[token * p.k + place] = heap_values[first + i];
    indices[token * p.k + place] = i32(index);
  }
}
`,
};
