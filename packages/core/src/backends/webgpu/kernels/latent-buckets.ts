/**
 * The entries of `indices [n, k]` by latent: bucket j is `entries[starts[j] .. starts[j + 1]]`, ascending, so that sums over a
 * bucket are the same every time. Counted, summed up, filled in any order, sorted.
 */
import type { WgslKernel } from "../kernel.ts";

export const countLatents: WgslKernel = {
  name: "count-latents",
  code: /* wgsl */ `
struct Parameters { entries: u32, fired_only: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<u32>>; // [d_sae]
@group(0) @binding(3) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let e = (group.x + group.y * groups.x) * 64u + thread;
  if (e >= p.entries || (p.fired_only == 1u && values[e] == 0.0)) { return; }
  atomicAdd(&counts[u32(indices[e])], 1u);
}
`,
};

/** Counts as numbers. */
export const countsToFloat: WgslKernel = {
  name: "counts-to-float",
  code: /* wgsl */ `
struct Parameters { d_sae: u32 }
@group(0) @binding(0) var<storage, read> counts: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let j = (group.x + group.y * groups.x) * 64u + thread;
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
struct Parameters { entries: u32 }
@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read_write> cursors: array<atomic<u32>>; // [d_sae]
@group(0) @binding(2) var<storage, read_write> unsorted: array<u32>;        // [entries]
@group(0) @binding(3) var<uniform> p: Parameters;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let e = (group.x + group.y * groups.x) * 64u + thread;
  if (e >= p.entries) { return; }
  unsorted[atomicAdd(&cursors[u32(indices[e])], 1u)] = e;
}
`,
};

/**
 * A workgroup per latent. The place of an entry is the number of smaller ones: in a short bucket they are counted; in a long one,
 * of a latent that many tokens share, a bit is set per token, 65536 tokens at a time, and bits are counted. Where a token
 * has the latent twice its bit does not do, and all are counted after all.
 */
export const sortBuckets: WgslKernel = {
  name: "sort-buckets",
  code: /* wgsl */ `
struct Parameters { d_sae: u32, n: u32, k: u32 }
@group(0) @binding(0) var<storage, read> starts: array<u32>;           // [d_sae + 1]
@group(0) @binding(1) var<storage, read> unsorted: array<u32>;         // [n k]
@group(0) @binding(2) var<storage, read_write> entries: array<u32>;    // [n k]
@group(0) @binding(3) var<uniform> p: Parameters;
var<workgroup> bits: array<atomic<u32>, 2048>;
var<workgroup> before: array<u32, 65>; // bits before those of each thread's words, and all

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let j = group.x + group.y * groups.x;
  if (j >= p.d_sae) { return; }
  let first = starts[j];
  let last = starts[j + 1u];
  var placed = 0u;
  if (last - first > 128u) {
    for (var token = 0u; token < p.n; token += 65536u) {
      let words = (min(65536u, p.n - token) + 31u) / 32u;
      let own = (words + 63u) / 64u;
      for (var w = thread; w < words; w += 64u) { atomicStore(&bits[w], 0u); }
      workgroupBarrier();
      for (var e = first + thread; e < last; e += 64u) {
        let t = unsorted[e] / p.k - token; // wraps around for earlier tokens
        if (t < 65536u) { atomicOr(&bits[t / 32u], 1u << (t % 32u)); }
      }
      workgroupBarrier();
      var count = 0u;
      for (var w = own * thread; w < min(own * (thread + 1u), words); w += 1u) { count += countOneBits(atomicLoad(&bits[w])); }
      before[thread] = count;
      workgroupBarrier();
      if (thread == 0u) {
        var sum = 0u;
        for (var t = 0u; t < 64u; t += 1u) {
          let count = before[t];
          before[t] = sum;
          sum += count;
        }
        before[64] = sum;
      }
      workgroupBarrier();
      for (var e = first + thread; e < last; e += 64u) {
        let t = unsorted[e] / p.k - token;
        if (t < 65536u) {
          let word = t / 32u;
          var place = before[word / own] + countOneBits(atomicLoad(&bits[word]) & ((1u << (t % 32u)) - 1u));
          for (var w = own * (word / own); w < word; w += 1u) { place += countOneBits(atomicLoad(&bits[w])); }
          entries[first + placed + place] = unsorted[e];
        }
      }
      placed += before[64];
      workgroupBarrier();
    }
  }
  storageBarrier();
  if (placed < last - first) {
    for (var e = first + thread; e < last; e += 64u) {
      var smaller = 0u;
      for (var other = first; other < last; other += 1u) { smaller += u32(unsorted[other] < unsorted[e]); }
      entries[first + smaller] = unsorted[e];
    }
  }
}
`,
};
