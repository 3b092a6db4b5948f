/**
 * The entries of `indices [n, k]` by latent: bucket j is `entries[starts[j] .. starts[j + 1]]`, ascending, so that sums over a
 * bucket are the same every time. Counted, summed up, filled in any order, sorted.
 */
import type { WgslKernel } from "../kernel.ts";

export const countLatents: WgslKernel = {
  name: "count-latents",
  code: /* wgsl */ `
struct Parameters { entries: u32, row: u32, fired_only: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>; // [d_sae]
@group(0) @binding(3) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let e = (group.x + group.y * p.row) * 64u + thread;
  if (e >= p.entries || (p.fired_only == 1u && values[e] == 0.0)) { return; }
  atomicAdd(&counts[u32(indices[e])], 1u);
}
`,
};

/** Counts as numbers. */
export const countsToFloat: WgslKernel = {
  name: "counts-to-float",
  code: /* wgsl */ `
struct Parameters { d_sae: u32, row: u32 }
@group(0) @binding(0) var<storage, read> counts: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let j = (group.x + group.y * p.row) * 64u + thread;
  if (j < p.d_sae) { out[j] = f32(counts[j]); }
}
`,
};

/** One workgroup, 256 counts at a time. */
export const startsOfBuckets: WgslKernel = {
  name: "starts-of-buckets",
  code: /* wgsl */ `
struct Parameters { d_sae: u32 }
@group(0) @binding(0) var<storage, read> counts: array<u32>;           // [d_sae]
@group(0) @binding(1) var<storage, read_write> starts: array<u32>;     // [d_sae + 1]
@group(0) @binding(2) var<storage, read_write> cursors: array<u32>;    // [d_sae]
@group(0) @binding(3) var<uniform> p: Parameters;
var<workgroup> sums: array<u32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) thread: u32) {
  var before = 0u;
  for (var first = 0u; first < p.d_sae; first += 256u) {
    let j = first + thread;
    var count = 0u;
    if (j < p.d_sae) { count = counts[j]; }
    sums[thread] = count;
    workgroupBarrier();
    for (var step = 1u; step < 256u; step *= 2u) {
      var added = 0u;
      if (thread >= step) { added = sums[thread - step]; }
      workgroupBarrier();
      sums[thread] += added;
      workgroupBarrier();
    }
    if (j < p.d_sae) {
      starts[j] = before + sums[thread] - count;
      cursors[j] = starts[j];
    }
    before += sums[255];
    workgroupBarrier();
  }
  if (thread == 0u) { starts[p.d_sae] = before; }
}
`,
};

export const fillBuckets: WgslKernel = {
  name: "fill-buckets",
  code: /* wgsl */ `
struct Parameters { entries: u32, row: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read_write> cursors: array<atomic<u32>>; // [d_sae]
@group(0) @binding(2) var<storage, read_write> unsorted: array<u32>;        // [entries]
@group(0) @binding(3) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let e = (group.x + group.y * p.row) * 64u + thread;
  if (e >= p.entries) { return; }
  unsorted[atomicAdd(&cursors[u32(indices[e])], 1u)] = e;
}
`,
};

/** A workgroup per latent: the place of an entry is the number of smaller ones. */
export const sortBuckets: WgslKernel = {
  name: "sort-buckets",
  code: /* wgsl */ `
struct Parameters { d_sae: u32, row: u32 }
@group(0) @binding(0) var<storage, read> starts: array<u32>;           // [d_sae + 1]
@group(0) @binding(1) var<storage, read> unsorted: array<u32>;         // [entries]
@group(0) @binding(2) var<storage, read_write> entries: array<u32>;    // [entries]
@group(0) @binding(3) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let j = group.x + group.y * p.row;
  if (j >= p.d_sae) { return; }
  let first = starts[j];
  let last = starts[j + 1u];
  for (var e = first + thread; e < last; e += 64u) {
    var smaller = 0u;
    for (var other = first; other < last; other += 1u) { if (unsorted[other] < unsorted[e]) { smaller += 1u; } }
    entries[first + smaller] = unsorted[e];
  }
}
`,
};
