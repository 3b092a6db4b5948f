/** The program of a page that trains on a GPU. */
import { openBackend, type BackendName } from "@qsae/core";
import { trainShortly } from "./training-run.ts";

/** The description of a backend, or why it does not open. */
const opening = async (name: BackendName): Promise<string> => {
  try {
    const backend = await openBackend(name);
    await backend.close();
    return `${backend.name}: ${backend.description}`;
  } catch (error) {
    return String(error);
  }
};

const webgpuChecks = { trainShortly, opening };

export type WebGpuChecks = typeof webgpuChecks;

Object.assign(globalThis, { webgpuChecks });
