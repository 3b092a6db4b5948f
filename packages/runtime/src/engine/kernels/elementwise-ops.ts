/** Elementwise operations by name. Kernels know them by their place in these lists: both are compiled from here. */

export const unaryOps = [
  "neg",
  "abs",
  "square",
  "sqrt",
  "rsqrt",
  "reciprocal",
  "exp",
  "log",
  "relu",
  "step",
  "sigmoid",
  "tanh",
  "round",
  "floor",
  "ceil",
  "sign",
  "clip",
  "toInt32",
  "fromInt32",
] as const;

export const binaryOps = [
  "add",
  "sub",
  "mul",
  "div",
  "min",
  "max",
  "squaredDifference",
  "greater",
  "greaterEqual",
  "less",
  "lessEqual",
  "equal",
  "notEqual",
] as const;

export type UnaryOp = (typeof unaryOps)[number];
export type BinaryOp = (typeof binaryOps)[number];
