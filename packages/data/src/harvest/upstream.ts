import type { OnnxGraph, OnnxNode } from "./onnx-graph.ts";

export interface Upstream {
  readonly nodes: ReadonlySet<OnnxNode>;
  /** Names of all tensors that the nodes read, weights and inputs of the model among them, and of `tensor` itself. */
  readonly reads: ReadonlySet<string>;
}

/** The nodes that a tensor depends on. @param given a tensor that is not computed, whatever makes it in the graph */
export function upstreamOf(graph: OnnxGraph, tensor: string, given?: string): Upstream {
  const nodes = new Set<OnnxNode>();
  const reads = new Set<string>([tensor]);
  // A set is iterated over what is added meanwhile.
  for (const name of reads) {
    const node = name === given ? undefined : graph.producers.get(name);
    if (node === undefined || nodes.has(node)) continue;
    nodes.add(node);
    for (const input of [...node.inputs, ...(node.captures ?? [])]) reads.add(input);
  }
  return { nodes, reads };
}
