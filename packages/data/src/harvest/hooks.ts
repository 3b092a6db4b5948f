import { parseOnnxGraph } from "./onnx-graph.ts";
import { readModel } from "./read-model.ts";
import { type Hook, residualStream } from "./residual-stream.ts";

/**
 * Lists what `harvest` can take by itself: the tensors of the residual stream, in the order of the model. Any other tensor
 * of the graph can be harvested by its name.
 * @throws FormatError if the file is no ONNX model
 * @example
 * (await discoverHooks("model.onnx")).find((hook) => hook.layer === 1 && hook.alias);
 * // { tensor: "/blocks.1/Add_3_output_0", layer: 1, alias: "blocks.1" }
 */
export async function discoverHooks(modelPath: string): Promise<readonly Hook[]> {
  return residualStream(parseOnnxGraph(await readModel(modelPath), modelPath));
}
