/** What is fed to a language model: token ids, and what follows from their number. */
import { FormatError } from "@qsae/runtime";
import type * as Onnxruntime from "onnxruntime-node";

import type { OnnxRuntime } from "./run-session.ts";

/** Name that exporters of language models agree on. */
export const IDS = "input_ids";

/** What a model may ask for beside the ids, and its value at (window, position): every token is seen, counted from 0. */
const OTHER_INPUTS: Readonly<Record<string, (position: number) => number>> = {
  attention_mask: () => 1,
  position_ids: (position) => position,
};

/** @throws FormatError if a model with these inputs cannot be fed */
export function checkInputs(inputs: readonly string[], path: string): void {
  const others = inputs.filter((name) => name !== IDS && !Object.hasOwn(OTHER_INPUTS, name));
  if (!inputs.includes(IDS) || others.length > 0) {
    throw new FormatError(
      path,
      `takes the inputs ${inputs.join(", ") || "(none)"}; expected ${IDS}, and beside it at most ` +
        `${Object.keys(OTHER_INPUTS).join(", ")} (a language model exported without a key-value cache)`,
    );
  }
}

/** Windows per run and tokens per window that are built into a model; undefined where they are free. */
export interface FixedShape {
  readonly batch: number | undefined;
  readonly context: number | undefined;
}

export function fixedShape(session: Onnxruntime.InferenceSession): FixedShape {
  const shape = session.inputMetadata.flatMap((input) => (input.name === IDS && input.isTensor ? input.shape : []));
  const [batch, context] = shape.map((size) => (typeof size === "number" ? size : undefined));
  return { batch, context };
}

/**
 * Windows of token ids `[n, context]`, as a session takes them.
 *
 * @param names the session's inputs to feed
 * @param shape `[batch, context]`; windows beyond the ids, which only a fixed batch has, are token 0
 * @throws FormatError if an input is neither int64 nor int32
 */
export function windowFeeds(
  ort: OnnxRuntime,
  session: Onnxruntime.InferenceSession,
  names: readonly string[],
  ids: Int32Array,
  shape: readonly [batch: number, context: number],
  modelPath: string,
): Record<string, Onnxruntime.Tensor> {
  const types = new Map(session.inputMetadata.map((input) => [input.name, input.isTensor ? input.type : "no tensor"]));
  const feed = (name: string): Onnxruntime.Tensor => {
    const other = OTHER_INPUTS[name];
    const value = other === undefined ? (i: number) => ids[i] ?? 0 : (i: number) => other(i % shape[1]);
    return integerTensor(ort, types.get(name), shape, value, `${modelPath}: input ${name}`);
  };
  return Object.fromEntries(names.map((name) => [name, feed(name)]));
}

function integerTensor(
  ort: OnnxRuntime,
  type: string | undefined,
  shape: readonly number[],
  value: (index: number) => number,
  what: string,
): Onnxruntime.Tensor {
  const indices = { length: shape.reduce((product, size) => product * size, 1) };
  switch (type) {
    case "int64":
      return new ort.Tensor(
        "int64",
        BigInt64Array.from(indices, (_, i) => BigInt(value(i))),
        shape,
      );
    case "int32":
      return new ort.Tensor(
        "int32",
        Int32Array.from(indices, (_, i) => value(i)),
        shape,
      );
    default:
      throw new FormatError(what, `is of type ${type ?? "unknown"}; expected int64 or int32`);
  }
}
