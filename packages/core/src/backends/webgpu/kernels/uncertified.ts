/**
 * Which tokens lack a certificate that no latent outside their candidates is among the k best: the candidates are those with the
 * largest upper ends, so every other latent's score is at most the smallest of these; the k-th exact score must be above it.
 */
import type { WgslKernel } from "../kernel.ts";
import { order } from "./order.ts";

export const listUncertified: WgslKernel = {
  name: "list-uncertified",
  code: /* wgsl */ `
struct Parameters { n: u32, candidates: u32, k: u32 }
@group(0) @binding(0) var<storage, read> chosen: array<vec2u>;               // [n, candidates]: keys of upper ends
@group(0) @binding(1) var<storage, read> values: array<f32>;                 // [n, k]: exact scores
@group(0) @binding(2) var<storage, read_write> listed: array<atomic<u32>>;   // how many tokens, and which, in no order
@group(0) @binding(3) var<uniform> p: Parameters;
${order}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let token = (group.x + group.y * groups.x) * 64u + thread;
  if (token >= p.n) { return; }
  var bound = 0xffffffffu;
  for (var e = 0u; e < p.candidates; e += 1u) { bound = min(bound, chosen[token * p.candidates + e].x); }
  var kth = 0xffffffffu;
  for (var e = 0u; e < p.k; e += 1u) { kth = min(kth, key_of(values[token * p.k + e])); }
  if (kth > bound) { return; }
  let at = atomicAdd(&listed[0], 1u);
  atomicStore(&listed[1u + at], token);
}
`,
};

/** How many workgroups the kernels over that list need: 64 tokens each by `segments`, and one token each. */
export const workgroupsOfList: WgslKernel = {
  name: "workgroups-of-list",
  code: /* wgsl */ `
struct Parameters { segments: u32 }
@group(0) @binding(0) var<storage, read> listed: array<u32>;
@group(0) @binding(1) var<storage, read_write> workgroups: array<u32>; // [2, 3]
@group(0) @binding(2) var<uniform> p: Parameters;

@compute @workgroup_size(1)
fn main() {
  let tokens = listed[0];
  workgroups[0] = (tokens + 63u) / 64u;
  workgroups[1] = p.segments;
  workgroups[2] = 1u;
  workgroups[3] = min(tokens, 32768u);
  workgroups[4] = (tokens + 32767u) / 32768u;
  workgroups[5] = 1u;
}
`,
};
