/**
 * `out = a b`, either as it is or transposed, for ranges of the result's rows m, columns n and of the inner dimension k: tiles of 64
 * times 64, a thread has 4 times 4. Products are added in the order of k one by one, those of a range to what is there: so the
 * result does not depend on the ranges.
 */
import type { WgslKernel } from "../kernel.ts";

export const TILE = 64;

/** For the rows of a thread. */
const rows = (code: (i: number) => string): string => [0, 1, 2, 3].map(code).join("\n      ");

export const product: WgslKernel = {
  name: "product",
  code: /* wgsl */ `
// A number of a is at a_shift + m a_m + k a_k, one of b at b_shift + k b_k + n b_n, one of out at out_shift + m out_m + n.
struct Parameters {
  m: u32, n: u32, k: u32, goes_on: u32,
  a_shift: u32, a_m: u32, a_k: u32,
  b_shift: u32, b_k: u32, b_n: u32,
  out_shift: u32, out_m: u32,
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Parameters;
const DEPTH = 16u;
const ROW = ${TILE + 1}u; // one more, so that threads beside each other write to different banks
var<workgroup> tile_a: array<f32, ${16 * (TILE + 1)}>; // [k, m]
var<workgroup> tile_b: array<f32, ${16 * (TILE + 1)}>; // [k, n]

// Along the dimension whose numbers lie beside each other: the place in a tile of the e-th number that is loaded.
fn place(e: u32, inner_is_k: bool) -> vec2u {
  return select(vec2u(e / ${TILE}u, e % ${TILE}u), vec2u(e % DEPTH, e / DEPTH), inner_is_k);
}

// Columns of a thread are 16 apart: threads beside each other read and write beside each other.
fn row_of_b(k: u32, x: u32) -> vec4f {
  let at = k * ROW + x;
  return vec4f(tile_b[at], tile_b[at + 16u], tile_b[at + 32u], tile_b[at + 48u]);
}
fn before(m: u32, n: u32) -> vec4f {
  var sums = vec4f();
  if (p.goes_on == 1u && m < p.m) {
    for (var j = 0u; j < 4u; j += 1u) {
      if (n + 16u * j < p.n) { sums[j] = out[p.out_shift + m * p.out_m + n + 16u * j]; }
    }
  }
  return sums;
}
fn write(m: u32, n: u32, sums: vec4f) {
  if (m >= p.m) { return; }
  for (var j = 0u; j < 4u; j += 1u) {
    if (n + 16u * j < p.n) { out[p.out_shift + m * p.out_m + n + 16u * j] = sums[j]; }
  }
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first_m = group.y * ${TILE}u;
  let first_n = group.x * ${TILE}u;
  let m = first_m + local.y;
  let n = first_n + local.x;
  ${rows((i) => `var sums_${i} = before(m + ${16 * i}u, n);`)}
  for (var first_k = 0u; first_k < p.k; first_k += DEPTH) {
    workgroupBarrier();
    for (var e = thread; e < DEPTH * ${TILE}u; e += 256u) {
      let at_a = place(e, p.a_k == 1u);
      if (first_k + at_a.x < p.k && first_m + at_a.y < p.m) {
        tile_a[at_a.x * ROW + at_a.y] = a[p.a_shift + (first_m + at_a.y) * p.a_m + (first_k + at_a.x) * p.a_k];
      }
      let at_b = place(e, p.b_k == 1u);
      if (first_k + at_b.x < p.k && first_n + at_b.y < p.n) {
        tile_b[at_b.x * ROW + at_b.y] = b[p.b_shift + (first_k + at_b.x) * p.b_k + (first_n + at_b.y) * p.b_n];
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < min(DEPTH, p.k - first_k); k += 1u) {
      let right = row_of_b(k, local.x);
      ${rows((i) => `sums_${i} += tile_a[k * ROW + local.y + ${16 * i}u] * right;`)}
    }
  }
  ${rows((i) => `write(m + ${16 * i}u, n, sums_${i});`)}
}
`,
};
