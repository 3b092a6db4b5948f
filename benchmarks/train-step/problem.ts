/** The shared problem: the same activations and weights for both sides, as raw float32 files. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { normals } from "@qsae/core";

export interface Problem {
  readonly name: string;
  readonly batch: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
  /** `[batch, d_in]` */
  readonly x: Float32Array;
  /** `[d_in, d_sae]` */
  readonly wEnc: Float32Array;
  readonly bEnc: Float32Array;
  /** `[d_sae, d_in]` */
  readonly wDec: Float32Array;
  readonly bDec: Float32Array;
}

export interface Shape {
  readonly batch: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
}

/** Gaussian activations and weights, `W_enc = W_dec^T`, biases zero. */
export function gaussianProblem({ batch, dIn, dSae, k }: Shape): Problem {
  const wDec = normals(dSae * dIn, 1 / Math.sqrt(dIn), 2);
  const wEnc = new Float32Array(dIn * dSae);
  for (let j = 0; j < dSae; j++) for (let i = 0; i < dIn; i++) wEnc[i * dSae + j] = wDec[j * dIn + i]!;
  const x = normals(batch * dIn, 1, 1);
  return {
    name: "gaussian",
    batch,
    dIn,
    dSae,
    k,
    x,
    wEnc,
    bEnc: new Float32Array(dSae),
    wDec,
    bDec: new Float32Array(dIn),
  };
}

/** Writes the arrays for a peer in another language; the folder is gone afterwards. */
export async function withProblemFiles<T>(problem: Problem, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "qsae-train-step-"));
  try {
    for (const name of ["x", "wEnc", "bEnc", "wDec", "bDec"] as const) {
      await writeFile(
        join(folder, `${name}.f32`),
        new Uint8Array(problem[name].buffer, problem[name].byteOffset, problem[name].byteLength),
      );
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
