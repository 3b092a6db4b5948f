/** Parameters to start training from, out of any SAE that can be opened. */
import { dequantizeMatrix, UsageError, type HostTensor, type HostTensors, type PackedSae } from "@qsae/runtime";
import type { SaeCheckpoint } from "@qsae/core";
import type { VariantCatalog } from "@qsae/variants";
import { kindOfPath } from "../files/kind-of-path.ts";
import { openSae } from "../open-sae.ts";
import { runFiles } from "./run-files.ts";

export interface WarmStart {
  readonly tensors: HostTensors;
  readonly dIn: number;
  readonly dSae: number;
  /** Configuration of the SAE they come from. */
  readonly config: SaeCheckpoint["spec"]["config"];
}

/**
 * A run starts from its checkpoint, which has the float weights behind the quantized ones; a packed file from its weights.
 *
 * @throws UsageError if a packed file has several stages
 */
export async function readWarmStart(path: string, catalog: VariantCatalog): Promise<WarmStart> {
  const { checkpoint: ofRun } = runFiles(path);
  const { checkpoint, packed } = await openSae((await kindOfPath(ofRun)) === "file" ? ofRun : path, catalog);
  if (!checkpoint && packed.stages.length > 1) {
    throw new UsageError(
      `--from ${path}: a packed SAE of ${packed.stages.length} stages, which no variant starts from; give the run or checkpoint that it was made of`,
    );
  }
  return {
    tensors: checkpoint?.tensors ?? tensorsOf(packed),
    dIn: packed.dIn,
    dSae: packed.stages.reduce((sum, { dSae }) => sum + dSae, 0),
    config: packed.description.config,
  };
}

function tensorsOf({ dIn, stages }: PackedSae): HostTensors {
  const { dSae, encoder, bEnc, dictionary, bDec, selection } = stages[0]!;
  return {
    W_enc: float([dIn, dSae], transposed(dequantizeMatrix(encoder), dSae, dIn)),
    b_enc: float([dSae], bEnc),
    W_dec: float([dSae, dIn], dequantizeMatrix(dictionary)),
    b_dec: float([dIn], bDec),
    ...(selection.kind === "threshold" ? { threshold: float([dSae], selection.threshold) } : {}),
  };
}

function float(shape: readonly number[], data: Float32Array): HostTensor {
  return { shape, data };
}

/** `[rows, cols]` to `[cols, rows]` */
function transposed(a: Float32Array, rows: number, cols: number): Float32Array {
  const turned = new Float32Array(a.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) turned[j * rows + i] = a[i * cols + j]!;
  return turned;
}
