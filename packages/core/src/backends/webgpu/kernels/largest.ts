/**
 * 1 for the `needed` largest of all numbers, ties to the first, else 0: a radix select over keys in the order of the numbers, 8
 * bits at a time from the top. Each round counts the digits of the numbers that agree with what is known (`count-digits`) and
 * learns one more digit of the smallest that is taken (`choose-digit`); then ties are counted block by block
 * (`count-ties`, whose sums `starts-of-buckets` makes) and taken in order (`mask-largest`).
 */
import type { WgslKernel } from "../kernel.ts";
import { order } from "./order.ts";

/** Numbers of a workgroup. */
export const BLOCK = 4096;

const state = /* wgsl */ `
// Of the key of the smallest number that is taken: digits, as far as they are known; how many are still to be taken.
struct State { known: u32, mask: u32, needed: u32, unused: u32 }
`;

export const countDigits: WgslKernel = {
  name: "count-digits",
  code: /* wgsl */ `${state}
struct Parameters { count: u32, shift: u32 }
@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> digits: array<atomic<u32>>; // [256]
@group(0) @binding(3) var<uniform> p: Parameters;
var<workgroup> own: array<atomic<u32>, 256>;
${order}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first = (group.x + group.y * groups.x) * ${BLOCK}u;
  for (var i = first + thread; i < min(first + ${BLOCK}u, p.count); i += 256u) {
    let key = key_of(values[i]);
    if ((key & state.mask) == state.known) { atomicAdd(&own[(key >> p.shift) & 255u], 1u); }
  }
  workgroupBarrier();
  let count = atomicLoad(&own[thread]);
  if (count > 0u) { atomicAdd(&digits[thread], count); }
}
`,
};

export const chooseDigit: WgslKernel = {
  name: "choose-digit",
  code: /* wgsl */ `${state}
struct Parameters { shift: u32, needed: u32 }
@group(0) @binding(0) var<storage, read> digits: array<u32>;        // [256]
@group(0) @binding(1) var<storage, read_write> state: State;
@group(0) @binding(2) var<uniform> p: Parameters;

@compute @workgroup_size(1)
fn main() {
  var left = state.needed;
  if (p.shift == 24u) { left = p.needed; } // the first round
  var digit = 255u;
  loop {
    let here = digits[digit];
    if (here >= left || digit == 0u) { break; }
    left -= here;
    digit -= 1u;
  }
  state.known |= digit << p.shift;
  state.mask |= 255u << p.shift;
  state.needed = left;
}
`,
};

export const countTies: WgslKernel = {
  name: "count-ties",
  code: /* wgsl */ `${state}
struct Parameters { count: u32, first_block: u32, blocks: u32 }
@group(0) @binding(0) var<storage, read> values: array<f32>;        // a part, whole blocks
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> ties: array<u32>;    // [all blocks]
@group(0) @binding(3) var<uniform> p: Parameters;
var<workgroup> own: atomic<u32>;
${order}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let block = group.x + group.y * groups.x;
  let first = block * ${BLOCK}u;
  var count = 0u;
  for (var i = first + thread; i < min(first + ${BLOCK}u, p.count); i += 256u) { count += u32(key_of(values[i]) == state.known); }
  atomicAdd(&own, count);
  workgroupBarrier();
  if (thread == 0u && block < p.blocks) { ties[p.first_block + block] = atomicLoad(&own); }
}
`,
};

export const maskLargest: WgslKernel = {
  name: "mask-largest",
  code: /* wgsl */ `${state}
struct Parameters { count: u32, first_block: u32, blocks: u32 }
@group(0) @binding(0) var<storage, read> values: array<f32>;        // a part, whole blocks
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> ties_before: array<u32>;   // [all blocks + 1]
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Parameters;
const EACH = ${BLOCK / 256}u;
var<workgroup> sums: array<u32, 256>;
${order}
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let block = group.x + group.y * groups.x;
  if (block >= p.blocks) { return; }
  let first = block * ${BLOCK}u + thread * EACH;
  let last = min(first + EACH, p.count);
  var own = 0u;
  for (var i = first; i < last; i += 1u) { own += u32(key_of(values[i]) == state.known); }
  sums[thread] = own;
  workgroupBarrier();
  for (var step = 1u; step < 256u; step *= 2u) {
    var added = 0u;
    if (thread >= step) { added = sums[thread - step]; }
    workgroupBarrier();
    sums[thread] += added;
    workgroupBarrier();
  }
  var tie = ties_before[p.first_block + block] + sums[thread] - own;
  for (var i = first; i < last; i += 1u) {
    let key = key_of(values[i]);
    var taken = key > state.known;
    if (key == state.known) {
      taken = tie < state.needed;
      tie += 1u;
    }
    out[i] = f32(taken);
  }
}
`,
};
