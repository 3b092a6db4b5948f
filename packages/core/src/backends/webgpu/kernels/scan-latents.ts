/**
 * Scores of tokens against latents, and the best of each token, without `[n, d_sae]` ever being written. A workgroup takes 64
 * tokens and one segment of the latents. It multiplies tile by tile, 64 latents at a time, in shared memory; then 4 threads
 * per token, each with a quarter of the tile's latents, put what is good enough into heaps of `kept` entries, the worst on
 * top. A token has `4 segments` heaps; `best-of` puts them together.
 *
 * `exact` is `h = (x - center) W_enc + b_enc`, each score one chain of multiply-adds in ascending d_in. `coarse` is an upper end
 * of that from codes, or the middle: see coding.ts.
 */
import type { WgslKernel } from "../kernel.ts";
import type { Coding } from "./coding.ts";
import { order } from "./order.ts";

/** Tokens of a workgroup, and latents of a tile. */
export const TILE = 64;
/** Heaps of a token per segment. */
export const HEAPS = 4;

interface Scan {
  readonly name: string;
  readonly head?: string;
  readonly bindings: string;
  /** What is multiplied, and what products add up to. */
  readonly factor: "f32" | Coding["factor"];
  readonly sum: "f32" | Coding["sum"];
  /** `x_at(i, c)`: factor c of the i-th token, which is one; c may be beyond `depth` never. */
  readonly xAt: string;
  /** `w_at(at)`: factor `at` of the bound part of the latents. */
  readonly wAt: string;
  /** Adds the products of a tile: 16 factors of four tokens `xs_at(at, row)` and four latents `ws_at(at, column)`, to four `sums`. */
  readonly products: string;
  /** Declares `keys_of(i, sums, j) -> vec4u`: keys of the i-th token for the latents `j .. j + 4`. */
  readonly keysOf: string;
  /** How many tokens there are. */
  readonly tokens: string;
}

