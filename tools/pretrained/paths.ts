/** Where the pre-trained SAEs, their configurations, and what is only needed to make them lie. */
import { root } from "../root.ts";

export const folder = `${root}examples/pretrained`;
export const readme = `${folder}/README.md`;
export const configPath = (id: string): string => `${folder}/configs/${id}.json`;
export const packedPath = (id: string): string => `${folder}/${id}.qsae.safetensors`;

/** Not committed: activations and runs. */
export const work = `${root}runs/pretrained`;
export const activationsPath = (part: "train" | "heldout"): string => `${work}/${part}.safetensors`;
