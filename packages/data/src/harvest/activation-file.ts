/**
 * The file that harvesting writes. With c = contextLength and d = dropFirst:
 *
 *     tokens      [rows]        I32           the token at each row
 *     windows     [n, c]        I32           the token ids the model was run on
 *     activations [rows, d_in]  F16 or F32    row r is position d + r % (c - d) of window floor(r / (c - d))
 *
 * Position 0 of a window is left out by default: attention has nothing to look at there, and models park outliers on it.
 */
import type { TokenWindows } from "@qsae/core";
import { NonFiniteError } from "@qsae/runtime";

import { encodeF16 } from "../safetensors/encode-f16.ts";
import { encodeSafetensorsHeader } from "../safetensors/stream-tensors.ts";

export interface ActivationFile {
  /** What errors call it. */
  readonly path: string;
  readonly windows: TokenWindows;
  readonly dropFirst: number;
  readonly rows: number;
  readonly dIn: number;
  readonly dtype: "float16" | "float32";
  readonly metadata: Readonly<Record<string, string>>;
}

/** Everything before the activations. The four-byte types stand first, so that every tensor is aligned. */
export function* fileHead(file: ActivationFile): Generator<Uint8Array> {
  const { ids, count, context } = file.windows;
  yield encodeSafetensorsHeader(
    [
      { name: "tokens", dtype: "I32", shape: [file.rows] },
      { name: "windows", dtype: "I32", shape: [count, context] },
      { name: "activations", dtype: file.dtype === "float16" ? "F16" : "F32", shape: [file.rows, file.dIn] },
    ],
    file.metadata,
  );
  const kept = context - file.dropFirst;
  const tokens = new Int32Array(file.rows);
  for (let r = 0; r < file.rows; r++) tokens[r] = ids[Math.floor(r / kept) * context + file.dropFirst + (r % kept)]!;
  yield bytesOf(tokens);
  yield bytesOf(ids);
}

/**
 * The rows that a run of windows adds, as they are stored.
 * @param values `[n, context, d_in]`
 * @param firstRow row number of the first one
 * @throws NonFiniteError if a value is NaN or Inf, or would be as float16
 */
export function encodeRows(file: ActivationFile, values: Float32Array, firstRow: number): Uint8Array {
  const kept = keptPositions(file, values).subarray(0, (file.rows - firstRow) * file.dIn);
  const fail = (index: number, problem: string): never => {
    const row = firstRow + Math.floor(index / file.dIn);
    throw new NonFiniteError(`${file.path}: ${kept[index]!} in row ${row}, column ${index % file.dIn} ${problem}`);
  };
  // True for NaN and both infinities alone.
  const bad = kept.findIndex((value) => value - value !== 0);
  if (bad >= 0) fail(bad, "comes from the model; activations must be finite");
  if (file.dtype === "float32") return bytesOf(kept);
  const halves = new Uint16Array(kept.length);
  const overflow = encodeF16(kept, halves);
  if (overflow !== undefined) fail(overflow, "is beyond float16 (65504); use dtype float32");
  return bytesOf(halves);
}

/** `[n, context, d_in]` to `[n * (context - dropFirst), d_in]` */
function keptPositions({ windows, dropFirst, dIn }: ActivationFile, values: Float32Array): Float32Array {
  if (dropFirst === 0) return values;
  const whole = windows.context * dIn;
  const kept = (windows.context - dropFirst) * dIn;
  const n = values.length / whole;
  const rows = new Float32Array(n * kept);
  for (let w = 0; w < n; w++) rows.set(values.subarray((w + 1) * whole - kept, (w + 1) * whole), w * kept);
  return rows;
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array | Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
