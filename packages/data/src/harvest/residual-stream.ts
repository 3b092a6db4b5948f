/**
 * Finding the residual stream in a language model's graph. Every block of a pre-norm transformer adds what it computes to
 * the stream, so the stream is the longest chain of `Add` nodes of which each takes the one before as an input. Exporters
 * name tensors after the module that makes them (`/blocks.1/Add_3_output_0`, `/model/layers.1/Add_1_output_0`), which
 * tells the layer; the last tensor of a layer is the stream after it.
 */
import type { OnnxGraph, OnnxNode } from "./onnx-graph.ts";

/** A tensor that can be harvested. */
export interface Hook {
  /** Name in the graph. */
  readonly tensor: string;
  /** Layer whose module makes it, counted from 0; absent where the name does not tell. */
  readonly layer?: number;
  /** Short name, `blocks.1`: on the last tensor of a layer, the residual stream after it. */
  readonly alias?: string;
}

/** Nodes that hand a tensor on, at most in another precision. */
const TRANSPARENT = new Set(["Cast", "Identity", "Dropout"]);

/** Tensors of the residual stream, in the order of the model. Empty where no two `Add` nodes follow one another. */
export function residualStream(graph: OnnxGraph): readonly Hook[] {
  const hooks = longestAddChain(graph).map((tensor): Hook => ({ tensor, ...layerOf(tensor) }));
  return hooks.map((hook, i) => {
    const isLast = hook.layer !== undefined && hooks[i + 1]?.layer !== hook.layer;
    const { alias, ...rest } = hook;
    return isLast && alias !== undefined ? { ...rest, alias } : rest;
  });
}

/** `/model/layers.12/Add_output_0` -> layer 12, `layers.12`. Inner modules count from 0 again: the outermost number is taken. */
function layerOf(tensor: string): { readonly layer: number; readonly alias: string } | undefined {
  const scope = /(?:^|[/.])([A-Za-z_]\w*)[./](\d{1,4})\//.exec(tensor);
  return scope === null ? undefined : { layer: Number(scope[2]), alias: `${scope[1]}.${Number(scope[2])}` };
}

function longestAddChain(graph: OnnxGraph): readonly string[] {
  const chains = new Map<OnnxNode, { readonly length: number; readonly previous: OnnxNode | undefined }>();
  let end: OnnxNode | undefined;
  for (const node of graph.nodes) {
    if (node.op !== "Add") continue;
    let previous: OnnxNode | undefined;
    for (const input of node.inputs) {
      const add = producerThroughCasts(graph, input);
      if (add !== undefined && isLonger(add, previous)) previous = add;
    }
    chains.set(node, { length: 1 + lengthOf(previous), previous });
    if (lengthOf(node) > lengthOf(end)) end = node;
  }
  const tensors: string[] = [];
  for (let node = end; node !== undefined; node = chains.get(node)?.previous) tensors.push(node.outputs[0]!);
  return tensors.length < 2 ? [] : tensors.reverse();

  /** At its start, the stream is as short as the branch that is added to it; it is made by the outer module. */
  function isLonger(node: OnnxNode, than: OnnxNode | undefined): boolean {
    const more = lengthOf(node) - lengthOf(than);
    return more > 0 || (more === 0 && than !== undefined && moduleDepth(node) < moduleDepth(than));
  }

  function lengthOf(node: OnnxNode | undefined): number {
    return (node === undefined ? undefined : chains.get(node)?.length) ?? 0;
  }
}

function moduleDepth(node: OnnxNode): number {
  return node.outputs[0]!.split("/").length;
}

/** The node that computes a tensor, looking through {@link TRANSPARENT} ones. */
function producerThroughCasts(graph: OnnxGraph, tensor: string): OnnxNode | undefined {
  const source = throughCasts(graph, tensor);
  return graph.producers.get(source);
}

/** The tensor that a tensor is a copy of. */
export function throughCasts(graph: OnnxGraph, tensor: string): string {
  let name = tensor;
  // A damaged graph may be a circle.
  for (let steps = 0; steps <= graph.nodes.length; steps++) {
    const node = graph.producers.get(name);
    if (node === undefined || !TRANSPARENT.has(node.op) || node.inputs[0] === undefined) break;
    name = node.inputs[0];
  }
  return name;
}
