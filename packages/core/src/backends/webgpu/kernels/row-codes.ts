/**
 * Rows as codes (coding.ts), and what an error bound needs to know of each: the scale, and norms of the row and of its rest that
 * are no smaller than the true ones.
 */
import type { WgslKernel } from "../kernel.ts";
import type { KernelFeatures } from "../kernel-features.ts";
import type { Coding } from "./coding.ts";
import { sumOfWorkgroup } from "./sum-of-workgroup.ts";

export const rowCodes = (features: KernelFeatures, coding: Coding): WgslKernel => {
  const sum = sumOfWorkgroup(features);
  return {
    name: "row-codes",
    code: /* wgsl */ `${sum.head}${coding.head}
struct Parameters { rows: u32, columns: u32, words: u32, centered: u32, first: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;                 // a part: [rows, columns]
@group(0) @binding(1) var<storage, read> center: array<f32>;            // [columns], of which nothing is used unless centered
@group(0) @binding(2) var<storage, read_write> codes: array<${coding.wordType}>; // a part: [rows, words]
@group(0) @binding(3) var<storage, read_write> figures: array<vec4f>;   // [all rows]: scale, |row|, |rest|
@group(0) @binding(4) var<uniform> p: Parameters;
var<workgroup> largest: atomic<u32>; // bits of numbers that are not negative have their order
${sum.declarations}
fn nearest_to(v: vec4f) -> vec4f { return ${coding.nearest}; }
fn value_at(row: u32, c: u32) -> f32 {
  if (c >= p.columns) { return 0.0; }
  if (p.centered == 0u) { return x[row * p.columns + c]; }
  return x[row * p.columns + c] - center[c];
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32${sum.parameters}) {
  let row = group.x + group.y * groups.x;
  if (row >= p.rows) { return; }
  var own_largest = 0.0;
  for (var c = thread; c < p.columns; c += 64u) { own_largest = max(own_largest, abs(value_at(row, c))); }
  atomicMax(&largest, bitcast<u32>(own_largest));
  workgroupBarrier();
  let most = bitcast<f32>(atomicLoad(&largest));
  // Near the ends of float32 neither the inverse nor squares are safe: no codes then, all is rest.
  let coded = most > 1e-30 && most < 1e30;
  let scale = select(0.0, most / ${coding.largest}.0, coded);
  var squares = 0.0;
  var rest_squares = 0.0;
  for (var word = thread; word < p.words; word += 64u) {
    let values = vec4f(value_at(row, 4u * word), value_at(row, 4u * word + 1u), value_at(row, 4u * word + 2u), value_at(row, 4u * word + 3u));
    var code = vec4f();
    if (coded) { code = nearest_to(values / scale); }
    codes[row * p.words + word] = ${coding.word};
    if (coded) {
      let relative = values / most;
      let rest = (values - scale * code) / most;
      squares += dot(relative, relative);
      rest_squares += dot(rest, rest);
    }
  }
  let norm = most * sqrt(sum_of_workgroup(squares, ${sum.place}));
  let rest_norm = most * sqrt(sum_of_workgroup(rest_squares, ${sum.place}));
  if (thread == 0u) {
    let above = 1.0 + f32(p.columns + 64u) * 1.1920929e-7;
    var lengths = vec2f(norm, rest_norm) * above;
    if (!coded) { lengths = vec2f(min(most, 1e30) * sqrt(f32(p.columns)) * above); }
    figures[p.first + row] = vec4f(scale, lengths, 0.0);
  }
}
`,
  };
};
