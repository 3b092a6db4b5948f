import { stat } from "node:fs/promises";
import { importSae, OptionsNeededError, readTorchFile, type ImportSaeOptions } from "@qsae/data";
import type { HostTensors } from "@qsae/runtime";
import { formatSaePath } from "../files/sae-path.ts";
import { bytes } from "../terminal/format.ts";
import { parameters } from "./inspect-checkpoint.ts";
import { tensorTable, type Inspection } from "./inspection.ts";

/**
 * A `.pth` file of the Python reference. Where it does not say all that running it needs, that is no error here: what fits is
 * shown, and what to write to have it run.
 */
export async function inspectReference(path: string, options: ImportSaeOptions): Promise<Inspection> {
  const { size } = await stat(path);
  try {
    const sae = await importSae(path, options);
    return parameters({
      sae,
      json: { kind: "reference", path, bytes: size, open_as: formatSaePath(path, options) },
      headline: `SAE of the Python reference: ${sae.spec.variant}, ${bytes(size)}`,
    });
  } catch (error) {
    if (!(error instanceof OptionsNeededError)) throw error;
    return unsettled(path, size, error);
  }
}

async function unsettled(
  path: string,
  size: number,
  { problem, choices, hint }: OptionsNeededError,
): Promise<Inspection> {
  const { tensors } = await readTorchFile(path);
  const openAs = choices.map((options) => formatSaePath(path, options));
  return {
    json: { kind: "reference", path, bytes: size, problem, open_as: openAs, tensors: shapesOf(tensors) },
    headline: `SAE of the Python reference, ${bytes(size)}; ${problem}`,
    facts: openAs.map((line, i) => [i === 0 ? "open as" : "or", i === openAs.length - 1 ? line + hint : line]),
    tables: [tensorTable(shapesOf(tensors))],
  };
}

function shapesOf(tensors: HostTensors): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}
