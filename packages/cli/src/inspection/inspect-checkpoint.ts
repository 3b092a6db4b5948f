import { stat } from "node:fs/promises";
import type { SaeCheckpoint } from "@qsae/core";
import { importSae, readCheckpoint } from "@qsae/data";
import { bytes, count } from "../terminal/format.ts";
import { factsOf, tensorTable, type Inspection } from "./inspection.ts";

/** A training checkpoint. No variant is made from it, so those of other projects can be inspected too. */
export async function inspectCheckpoint(path: string): Promise<Inspection> {
  const { sae, step, training } = await readCheckpoint(path);
  const { size } = await stat(path);
  return parameters({
    sae,
    json: { kind: "checkpoint", path, bytes: size, step, training },
    headline: `training checkpoint: ${sae.spec.variant} after ${count(step)} steps, ${bytes(size)}`,
  });
}

/** An SAE in SAELens layout. */
export async function inspectSaeLens(path: string): Promise<Inspection> {
  const sae = await importSae(path);
  const { size } = await stat(path);
  return parameters({
    sae,
    json: { kind: "saelens", path, bytes: size },
    headline: `SAE in SAELens layout, read as ${sae.spec.variant}, ${bytes(size)}`,
  });
}

/** An SAE by its parameters: configuration, origin, tensors. */
export function parameters({
  sae,
  json,
  headline,
}: {
  sae: SaeCheckpoint;
  json: Inspection["json"];
  headline: string;
}): Inspection {
  const { spec, tensors, provenance } = sae;
  const shapes = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  return {
    json: { ...json, variant: spec.variant, ...sizes(spec.config), config: spec.config, tensors: shapes, provenance },
    headline,
    facts: [...factsOf(spec.config), ...factsOf(provenance)],
    tables: [tensorTable(shapes)],
  };
}

function sizes({ d_in, d_sae }: SaeCheckpoint["spec"]["config"]): Record<string, unknown> {
  return { ...(d_in !== undefined && { d_in }), ...(d_sae !== undefined && { d_sae }) };
}