function scan({ name, head = "", bindings, factor, sum, xAt, wAt, products, keysOf, tokens }: Scan): WgslKernel {
  return {
    name,
    code: /* wgsl */ `${head}
struct Parameters {
  n: u32, depth: u32, first_latent: u32, last_latent: u32, first_segment: u32, segments: u32, width: u32, kept: u32,
  d_in: u32, certified: u32,
}
${bindings}
var<workgroup> x_tile: array<array<vec4<${factor}>, 16>, 16>; // [depth, tokens / 4]; columns are swapped about, for the banks
var<workgroup> w_tile: array<array<vec4<${factor}>, 16>, 16>; // [depth, latents / 4]
var<workgroup> keys: array<array<u32, 64>, 32>;                // [half of the latents, tokens]
${order}
${xAt}
${wAt}
${keysOf}
fn xs_at(at: u32, row: u32) -> vec4<${factor}> { return x_tile[at][row ^ at]; }
fn ws_at(at: u32, column: u32) -> vec4<${factor}> { return w_tile[at][column ^ at]; }
fn x_or_none(i: u32, c: u32) -> ${factor} {
  if (i < ${tokens} && c < p.depth) { return x_at(i, c); }
  return ${factor}();
}
fn w_or_none(j: u32, c: u32, last: u32) -> ${factor} {
  if (j < last && c < p.depth) { return w_at((j - p.first_latent) * p.depth + c); }
  return ${factor}();
}

// Puts an entry in the place of the top of the heap at "base" and restores it.
fn replace_top(base: u32, entry: vec2u) {
  var at = 0u;
  loop {
    var child = 2u * at + 1u;
    if (child >= p.kept) { break; }
    var worst = heaps[base + child];
    if (child + 1u < p.kept) {
      let other = heaps[base + child + 1u];
      if (is_worse(other, worst)) { worst = other; child += 1u; }
    }
    if (!is_worse(worst, entry)) { break; }
    heaps[base + at] = worst;
    at = child;
  }
  heaps[base + at] = entry;
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let first_token = group.x * 64u;
  let segment = p.first_segment + group.y;
  let first = segment * p.width;
  let last = min(first + p.width, p.last_latent);
  let row = thread / 16u;    // of the thread's four tokens in the tile
  let column = thread % 16u; // of its four latents
  let own_token = thread % 64u;
  let quarter = thread / 64u;
  let heap = (((first_token + own_token) * p.segments + segment) * 4u + quarter) * p.kept;
  let keeps = first_token + own_token < ${tokens} && first < last;
  var top = NONE;
  if (keeps) {
    for (var i = 0u; i < p.kept; i += 1u) { heaps[heap + i] = NONE; }
  }
  for (var latent = first; latent < last; latent += 64u) {
    var sums = array<vec4<${sum}>, 4>();
    for (var d = 0u; d < p.depth; d += 16u) {
      let i = first_token + 4u * row;
      let j = latent + 4u * row;
      let c = d + column;
      x_tile[column][row ^ column] = vec4<${factor}>(x_or_none(i, c), x_or_none(i + 1u, c), x_or_none(i + 2u, c), x_or_none(i + 3u, c));
      w_tile[column][row ^ column] =
        vec4<${factor}>(w_or_none(j, c, last), w_or_none(j + 1u, c, last), w_or_none(j + 2u, c, last), w_or_none(j + 3u, c, last));
      workgroupBarrier();
      ${products}
      workgroupBarrier();
    }
    for (var half = 0u; half < 2u; half += 1u) {
      if (column / 8u == half) {
        let at = 4u * (column % 8u);
        for (var t = 0u; t < 4u; t += 1u) {
          let own = keys_of(first_token + 4u * row + t, sums[t], latent + 4u * column);
          keys[at][4u * row + t] = own.x;
          keys[at + 1u][4u * row + t] = own.y;
          keys[at + 2u][4u * row + t] = own.z;
          keys[at + 3u][4u * row + t] = own.w;
        }
      }
      workgroupBarrier();
      if (keeps) {
        for (var l = 8u * quarter; l < 8u * quarter + 8u; l += 1u) {
          let j = latent + 32u * half + l;
          if (j >= last) { break; }
          let key = keys[l][own_token];
          // Ascending latents: an equal score is never better.
          if (key > top.x || top.y == NO_LATENT) {
            replace_top(heap, vec2u(key, j));
            top = heaps[heap];
          }
        }
      }
      workgroupBarrier();
    }
  }
}
`,
  };
}

const FOUR_TOKENS = ["x", "y", "z", "w"];

/** @param multiply what adds the product of a token's factor and those of four latents */
const oneByOne = (multiply: (sum: string, x: string) => string): string => `
      for (var at = 0u; at < 16u; at += 1u) {
        let xs = xs_at(at, row);
        let ws = ws_at(at, column);
        ${FOUR_TOKENS.map((t, i) => multiply(`sums[${i}]`, `xs.${t}`)).join("\n        ")}
      }`;

