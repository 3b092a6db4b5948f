/**
 * The elementwise loops, as AssemblyScript: one loop per operation with the operation inside, which AssemblyScript has no
 * means to write once (no closures, no inlining by name that its formatter would read).
 */
import { binaryOps, unaryOps, type BinaryOp, type UnaryOp } from "../../src/engine/kernels/elementwise-ops.ts";

/** Of x, with the constants a and b. */
const unary: Readonly<Record<UnaryOp, string>> = {
  neg: "f32x4.neg(x)",
  abs: "f32x4.abs(x)",
  square: "f32x4.mul(x, x)",
  sqrt: "f32x4.sqrt(x)",
  rsqrt: "f32x4.div(f32x4.splat(1), f32x4.sqrt(x))",
  reciprocal: "f32x4.div(f32x4.splat(1), x)",
  exp: "exp(x)",
  log: "log(x)",
  relu: "v128.andnot(x, f32x4.le(x, f32x4.splat(0)))",
  // NaN is not > 0, and stays NaN all the same
  step: "v128.bitselect(v128.bitselect(f32x4.splat(1), a, f32x4.gt(x, f32x4.splat(0))), x, f32x4.eq(x, x))",
  sigmoid: "sigmoid(x)",
  tanh: "tanh(x)",
  round: "f32x4.nearest(x)",
  floor: "f32x4.floor(x)",
  ceil: "f32x4.ceil(x)",
  // zeros and NaN are their own sign
  sign: "v128.bitselect(v128.bitselect(f32x4.splat(1), x, i32x4.splat(i32.MAX_VALUE)), x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)))",
  clip: "f32x4.pmin(f32x4.pmax(x, a), b)",
  toInt32: "i32x4.trunc_sat_f32x4_s(x)",
  fromInt32: "f32x4.convert_i32x4_s(x)",
};

const truth = (comparison: string): string => `v128.and(f32x4.${comparison}(x, y), f32x4.splat(1))`;

/** Of x and y. */
const binary: Readonly<Record<BinaryOp, string>> = {
  add: "f32x4.add(x, y)",
  sub: "f32x4.sub(x, y)",
  mul: "f32x4.mul(x, y)",
  div: "f32x4.div(x, y)",
  min: "f32x4.min(x, y)",
  max: "f32x4.max(x, y)",
  squaredDifference: "square(f32x4.sub(x, y))",
  greater: truth("gt"),
  greaterEqual: truth("ge"),
  less: truth("lt"),
  lessEqual: truth("le"),
  equal: truth("eq"),
  notEqual: truth("ne"),
};

/** Source of a module exporting `unaryRun(op, x, out, n, a, b)`: n numbers that follow each other. */
export function unarySource(): string {
  const body = (op: UnaryOp): string => `
    while (n >= 4) {
      const x = v128.load(from);
      v128.store(to, ${unary[op]});
      from += 16; to += 16; n -= 4;
    }
    if (n) {
      const x = loadPart(from, n);
      storePart(to, ${unary[op]}, n);
    }`;
  return `
import { exp, log, sigmoid, tanh } from "./exponential";
import { loadPart, storePart } from "./lanes";
${loops("unaryRun", "from: usize, to: usize, n: usize, a: v128, b: v128", unaryOps, body)}`;
}

/**
 * Source of a module exporting `binaryRun(op, a, b, out, n)`, `binaryRunLeft` where b is one number for the whole run, and
 * `binaryRunRight` where a is.
 */
export function binarySource(): string {
  const body =
    (aMoves: boolean, bMoves: boolean) =>
    (op: BinaryOp): string => `
    ${aMoves ? "" : "const x = v128.load32_splat(a);"}
    ${bMoves ? "" : "const y = v128.load32_splat(b);"}
    while (n >= 4) {
      ${aMoves ? "const x = v128.load(a); a += 16;" : ""}
      ${bMoves ? "const y = v128.load(b); b += 16;" : ""}
      v128.store(to, ${binary[op]});
      to += 16; n -= 4;
    }
    if (n) {
      ${aMoves ? "const x = loadPart(a, n);" : ""}
      ${bMoves ? "const y = loadPart(b, n);" : ""}
      storePart(to, ${binary[op]}, n);
    }`;
  const parameters = "a: usize, b: usize, to: usize, n: usize";
  return `
import { loadPart, storePart } from "./lanes";
function square(x: v128): v128 { return f32x4.mul(x, x); }
${loops("binaryRun", parameters, binaryOps, body(true, true))}
${loops("binaryRunLeft", parameters, binaryOps, body(true, false))}
${loops("binaryRunRight", parameters, binaryOps, body(false, true))}`;
}

function loops<Op extends string>(
  name: string,
  parameters: string,
  ops: readonly Op[],
  body: (op: Op) => string,
): string {
  const cases = ops.map((op, i) => `case ${i}: {${body(op)}\n    return;\n  }`);
  return `export function ${name}(op: i32, ${parameters}): void {
  switch (op) {
  ${cases.join("\n  ")}
  default: unreachable();
  }
}`;
}
