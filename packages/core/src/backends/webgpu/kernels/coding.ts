/**
 * Codes that stand for the numbers of a row where all latents are scored:
 *
 *     row = scale codes + rest,   scale = max |row| / largest code
 *
 * By Cauchy and Schwarz the score `<x, w>` of two rows is `scale_x scale_w <codes_x, codes_w>` within
 * `(|x| + |rest_x|) |rest_w| + |rest_x| |w|`, and within what summing up the products of codes may lose.
 *
 * - `int8`: four to a word, multiplied by one instruction (DP4A), without loss.
 * - `f16`: two numbers an instruction, 8 products in a chain of f16, the chains in float32. A chain of 8 loses at most
 *   `9 u / (1 - 9 u)` of the products' absolute sum (Higham, Accuracy and Stability of Numerical Algorithms, 3.1 and 3.4), u = 2^-10
 *   since WGSL leaves open which way it rounds, and 2^-14 for each product and each sum that the device takes for zero. No
 *   chain exceeds 8 * 64 * 64, half of what f16 holds.
 */
import type { CodingName } from "../kernel-features.ts";

export interface Coding {
  /** Directives. */
  readonly head: string;
  /** Of four codes. */
  readonly wordType: string;
  readonly wordBytes: number;
  readonly largest: number;
  /** Of four numbers in units of the scale, the numbers that have codes: WGSL from `v` to `vec4f`. */
  readonly nearest: string;
  /** Their word: WGSL from `code`, a `vec4f`. */
  readonly word: string;
  /** What is multiplied at once, how many to a word, and what products add up to. */
  readonly factor: "u32" | "f16";
  readonly factorsOfWord: 1 | 4;
  readonly sum: "i32" | "f32";
  /** What summing up may lose: WGSL from `x` and `w`, the rows' figures (row-codes.ts), and the parameters `p`. */
  readonly loss: string;
}

export const codings: Readonly<Record<CodingName, Coding>> = {
  int8: {
    head: "requires packed_4x8_integer_dot_product;",
    wordType: "u32",
    wordBytes: 4,
    largest: 127,
    nearest: "clamp(round(v), vec4f(-127.0), vec4f(127.0))",
    word: "pack4xI8(vec4i(code))",
    factor: "u32",
    factorsOfWord: 1,
    sum: "i32",
    loss: "0.0",
  },
  f16: {
    head: "enable f16;",
    wordType: "vec4<f16>",
    wordBytes: 8,
    largest: 64,
    // A device may take numbers below the least normal one for zero: they are none of the codes.
    nearest: "select(vec4f(vec4<f16>(v)), vec4f(), abs(v) < vec4f(6.1035156e-5))",
    word: "vec4<f16>(code)",
    factor: "f16",
    factorsOfWord: 4,
    sum: "f32",
    // Of the chains, and of adding these up in float32; then what is taken for zero.
    loss: "(0.00887 + f32(p.depth) * 1.2e-7) * (x.y + x.z) * (w.y + w.z) + f32(p.depth) * 1.25e-4 * x.x * w.x",
  },
};
