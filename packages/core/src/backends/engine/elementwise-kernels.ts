/** Elementwise tfjs kernels on the engine. */
import { backend_util } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { binary, select, unary, type BinaryOp, type UnaryOp } from "@qsae/runtime/training";
import { allFloat, type Attributes, type EngineKernel } from "./define-kernel.ts";

const unaries: Readonly<Record<string, UnaryOp>> = {
  Neg: "neg",
  Abs: "abs",
  Square: "square",
  Sqrt: "sqrt",
  Rsqrt: "rsqrt",
  Reciprocal: "reciprocal",
  Exp: "exp",
  Log: "log",
  Relu: "relu",
  Sigmoid: "sigmoid",
  Tanh: "tanh",
  Round: "round",
  Floor: "floor",
  Ceil: "ceil",
  Sign: "sign",
};

const arithmetic: Readonly<Record<string, BinaryOp>> = {
  Add: "add",
  Sub: "sub",
  Multiply: "mul",
  RealDiv: "div",
  Minimum: "min",
  Maximum: "max",
  SquaredDifference: "squaredDifference",
};

const comparisons: Readonly<Record<string, BinaryOp>> = {
  Greater: "greater",
  GreaterEqual: "greaterEqual",
  Less: "less",
  LessEqual: "lessEqual",
  Equal: "equal",
  NotEqual: "notEqual",
  LogicalAnd: "min", // of zeros and ones
  LogicalOr: "max",
};

function unaryKernel(
  name: string,
  op: UnaryOp,
  options: (attributes: Attributes) => object = () => ({}),
): EngineKernel {
  return {
    name,
    takes: allFloat,
    run: (storage, { x }, attributes) => {
      const { info, pointer } = storage.create(x!.shape);
      const length = elementCount(x!.shape);
      unary(storage.engine, op, { x: storage.pointer(x!), out: pointer, length, ...options(attributes) });
      return info;
    },
  };
}

function binaryKernel(name: string, op: BinaryOp, dtype: "float32" | "bool"): EngineKernel {
  return {
    name,
    takes: allFloat,
    run: (storage, { a, b }) => {
      const shape = backend_util.assertAndGetBroadcastShape(a!.shape, b!.shape);
      const { info, pointer } = storage.create(shape, dtype);
      binary(storage.engine, op, {
        a: storage.pointer(a!),
        aShape: a!.shape,
        b: storage.pointer(b!),
        bShape: b!.shape,
        out: pointer,
      });
      return info;
    },
  };
}

const castKernel: EngineKernel = {
  name: "Cast",
  takes: (_inputs, { dtype }) => dtype !== "complex64" && dtype !== "string",
  run: (storage, { x }, { dtype }) => {
    if (x!.dtype === dtype) {
      storage.incRef(x!.dataId);
      return { ...x! };
    }
    const target = dtype as "float32" | "int32" | "bool";
    const { info, pointer } = storage.create(x!.shape, target);
    const { engine } = storage;
    const [from, length] = [storage.pointer(x!), elementCount(x!.shape)];
    if (target === "int32") unary(engine, "toInt32", { x: from, out: pointer, length });
    else if (x!.dtype === "int32") unary(engine, "fromInt32", { x: from, out: pointer, length });
    else engine.f32(pointer, length).set(engine.f32(from, length)); // bool to float32: already zeros and ones
    if (target === "bool") {
      const zero = engine.alloc(4);
      engine.f32(zero, 1)[0] = 0;
      binary(engine, "notEqual", { a: pointer, aShape: [length], b: zero, bShape: [], out: pointer });
      engine.free(zero);
    }
    return info;
  },
};

const selectKernel: EngineKernel = {
  name: "Select",
  takes: ({ condition, t, e }) => allFloat({ t: t!, e: e! }) && condition!.shape.length === t!.shape.length,
  run: (storage, { condition, t, e }) => {
    const { info, pointer } = storage.create(t!.shape);
    const [test, a, b] = [storage.pointer(condition!), storage.pointer(t!), storage.pointer(e!)];
    select(storage.engine, { condition: test, a, b, out: pointer, length: elementCount(t!.shape) });
    return info;
  },
};

const logicalNotKernel: EngineKernel = {
  name: "LogicalNot",
  run: (storage, { x }) => {
    const { engine } = storage;
    const { info, pointer } = storage.create(x!.shape, "bool");
    const zero = engine.alloc(4);
    engine.f32(zero, 1)[0] = 0;
    binary(engine, "equal", { a: storage.pointer(x!), aShape: x!.shape, b: zero, bShape: [], out: pointer });
    engine.free(zero);
    return info;
  },
};

export const elementwiseKernels: readonly EngineKernel[] = [
  ...Object.entries(unaries).map(([name, op]) => unaryKernel(name, op)),
  unaryKernel("Step", "step", ({ alpha }) => ({ alpha })),
  unaryKernel("ClipByValue", "clip", ({ clipValueMin, clipValueMax }) => ({ alpha: clipValueMin, beta: clipValueMax })),
  ...Object.entries(arithmetic).map(([name, op]) => binaryKernel(name, op, "float32")),
  ...Object.entries(comparisons).map(([name, op]) => binaryKernel(name, op, "bool")),
  castKernel,
  selectKernel,
  logicalNotKernel,
];
