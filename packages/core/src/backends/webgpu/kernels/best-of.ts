/**
 * The k best of a token's entries, of which there are at least k: a radix select over keys and, among equal keys, latents, 8 bits
 * at a time from the top; then, where they are to be `sorted`, values and latents by ascending latent.
 */
import type { WgslKernel } from "../kernel.ts";
import { order } from "./order.ts";

interface BestOf {
  readonly name: string;
  readonly sorted: boolean;
  /** Entries are those of listed tokens, in the list's order. */
  readonly listed: boolean;
}

function kernel({ name, sorted, listed }: BestOf): WgslKernel {
  const uniform = 2 + (sorted ? 2 : 0) + (listed ? 1 : 0);
  return {
    name,
    code: /* wgsl */ `
struct Parameters { n: u32, candidates: u32, k: u32 }
@group(0) @binding(0) var<storage, read> entries: array<vec2u>;       // [n, candidates]
@group(0) @binding(1) var<storage, read_write> chosen: array<vec2u>;  // [n, k], in no order
${
  sorted
    ? `@group(0) @binding(2) var<storage, read_write> values: array<f32>;    // [n, k]
@group(0) @binding(3) var<storage, read_write> indices: array<i32>;   // [n, k]`
    : ""
}
${listed ? "@group(0) @binding(4) var<storage, read> listed: array<u32>; // how many tokens, and which" : ""}
@group(0) @binding(${uniform}) var<uniform> p: Parameters;
var<workgroup> histogram: array<atomic<u32>, 256>;
var<workgroup> found: vec3u; // digit, how many of it are still needed, whether that is all of it
var<workgroup> count: atomic<u32>;
${order}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = group.x + group.y * groups.x;
  if (i >= ${listed ? "listed[0]" : "p.n"}) { return; }
  let first = i * p.candidates;
  // Of the worst chosen entry, as far as it is known: digits of its key and, upside down, its latent.
  var known = vec2u();
  var mask = vec2u();
  var needed = p.k;
  for (var round = 0u; round < 8u; round += 1u) {
    for (var bin = thread; bin < 256u; bin += 64u) { atomicStore(&histogram[bin], 0u); }
    workgroupBarrier();
    let shift = 24u - 8u * (round % 4u);
    for (var e = thread; e < p.candidates; e += 64u) {
      let entry = entries[first + e];
      let words = vec2u(entry.x, ~entry.y);
      if (entry.y != NO_LATENT && all((words & mask) == known)) {
        atomicAdd(&histogram[(select(words.y, words.x, round < 4u) >> shift) & 255u], 1u);
      }
    }
    workgroupBarrier();
    if (thread == 0u) {
      var digit = 255u;
      var left = needed;
      loop {
        let here = atomicLoad(&histogram[digit]);
        if (here >= left || digit == 0u) {
          found = vec3u(digit, left, u32(here == left));
          break;
        }
        left -= here;
        digit -= 1u;
      }
    }
    let result = workgroupUniformLoad(&found);
    needed = result.y;
    if (round < 4u) {
      known.x |= result.x << shift;
      mask.x |= 255u << shift;
    } else {
      known.y |= result.x << shift;
      mask.y |= 255u << shift;
    }
    if (result.z == 1u) { break; }
  }
  for (var e = thread; e < p.candidates; e += 64u) {
    let entry = entries[first + e];
    let words = vec2u(entry.x, ~entry.y) & mask;
    if (entry.y != NO_LATENT && (words.x > known.x || (words.x == known.x && words.y >= known.y))) {
      let at = atomicAdd(&count, 1u);
      if (at < p.k) { chosen[i * p.k + at] = entry; }
    }
  }
  ${
    sorted
      ? /* wgsl */ `
  storageBarrier();
  let out = ${listed ? "listed[1u + i]" : "i"} * p.k;
  for (var e = thread; e < p.k; e += 64u) {
    let entry = chosen[i * p.k + e];
    var place = 0u;
    for (var other = 0u; other < p.k; other += 1u) { place += u32(chosen[i * p.k + other].y < entry.y); }
    values[out + place] = value_of(entry.x);
    indices[out + place] = i32(entry.y);
  }`
      : ""
  }
}
`,
  };
}

export const bestOf = kernel({ name: "best-of", sorted: true, listed: false });
export const bestOfListed = kernel({ name: "best-of-listed", sorted: true, listed: true });
export const bestUnsorted = kernel({ name: "best-unsorted", sorted: false, listed: false });
