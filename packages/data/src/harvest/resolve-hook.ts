import { UsageError } from "@qsae/runtime";
import { distance } from "fastest-levenshtein";

import type { OnnxGraph } from "./onnx-graph.ts";
import { residualStream } from "./residual-stream.ts";

const NEAREST_SHOWN = 8;

/**
 * Name of the tensor that a hook means: a layer number (the residual stream after that layer), an alias (`blocks.1`), or
 * the tensor's own name.
 * @throws UsageError listing what comes nearest
 */
export function resolveHook(graph: OnnxGraph, hook: string | number, modelPath: string): string {
  const residual = residualStream(graph);
  const afterLayers = residual.filter((candidate) => candidate.alias !== undefined);
  if (typeof hook === "number") {
    const found = afterLayers.find((candidate) => candidate.layer === hook);
    if (found !== undefined) return found.tensor;
    const layers = afterLayers.map((candidate) => candidate.layer).join(", ");
    throw new UsageError(
      `${modelPath}: no layer ${hook}; ` +
        (layers === ""
          ? "tensor names tell no layers, so give a tensor's name"
          : `layers whose output is known: ${layers}`),
    );
  }
  const found = afterLayers.find((candidate) => candidate.alias === hook)?.tensor ?? hook;
  if (graph.producers.has(found)) return found;
  const names = [...afterLayers.map((candidate) => candidate.alias!), ...graph.producers.keys()];
  const nearest = names
    .map((name) => ({ name, away: distance(name, hook) }))
    .sort((a, b) => a.away - b.away)
    .slice(0, NEAREST_SHOWN);
  throw new UsageError(
    `${modelPath}: no tensor "${hook}"; nearest: ${nearest.map(({ name }) => name).join(", ")}` +
      (afterLayers.length === 0 ? "" : `; residual stream: ${afterLayers.map(({ alias }) => alias).join(", ")}`),
  );
}
