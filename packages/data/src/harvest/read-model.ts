import { FormatError } from "@qsae/runtime";

import { withFile } from "../files/open-file.ts";

/** A protobuf message cannot be larger. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** Reads a model whole: onnxruntime takes it as bytes, so that an output can be added. */
export function readModel(path: string): Promise<Uint8Array> {
  return withFile(path, "an ONNX language model (.onnx)", async (file) => {
    if (file.bytes > MAX_MODEL_BYTES) {
      throw new FormatError(path, `${file.bytes} bytes; an ONNX file has at most ${MAX_MODEL_BYTES}`);
    }
    const bytes = new Uint8Array(file.bytes);
    await file.read(0, bytes);
    return bytes;
  });
}
