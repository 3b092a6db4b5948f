/** Activations of the tiny language model that the SAEs are trained and measured on. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { harvest } from "@qsae/data";

import { root } from "../root.ts";

const model = `${root}examples/tiny-lm`;
/** The residual stream in the middle of the model, as the quickstart has it. */
const HOOK = "blocks.1";

/** Tokens that are harvested: all of the training text; few of the held-out text, so that it takes a test a second or two. */
const TOKENS = { train: 189_992, heldout: 4_064 } as const;

/** Writes the file, unless it is there: it is either whole or not there at all. */
export const harvestOnce = async (part: "train" | "heldout", outPath: string): Promise<void> => {
  if (existsSync(outPath)) return;
  await mkdir(dirname(outPath), { recursive: true });
  await harvest({
    modelPath: `${model}/model.onnx`,
    tokenizerDir: model,
    textPath: `${model}/${part}.txt`,
    hook: HOOK,
    contextLength: 128,
    maxTokens: TOKENS[part],
    outPath,
  });
};
