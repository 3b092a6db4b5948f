import type { OnnxGraph } from "./onnx-graph.ts";
import { throughCasts } from "./residual-stream.ts";

/**
 * Number of token ids a model knows: rows of the weight that is gathered from by the token ids.
 * @returns undefined where the graph does not tell
 */
export function vocabularySize(graph: OnnxGraph, idsInput: string): number | undefined {
  for (const { op, inputs } of graph.nodes) {
    const [table, ids] = inputs;
    if (op !== "Gather" || table === undefined || ids === undefined || throughCasts(graph, ids) !== idsInput) continue;
    const shape = graph.weights.get(throughCasts(graph, table));
    if (shape?.length === 2) return shape[0];
  }
  return undefined;
}
