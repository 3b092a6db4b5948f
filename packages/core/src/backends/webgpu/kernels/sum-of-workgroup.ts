/**
 * WGSL: the sum of one number of each of 64 threads, the same number in all of them, added in the same order every time: by
 * halving, or within subgroups first where the device has them.
 */
import type { KernelFeatures } from "../kernel-features.ts";

export interface SumOfWorkgroup {
  /** Goes before everything else in a module. */
  readonly head: string;
  /** Declares `sum_of_workgroup(value: f32, place: Place) -> f32`, to be called by all 64 threads. */
  readonly declarations: string;
  /** Of `main`, after `thread: u32`. */
  readonly parameters: string;
  /** The calling thread's `Place`. */
  readonly place: string;
}

const byHalving: SumOfWorkgroup = {
  head: "",
  declarations: /* wgsl */ `
alias Place = u32;
var<workgroup> partial_sums: array<f32, 64>;
fn sum_of_workgroup(value: f32, place: Place) -> f32 {
  workgroupBarrier();
  partial_sums[place] = value;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (place < half) { partial_sums[place] += partial_sums[place + half]; }
    workgroupBarrier();
  }
  return partial_sums[0];
}
`,
  parameters: "",
  place: "thread",
};

const bySubgroups: SumOfWorkgroup = {
  head: "enable subgroups;\nrequires subgroup_id;\n",
  declarations: /* wgsl */ `
struct Place { subgroup: u32, subgroups: u32, lane: u32 }
var<workgroup> partial_sums: array<f32, 64>;
fn sum_of_workgroup(value: f32, place: Place) -> f32 {
  let own = subgroupAdd(value);
  workgroupBarrier();
  if (place.lane == 0u) { partial_sums[place.subgroup] = own; }
  workgroupBarrier();
  var sum = partial_sums[0];
  for (var s = 1u; s < place.subgroups; s += 1u) { sum += partial_sums[s]; }
  return sum;
}
`,
  parameters:
    ", @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32, @builtin(subgroup_invocation_id) lane: u32",
  place: "Place(subgroup, subgroups, lane)",
};

export const sumOfWorkgroup = ({ subgroups }: KernelFeatures): SumOfWorkgroup => (subgroups ? bySubgroups : byHalving);
