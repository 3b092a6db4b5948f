/** Real activations, and weights that 500 training steps have given their usual spread of scores. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { train, type Backend } from "@qsae/core";
import { openActivations } from "@qsae/data";
import { quantizersByName } from "@qsae/quantizers";
import { baseline } from "@qsae/variants";
import type { Problem } from "./problem.ts";

const STEPS = 500;
const K = 32;

const dataFolder = process.env["QSAE_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));

/** @throws if the activations are not there, naming the file and the variable that points elsewhere */
export async function realProblem(backend: Backend, batch: number, dSae: number): Promise<Problem> {
  const file = join(dataFolder, "gpt", "gpt_train100k.f16.safetensors");
  if (!existsSync(file)) throw new Error(`${file} is missing; point QSAE_DATA at the folder that holds gpt/`);
  const source = await openActivations(file);
  try {
    const variant = baseline({ d_in: source.dIn, d_sae: dSae, k: K }, quantizersByName());
    const { checkpoint } = await train({
      backend,
      variant,
      source,
      training: { steps: STEPS, batch_size: 1024, seed: 1 },
    });
    const x = new Float32Array(batch * source.dIn);
    for await (const rows of source.batches({ batchSize: batch, seed: 2 })) {
      x.set(rows.x);
      break;
    }
    const floats = (name: string): Float32Array => checkpoint.tensors[name]!.data as Float32Array;
    return {
      name: "real",
      batch,
      dIn: source.dIn,
      dSae,
      k: K,
      x,
      wEnc: floats("W_enc"),
      bEnc: floats("b_enc"),
      wDec: floats("W_dec"),
      bDec: floats("b_dec"),
    };
  } finally {
    await source.close();
  }
}
