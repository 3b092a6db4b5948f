import { stat } from "node:fs/promises";
import { discoverHooks } from "@qsae/data";
import { bytes } from "../terminal/format.ts";
import type { Inspection } from "./inspection.ts";

/** A language model: the tensors of its residual stream, which `harvest --hook` takes by name or layer. */
export async function inspectModel(path: string): Promise<Inspection> {
  const hooks = await discoverHooks(path);
  const { size } = await stat(path);
  return {
    json: { kind: "model", path, bytes: size, hooks },
    headline: `ONNX language model, ${bytes(size)}; ${hooks.length > 0 ? "--hook of qsae harvest takes:" : "no residual stream found: give --hook a tensor's name"}`,
    facts: [],
    tables:
      hooks.length > 0
        ? [
            {
              columns: ["tensor", "layer", "short name"],
              rows: hooks.map(({ tensor, layer, alias }) => [
                tensor,
                layer === undefined ? "-" : String(layer),
                alias ?? "-",
              ]),
            },
          ]
        : [],
  };
}
