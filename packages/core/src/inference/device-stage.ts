/** The encoder of one stage on a backend: scores in float32, selected there where a stage selects by rank. */
import { dequantizeMatrix, type EncodingStep, type PackedMatrix, type StagedSae } from "@qsae/runtime";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";
import { largestSafeNorm, rowNorms } from "./safe-norm.ts";

type EncoderStage = StagedSae["stages"][number];

export interface DeviceStage {
  /** Gives the step the latents of all its rows. */
  encode(step: EncodingStep): Promise<void>;
  dispose(): void;
}

/** Scores, or the k largest of them, that are on the host at a time: 32 MB. */
const MAX_NUMBERS = 2 ** 23;

export function deviceStage(ops: TensorOps, { dSae, encoder, bEnc, selection }: EncoderStage): DeviceStage {
  const dIn = encoder.cols;
  const k = selection.kind === "topk" || selection.kind === "sign" ? selection.k : undefined;
  const { safeNorm, ...weights } = upload(ops, encoder, bEnc, k !== undefined);
  const rowsAtOnce = Math.max(1, Math.floor(MAX_NUMBERS / (k ?? dSae)));
  const encodeRows = async (step: EncodingStep, first: number, n: number): Promise<void> => {
    const u = new Float32Array(step.u.subarray(first * dIn, (first + n) * dIn)); // [n, d_in]
    if (k === undefined) step.selectByScores(await scores(ops, u, weights, [n, dIn]));
    else step.selectAmongLargest(...(await largestScores(ops, u, weights, [n, dIn], k)));
  };
  return {
    async encode(step) {
      const norms = rowNorms(step.u, dIn);
      // At the edge of float32 the interpreter's float64 sums are needed to tell what overflows.
      const risky = [...norms.keys()].filter((row) => !(norms[row]! < safeNorm));
      let first = 0;
      for (const end of [...risky, step.rows]) {
        for (; first < end; first = Math.min(end, first + rowsAtOnce)) {
          await encodeRows(step, first, Math.min(rowsAtOnce, end - first));
        }
        if (end < step.rows) step.interpret(dequantizeMatrix(encoder), 1);
        first = end + 1;
      }
    },
    dispose: () => ops.dispose(Object.values(weights)),
  };
}

interface Weights {
  /** `[d_sae, d_in]`, for selection by rank `[d_in, d_sae]` */
  readonly wEnc: Tensor;
  /** `[d_sae]` */
  readonly bias: Tensor;
}

/** Apart, so that what encodes later does not hold on to the weights on the host. */
function upload(
  ops: TensorOps,
  encoder: PackedMatrix,
  bEnc: Float32Array,
  transposed: boolean,
): Weights & { readonly safeNorm: number } {
  const rows = dequantizeMatrix(encoder); // [d_sae, d_in]
  const weights = ops.tidy(() => {
    const stored = ops.tensor(rows, [encoder.rows, encoder.cols]);
    return { wEnc: transposed ? ops.transpose(stored) : stored, bias: ops.tensor(bEnc, [encoder.rows]) };
  });
  return { ...weights, safeNorm: largestSafeNorm(rows, bEnc) };
}

/** `[n, d_sae]` */
async function scores(
  ops: TensorOps,
  u: Float32Array,
  { wEnc, bias }: Weights,
  shape: readonly [n: number, dIn: number],
): Promise<Float32Array> {
  const product = ops.tidy(() => ops.add(ops.matMul(ops.tensor(u, shape), wEnc, false, true), bias));
  try {
    return (await ops.read(product)).data as Float32Array;
  } finally {
    ops.dispose(product);
  }
}

/** Both `[n, k]` */
async function largestScores(
  ops: TensorOps,
  u: Float32Array,
  { wEnc, bias }: Weights,
  shape: readonly [n: number, dIn: number],
  k: number,
): Promise<[values: Float32Array, indices: Int32Array]> {
  const { values, indices } = ops.tidy(() => ops.encodeTopK(ops.tensor(u, shape), wEnc, bias, k));
  try {
    return [(await ops.read(values)).data as Float32Array, (await ops.read(indices)).data as Int32Array];
  } finally {
    ops.dispose([values, indices]);
  }
}