function exact(name: string, listed: boolean): WgslKernel {
  return scan({
    name,
    bindings: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x: array<f32>;                // [n, d_in]
@group(0) @binding(1) var<storage, read> center: array<f32>;           // [d_in]
@group(0) @binding(2) var<storage, read> rows: array<f32>;             // W_enc transposed, a part: [latents, d_in]
@group(0) @binding(3) var<storage, read> b_enc: array<f32>;            // [d_sae]
@group(0) @binding(4) var<storage, read_write> heaps: array<vec2u>;    // [n, segments, 4, kept]
${listed ? "@group(0) @binding(5) var<storage, read> listed: array<u32>; // how many tokens, and which" : ""}
@group(0) @binding(${listed ? 6 : 5}) var<uniform> p: Parameters;
`,
    factor: "f32",
    sum: "f32",
    xAt: /* wgsl */ `
fn x_at(i: u32, c: u32) -> f32 { return x[${listed ? "listed[1u + i]" : "i"} * p.depth + c] - center[c]; }`,
    wAt: /* wgsl */ `fn w_at(at: u32) -> f32 { return rows[at]; }`,
    products: oneByOne((sum, x) => `${sum} = fma(vec4f(${x}), ws, ${sum});`),
    keysOf: /* wgsl */ `
fn keys_of(i: u32, sums: vec4f, j: u32) -> vec4u {
  return vec4u(key_of(sums.x + b_enc[j]), key_of(sums.y + b_enc[j + 1u]), key_of(sums.z + b_enc[j + 2u]), key_of(sums.w + b_enc[j + 3u]));
}`,
    tokens: listed ? "listed[0]" : "p.n",
  });
}

export const scanExact = exact("scan-exact", false);
/** Only the tokens of a list. */
export const scanListed = exact("scan-listed", true);

/** Norms up to here multiply without overflow, and biases up to there do not make up for it. */
const LARGEST_NORM = 1e18;
const LARGEST_BIAS = 1e37;

const products: Readonly<Record<Coding["factor"], string>> = {
  u32: oneByOne((sum, x) => `${sum} += vec4i(${FOUR_TOKENS.map((l) => `dot4I8Packed(${x}, ws.${l})`).join(", ")});`),
  f16: `
      for (var chain = 0u; chain < 16u; chain += 8u) {
        var parts = array<vec4h, 4>();
        for (var at = chain; at < chain + 8u; at += 1u) {
          let xs = xs_at(at, row);
          let ws = ws_at(at, column);
          ${FOUR_TOKENS.map((t, i) => `parts[${i}] = fma(vec4h(xs.${t}), ws, parts[${i}]);`).join("\n          ")}
        }
        ${FOUR_TOKENS.map((_, i) => `sums[${i}] += vec4f(parts[${i}]);`).join("\n        ")}
      }`,
};

/** `depth` is in factors. */
export const scanCoarse = ({ head, factor, sum, loss }: Coding): WgslKernel =>
  scan({
    name: "scan-coarse",
    head,
    bindings: /* wgsl */ `
@group(0) @binding(0) var<storage, read> x_codes: array<${factor}>; // [n, depth]
@group(0) @binding(1) var<storage, read> x_figures: array<vec4f>;   // [n]
@group(0) @binding(2) var<storage, read> codes: array<${factor}>;   // a part: [latents, depth]
@group(0) @binding(3) var<storage, read> figures: array<vec4f>;     // [d_sae]
@group(0) @binding(4) var<storage, read> b_enc: array<f32>;         // [d_sae]
@group(0) @binding(5) var<storage, read_write> heaps: array<vec2u>; // [n, segments, 4, kept]
@group(0) @binding(6) var<uniform> p: Parameters;
`,
    factor,
    sum,
    xAt: /* wgsl */ `fn x_at(i: u32, c: u32) -> ${factor} { return x_codes[i * p.depth + c]; }`,
    wAt: /* wgsl */ `fn w_at(at: u32) -> ${factor} { return codes[at]; }`,
    products: products[factor],
    keysOf: /* wgsl */ `
// |score - middle| <= (|x| + |x's rest|) |w's rest| + |x's rest| |w|, the codes' loss, and what float32 may add
fn key_at(x: vec4f, sum: ${sum}, j: u32) -> u32 {
  let w = figures[j];
  let b = b_enc[j];
  let middle = x.x * w.x * f32(sum) + b;
  if (p.certified == 0u) { return key_of(middle); }
  // Beyond all others: its interval is not known.
  if (!(x.y < ${LARGEST_NORM} && w.y < ${LARGEST_NORM} && abs(b) < ${LARGEST_BIAS}))  { return 0xffffffffu; }
  let slack = f32(p.d_in + 32u) * 1.1920929e-7;
  let tiny = f32(p.d_in + 64u) * 4e-34;
  let loss = ${loss};
  return key_of(middle + ((x.y + x.z) * w.z + (x.z + slack * x.y) * w.y + loss + slack * abs(b) + tiny));
}
fn keys_of(i: u32, sums: vec4<${sum}>, j: u32) -> vec4u {
  let x = x_figures[i];
  return vec4u(key_at(x, sums.x, j), key_at(x, sums.y, j + 1u), key_at(x, sums.z, j + 2u), key_at(x, sums.w, j + 3u));
}`,
    tokens: "p.n",
  });
