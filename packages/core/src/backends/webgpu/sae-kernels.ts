/** The SAE kernels on WebGPU: sparse, never writing `[n, d_sae]`. */
import { getKernel, type TensorInfo } from "@tensorflow/tfjs";
import { saeKernel } from "../tfjs/sae-kernel.ts";
import type { WebGpuKernel } from "./define-kernel.ts";
import { TOKENS } from "./kernels/encode-candidates.ts";
import { bucketsOf } from "./latent-buckets.ts";
import { segmentsFor } from "./segments.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";
import { folded, THREADS } from "./workgroups.ts";

/** Sums of the rows of tokens over each latent's entries, and of the values alone: `[d_sae, d_in]`, `[d_sae]`. */
function bucketSums(
  storage: WebGpuStorage,
  { indices, values, rows, center }: Record<"indices" | "values" | "rows", TensorInfo> & { center?: TensorInfo },
  dSae: number,
): [TensorInfo, TensorInfo] {
  const k = indices.shape[1]!;
  const dIn = rows.shape[1]!;
  const { starts, entries } = bucketsOf(storage, indices, dSae);
  const [out, sums] = [storage.create([dSae, dIn]), storage.create([dSae])];
  const { row, workgroups } = folded(dSae);
  const parameters = [dSae, dIn, k, row].map((u32) => ({ u32 }));
  const run = (centerBuffer: GPUBuffer): void => {
    const [v, r] = [storage.buffer(values), storage.buffer(rows)];
    const made = [storage.buffer(out), storage.buffer(sums)];
    storage.run("bucket-sums", [starts, entries, v, r, centerBuffer, ...made], parameters, workgroups);
  };
  if (center) run(storage.buffer(center));
  else
    storage.withScratch(4 * dIn, (zeros) => {
      storage.clear(zeros, 4 * dIn);
      run(zeros);
    });
  return [out, sums];
}

/** `sum_r values[i, r] rows[indices[i, r]]` */
function decoded(storage: WebGpuStorage, values: TensorInfo, indices: TensorInfo, rows: TensorInfo): TensorInfo {
  const [n, k] = indices.shape as [number, number];
  const dIn = rows.shape[1]!;
  const out = storage.create([n, dIn]);
  if (n === 0) return out;
  const { row, workgroups } = folded(n);
  const buffers = [values, indices, rows, out].map((a) => storage.buffer(a));
  storage.run(
    "decode-sparse",
    buffers,
    [n, k, dIn, row].map((u32) => ({ u32 })),
    workgroups,
  );
  return out;
}

/** A matrix the other way round, by tfjs's kernel. */
function transposed(backend: WebGpuStorage, x: TensorInfo): TensorInfo {
  const { kernelFunc } = getKernel("Transpose", "webgpu");
  return kernelFunc({ inputs: { x }, attrs: { perm: [1, 0] }, backend }) as TensorInfo;
}

export const saeKernels: readonly WebGpuKernel[] = [
  {
    name: saeKernel.encodeTopK,
    run: (storage, { x, wEnc, bEnc, center }, attributes) => {
      const { k } = attributes as { k: number };
      const [n, dIn] = x!.shape as [number, number];
      const dSae = wEnc!.shape[1]!;
      const [values, indices] = [storage.create([n, k]), storage.create([n, k], "int32")];
      if (n === 0) return [values, indices];
      const { segments, width } = segmentsFor(n, dSae, k);
      const candidates = segments * k;
      storage.withScratch(4 * n * candidates, (heapValues) =>
        storage.withScratch(4 * n * candidates, (heapIndices) => {
          storage.run(
            "encode-candidates",
            [...[x!, center!, wEnc!, bEnc!].map((a) => storage.buffer(a)), heapValues, heapIndices],
            [n, dIn, dSae, k, segments, width].map((u32) => ({ u32 })),
            [Math.ceil(n / TOKENS), segments],
          );
          storage.withScratch(4 * n * candidates, (chosen) => {
            const { row, workgroups } = folded(n);
            storage.run(
              "merge-candidates",
              [heapValues, heapIndices, chosen, storage.buffer(values), storage.buffer(indices)],
              [n, candidates, k, row].map((u32) => ({ u32 })),
              workgroups,
            );
          });
        }),
      );
      return [values, indices];
    },
  },
  {
    name: saeKernel.encoderGradient,
    run: (storage, { dValues, indices, x, center }, attributes) => {
      const { dSae } = attributes as { dSae: number };
      const [rows, dBEnc] = bucketSums(
        storage,
        { indices: indices!, values: dValues!, rows: x!, center: center! },
        dSae,
      );
      const dWEnc = transposed(storage, rows);
      storage.disposeData(rows.dataId);
      return [dWEnc, dBEnc];
    },
  },
  {
    name: saeKernel.inputGradient,
    run: (storage, { dValues, indices, wEnc }) => {
      const rows = transposed(storage, wEnc!); // [d_sae, d_in]
      const out = decoded(storage, dValues!, indices!, rows);
      storage.disposeData(rows.dataId);
      return out;
    },
  },
  {
    name: saeKernel.decodeSparse,
    run: (storage, { values, indices, wDec }) => decoded(storage, values!, indices!, wDec!),
  },
  {
    name: saeKernel.latentGradient,
    run: (storage, { dy, indices, wDec }) => {
      const [n, k] = indices!.shape as [number, number];
      const dIn = wDec!.shape[1]!;
      const out = storage.create([n, k]);
      if (n === 0) return out;
      const { row, workgroups } = folded(n);
      const buffers = [dy!, indices!, wDec!, out].map((a) => storage.buffer(a));
      storage.run(
        "latent-gradient",
        buffers,
        [n, k, dIn, row].map((u32) => ({ u32 })),
        workgroups,
      );
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
      const [n, k] = indices!.shape as [number, number];
      const out = storage.create([dSae]);
      storage.withScratch(4 * dSae, (counts) => {
        storage.clear(counts, 4 * dSae);
        if (n * k > 0) {
          const { row, workgroups } = folded(Math.ceil((n * k) / THREADS));
          const parameters = [n * k, row, 1].map((u32) => ({ u32 }));
          storage.run(
            "count-latents",
            [storage.buffer(indices!), storage.buffer(values!), counts],
            parameters,
            workgroups,
          );
        }
        const perLatent = folded(Math.ceil(dSae / THREADS));
        const ofLatents = [dSae, perLatent.row].map((u32) => ({ u32 }));
        storage.run("counts-to-float", [counts, storage.buffer(out)], ofLatents, perLatent.workgroups);
      });
      return out;
    },
  },
  {
    name: saeKernel.normalizeRows,
    run: (storage, { x }, attributes) => {
      const { minNorm } = attributes as { minNorm: number };
      const [rows, columns] = x!.shape as [number, number];
      const out = storage.create(x!.shape);
      const { row, workgroups } = folded(rows);
      const parameters = [{ u32: rows }, { u32: columns }, { u32: row }, { f32: minNorm }];
      storage.run("normalize-rows", [storage.buffer(x!), storage.buffer(out)], parameters, workgroups);
      return out;
    },
  },
  {
    name: saeKernel.removeParallel,
    run: (storage, { gradient, atoms }) => {
      const [rows, columns] = gradient!.shape as [number, number];
      const out = storage.create(gradient!.shape);
      const { row, workgroups } = folded(rows);
      const buffers = [gradient!, atoms!, out].map((a) => storage.buffer(a));
      storage.run(
        "remove-parallel",
        buffers,
        [rows, columns, row].map((u32) => ({ u32 })),
        workgroups,
      );
      return out;
    },
  },
];
