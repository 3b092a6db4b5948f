/** What of a model's graph computes its predictions once the activations at a hook are given. */
import { UsageError } from "@qsae/runtime";

import type { OnnxGraph } from "../harvest/onnx-graph.ts";
import { type Upstream, upstreamOf } from "../harvest/upstream.ts";

/**
 * The nodes to run: those behind the hook, and those beside it that do not depend on it (masks, positions, skipping branches).
 *
 * Follows the graph from `output` back to `hook`. A tensor that is needed and does not depend on the hook is computed from the
 * model's inputs as before, so that the result is right wherever the hook lies; behind a residual stream's tensor nothing of
 * the layers before it is left.
 *
 * @throws UsageError if the output does not depend on the hook, or is the hook
 */
export function downstreamOf(graph: OnnxGraph, hook: string, output: string, modelPath: string): Upstream {
  if (hook === output) {
    throw new UsageError(`${modelPath}: hook "${hook}" is the model's predictions; choose a tensor before them`);
  }
  const downstream = upstreamOf(graph, output, hook);
  if (!downstream.reads.has(hook)) {
    throw new UsageError(
      `${modelPath}: the predictions "${output}" do not depend on hook "${hook}", so replacing it changes nothing; ` +
        "choose a tensor of the residual stream",
    );
  }
  return downstream;
}
