import { stat } from "node:fs/promises";
import { extname } from "node:path";
import { openActivations, safetensorsHeaderOf } from "@qsae/data";
import { bytes, count } from "../terminal/format.ts";
import { factsOf, type Inspection } from "./inspection.ts";

/** Activations (.safetensors or .npy): rows, width, where they come from. */
export async function inspectActivations(path: string): Promise<Inspection> {
  const source = await openActivations(path);
  await source.close();
  const { size } = await stat(path);
  const { file: _file, ...provenance } = source.provenance;
  const tensors = extname(path).toLowerCase() === ".npy" ? [] : await tensorsOf(path);
  return {
    json: {
      kind: "activations",
      path,
      bytes: size,
      tokens: source.tokens,
      d_in: source.dIn,
      tensors: Object.fromEntries(tensors.map(([name, dtype, shape]) => [name, { dtype, shape }])),
      provenance,
    },
    headline: `activations: ${count(source.tokens)} tokens of width ${count(source.dIn)}, ${bytes(size)}`,
    facts: factsOf(provenance),
    tables:
      tensors.length > 0
        ? [
            {
              columns: ["tensor", "type", "shape"],
              rows: tensors.map(([name, dtype, shape]) => [name, dtype, `[${shape.join(", ")}]`]),
            },
          ]
        : [],
  };
}

async function tensorsOf(path: string): Promise<(readonly [name: string, dtype: string, shape: readonly number[]])[]> {
  const { entries } = await safetensorsHeaderOf(path, "activations");
  return [...entries].map(([name, { dtype, shape }]) => [name, dtype, shape] as const);
}
