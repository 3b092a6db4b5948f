/** WGSL: the sum of one number of each of 64 threads, the same number in all of them, added in the same order every time. */
export const sumOfWorkgroup = /* wgsl */ `
var<workgroup> partial_sums: array<f32, 64>;
fn sum_of_workgroup(value: f32, thread: u32) -> f32 {
  workgroupBarrier();
  partial_sums[thread] = value;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (thread < half) { partial_sums[thread] += partial_sums[thread + half]; }
    workgroupBarrier();
  }
  return partial_sums[0];
}
`;
