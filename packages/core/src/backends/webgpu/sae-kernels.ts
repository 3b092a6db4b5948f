/// <reference types="@webgpu/types" />
/** The SAE kernels on WebGPU: sparse, never writing `[n, d_sae]`. Matrices are bound in parts where they must be. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { saeKernel } from "../tfjs/sae-kernel.ts";
import { batchTopKMask } from "./batch-top-k.ts";
import { bucketSums } from "./bucket-sums.ts";
import type { WebGpuKernel } from "./define-kernel.ts";
import { encodeTopK } from "./encode-top-k.ts";
import { encoderRows } from "./encoder-rows.ts";
import { countEntries } from "./latent-buckets.ts";
import { partsOf } from "./parts.ts";
import { transposeInto } from "./transpose.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";
import { folded, threadsFor } from "./workgroups.ts";

/** `sum_r values[i, r] rows[indices[i, r]]`, rows `[d_sae, d_in]`. */
function decoded(
  storage: WebGpuStorage,
  values: TensorInfo,
  indices: TensorInfo,
  rows: GPUBuffer,
  [dSae, dIn]: readonly [number, number],
): TensorInfo {
  const [n, k] = indices.shape as [number, number];
  const out = storage.create([n, dIn]);
  if (n === 0) return out;
  const [of, at, to] = [values, indices, out].map((a) => storage.buffer(a)) as [GPUBuffer, GPUBuffer, GPUBuffer];
  for (const part of partsOf(dSae, 4 * dIn, storage.bindingBytes)) {
    storage.run(
      "decode-sparse",
      [of, at, bindPart(rows, part, 4 * dIn), to],
      [n, k, dIn, part.first, part.first + part.count].map((u32) => ({ u32 })),
      folded(n),
    );
  }
  return out;
}

/** A kernel over rows of equal shape, `[rows, columns]` each. */
function byRows(
  storage: WebGpuStorage,
  name: string,
  inputs: readonly TensorInfo[],
  parameters: readonly { readonly f32: number }[] = [],
): TensorInfo {
  const { shape } = inputs[0]!;
  const [rows, columns] = shape as [number, number];
  const out = storage.create(shape);
  if (elementCount(shape) === 0) return out;
  const buffers = [...inputs, out].map((a) => storage.buffer(a));
  for (const part of partsOf(rows, 4 * columns, storage.bindingBytes)) {
    storage.run(
      name,
      buffers.map((buffer) => bindPart(buffer, part, 4 * columns)),
      [{ u32: part.count }, { u32: columns }, ...parameters],
      folded(part.count),
    );
  }
  return out;
}

export const saeKernels: readonly WebGpuKernel[] = [
  {
    name: saeKernel.encodeTopK,
    run: (storage, { x, wEnc, bEnc, center }, attributes) => {
      const { k } = attributes as { k: number };
      const inputs = { x: x!, wEnc: wEnc!, bEnc: bEnc!, center: center! };
      const { values, indices, report } = encodeTopK(storage, inputs, k, storage.encodeMode);
      storage.lastEncode = report;
      return [values, indices];
    },
  },
  {
    name: saeKernel.encoderGradient,
    run: (storage, { dValues, indices, x, center }, attributes) => {
      const { dSae } = attributes as { dSae: number };
      const dIn = x!.shape[1]!;
      const sparse = { indices: indices!, values: dValues!, rows: x!, center: center! };
      const [rows, dBEnc] = bucketSums(storage, sparse, dSae);
      const dWEnc = storage.create([dIn, dSae]);
      transposeInto(storage, storage.buffer(rows), storage.buffer(dWEnc), dSae, dIn);
      storage.disposeData(rows.dataId);
      return [dWEnc, dBEnc];
    },
  },
  {
    name: saeKernel.inputGradient,
    run: (storage, { dValues, indices, wEnc }) => {
      const [dIn, dSae] = wEnc!.shape as [number, number];
      return decoded(storage, dValues!, indices!, encoderRows(storage, wEnc!).buffer, [dSae, dIn]);
    },
  },
  {
    name: saeKernel.batchTopKMask,
    run: (storage, { values }, attributes) => {
      const { count } = attributes as { count: number };
      return batchTopKMask(storage, values!, count);
    },
  },
  {
    name: saeKernel.decodeSparse,
    run: (storage, { values, indices, wDec }) =>
      decoded(storage, values!, indices!, storage.buffer(wDec!), wDec!.shape as [number, number]),
  },
  {
    name: saeKernel.latentGradient,
    run: (storage, { dy, indices, wDec }) => {
      const [n, k] = indices!.shape as [number, number];
      const [dSae, dIn] = wDec!.shape as [number, number];
      const out = storage.create([n, k]);
      if (n === 0) return out;
      const [from, at, to] = [dy!, indices!, out].map((a) => storage.buffer(a)) as [GPUBuffer, GPUBuffer, GPUBuffer];
      for (const part of partsOf(dSae, 4 * dIn, storage.bindingBytes)) {
        storage.run(
          "latent-gradient",
          [from, at, bindPart(storage.buffer(wDec!), part, 4 * dIn), to],
          [n, k, dIn, part.first, part.first + part.count].map((u32) => ({ u32 })),
          folded(n),
        );
      }
      return out;
    },
  },
  {
    name: saeKernel.decoderGradient,
    run: (storage, { dy, values, indices }, attributes) => {
      const { dSae } = attributes as { dSae: number };
      const [dWDec, sums] = bucketSums(storage, { indices: indices!, values: values!, rows: dy! }, dSae);
      storage.disposeData(sums.dataId);
      return dWDec;
    },
  },
  {
    name: saeKernel.countFired,
    run: (storage, { values, indices }, attributes) => {
      const { dSae } = attributes as { dSae: number };
      const out = storage.create([dSae]);
      storage.withScratch(4 * dSae, (counts) => {
        const count = elementCount(indices!.shape);
        if (count === 0) storage.clear(counts, 4 * dSae);
        else countEntries(storage, counts, dSae, storage.buffer(indices!), count, storage.buffer(values!));
        storage.run("counts-to-float", [counts, storage.buffer(out)], [{ u32: dSae }], threadsFor(dSae));
      });
      return out;
    },
  },
  {
    name: saeKernel.normalizeRows,
    run: (storage, { x }, attributes) => {
      const { minNorm } = attributes as { minNorm: number };
      return byRows(storage, "normalize-rows", [x!], [{ f32: minNorm }]);
    },
  },
  {
    name: saeKernel.removeParallel,
    run: (storage, { gradient, atoms }) => byRows(storage, "remove-parallel", [gradient!, atoms!]),
  },
];
