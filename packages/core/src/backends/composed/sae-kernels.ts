/**
 * The SAE kernels composed of tfjs's own ops: they run on every tfjs backend, hold latents densely as `[n, d_sae]`, and are
 * the oracle for kernels that do not.
 */
import * as tf from "@tensorflow/tfjs";
import type { UniformGrid } from "../../contracts/tensor-ops.ts";
import { nonFiniteArgument, requireFiniteScores } from "../non-finite.ts";
import { saeKernel, type SaeKernelName } from "../tfjs/sae-kernel.ts";
import { gridCodes, gridScaleGradient, gridValues } from "./grid.ts";
import { multiplyTransposed } from "./multiply-transposed.ts";
import { ascendingRows, gatherFromRows, scatterRows } from "./rows.ts";

type Inputs = Readonly<Record<string, tf.Tensor2D>>;
interface Attributes extends UniformGrid {
  readonly k: number;
  readonly count: number;
  readonly dSae: number;
  readonly minNorm: number;
  readonly offset: number;
}
type Composed = (inputs: Inputs, attributes: Attributes) => tf.Tensor | tf.Tensor[];

const composed: Readonly<Record<SaeKernelName, Composed>> = {
  encodeTopK: ({ x, wEnc, bEnc, center }, { k }) => {
    if (x!.shape[0] === 0) return [tf.zeros([0, k]), tf.zeros([0, k], "int32")];
    const scores = tf.add<tf.Tensor2D>(tf.matMul(tf.sub(x!, center!), wEnc!), bEnc!); // [n, d_sae]
    requireFinite(scores, { x: x!, W_enc: wEnc!, b_enc: bEnc!, center: center! });
    const indices = ascendingRows(tf.topk(scores, k).indices); // [n, k]
    return [gatherFromRows(scores, indices), indices];
  },
  encoderGradient: ({ dValues, indices, x, center }, { dSae }) => {
    const dScores = scatterRows(dValues!, indices!, dSae); // [n, d_sae]
    return [multiplyTransposed(tf.sub(x!, center!), dScores, "first"), tf.sum(dScores, 0)];
  },
  inputGradient: ({ dValues, indices, wEnc }) =>
    multiplyTransposed(scatterRows(dValues!, indices!, wEnc!.shape[1]), wEnc!, "second"),
  batchTopKMask: ({ values }, { count }) => {
    if (count === 0) return tf.zeros(values!.shape);
    const { indices } = tf.topk(tf.reshape(values!, [values!.size]), count);
    const ones = tf.scatterND(tf.reshape(indices, [count, 1]), tf.ones([count]), [values!.size]);
    return tf.reshape(ones, values!.shape);
  },
  decodeSparse: ({ values, indices, wDec }) => {
    const [dSae, dIn] = wDec!.shape;
    if (values!.shape[0] === 0) return tf.zeros([0, dIn]);
    return tf.matMul(scatterRows(values!, indices!, dSae), wDec!);
  },
  latentGradient: ({ dy, indices, wDec }) => {
    if (indices!.shape[0] === 0) return tf.zeros(indices!.shape);
    return gatherFromRows(multiplyTransposed(dy!, wDec!, "second"), indices!);
  },
  decoderGradient: ({ dy, values, indices }, { dSae }) =>
    multiplyTransposed(scatterRows(values!, indices!, dSae), dy!, "first"),
  countFired: ({ values, indices }, { dSae }) => {
    if (values!.size === 0) return tf.zeros([dSae]);
    const fired = tf.cast(tf.notEqual(tf.reshape(values!, [-1]), 0), "float32");
    return tf.scatterND(tf.reshape(indices!, [-1, 1]), fired, [dSae]); // duplicates add up
  },
  normalizeRows: ({ x }, { minNorm }) => tf.div(x!, tf.maximum(tf.sqrt(tf.sum(tf.square(x!), 1, true)), minNorm)),
  removeParallel: ({ gradient, atoms }) =>
    tf.sub(gradient!, tf.mul(atoms!, tf.sum(tf.mul(gradient!, atoms!), 1, true))),
  gridCodes: ({ w, scale }, grid) => gridCodes(w!, scale!, grid),
  gridValues: ({ codes, scale }, { offset }) => gridValues(codes!, scale!, offset),
  gridScaleGradient: ({ dy, codes, scale }, { offset }) => gridScaleGradient(dy!, codes!, scale!.shape, offset),
};

function requireFinite(scores: tf.Tensor2D, named: Readonly<Record<string, tf.Tensor>>): void {
  if (tf.all(tf.isFinite(scores)).dataSync()[0]) return; // one number to wait for, where scores are on a GPU
  try {
    requireFiniteScores("encodeTopK", scores.dataSync(), scores.shape[1]);
  } catch (error) {
    const arrays = Object.entries(named).map(([name, a]) => [name, a.dataSync()] as const);
    throw nonFiniteArgument("encodeTopK", Object.fromEntries(arrays)) ?? error;
  }
}

/** Gives a tfjs backend the SAE kernels. Idempotent. */
export function registerComposedKernels(backendName: string): void {
  for (const name of Object.keys(composed) as SaeKernelName[]) {
    if (tf.getKernel(saeKernel[name], backendName)) continue;
    tf.registerKernel({
      kernelName: saeKernel[name],
      backendName,
      kernelFunc: ({ inputs, attrs }) =>
        tf.tidy(() => composed[name](inputs as unknown as Inputs, (attrs ?? {}) as unknown as Attributes)),
    });
  }
}
