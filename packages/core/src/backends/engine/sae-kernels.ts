/** The SAE kernels on the engine: sparse, threaded, never holding `[n, d_sae]`. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount, NonFiniteError } from "@qsae/runtime";
import {
  bucketLatents,
  countFired,
  decodeSparse,
  decoderGradient,
  encodeTopK,
  encoderGradient,
  fill,
  latentGradient,
  normalizeRows,
  removeParallel,
  scatterRows,
  topK,
  transpose,
  type LatentBuckets,
} from "@qsae/runtime/training";
import { nonFiniteArgument, requireFiniteScores } from "../non-finite.ts";
import { saeKernel } from "../tfjs/sae-kernel.ts";
import type { EngineKernel } from "./define-kernel.ts";
import type { EngineStorage } from "./engine-storage.ts";

/** Latents by atom, made once for the gradients of decoder and encoder, kept while the indices live. */
function bucketsOf(storage: EngineStorage, indices: TensorInfo, dSae: number): LatentBuckets {
  const [n, k] = indices.shape as [number, number];
  return storage.companion(indices, () =>
    bucketLatents(storage.engine, { indices: storage.pointer(indices), n, k, dSae }),
  );
}

export const saeKernels: readonly EngineKernel[] = [
  {
    name: saeKernel.encodeTopK,
    run: (storage, { x, wEnc, bEnc, center }, attributes) => {
      const { k } = attributes as { k: number };
      const [n, dIn] = x!.shape as [number, number];
      const dSae = wEnc!.shape[1]!;
      const values = storage.create([n, k]);
      const indices = storage.create([n, k], "int32");
      try {
        storage.lastEncode = encodeTopK(storage.engine, {
          x: storage.pointer(x!),
          center: storage.pointer(center!),
          wEnc: storage.pointer(wEnc!),
          bEnc: storage.pointer(bEnc!),
          values: values.pointer,
          indices: indices.pointer,
          n,
          dIn,
          dSae,
          k,
          mode: storage.encodeMode,
        });
        requireFiniteScores("encodeTopK", storage.engine.f32(values.pointer, n * k), k);
      } catch (error) {
        storage.disposeData(values.info.dataId);
        storage.disposeData(indices.info.dataId);
        if (!(error instanceof NonFiniteError)) throw error;
        const read = (a: TensorInfo): Float32Array => storage.readSync(a.dataId) as Float32Array;
        const named = { x: read(x!), W_enc: read(wEnc!), b_enc: read(bEnc!), center: read(center!) };
        throw nonFiniteArgument("encodeTopK", named) ?? error;
      }
      return [values.info, indices.info];
    },
  },
  {
    name: saeKernel.encoderGradient,
    run: (storage, { dValues, indices, x, center }, attributes) => {
      const { dSae } = attributes as { dSae: number };
      const dIn = x!.shape[1]!;
      const dWEnc = storage.create([dIn, dSae]);
      const dBEnc = storage.create([dSae]);
      encoderGradient(storage.engine, {
        buckets: bucketsOf(storage, indices!, dSae),
        dPre: storage.pointer(dValues!),
        x: storage.pointer(x!),
        center: storage.pointer(center!),
        out: dWEnc.pointer,
        dBias: dBEnc.pointer,
        dIn,
      });
      return [dWEnc.info, dBEnc.info];
    },
  },
  {
    name: saeKernel.inputGradient,
    run: (storage, { dValues, indices, wEnc }) => {
      const { engine } = storage;
      const [n, k] = indices!.shape as [number, number];
      const [dIn, dSae] = wEnc!.shape as [number, number];
      const { info, pointer } = storage.create([n, dIn]);
      const rows = engine.alloc(4 * dIn * dSae); // [d_sae, d_in]
      try {
        transpose(engine, { x: storage.pointer(wEnc!), out: rows, rows: dIn, columns: dSae });
        const [values, at] = [storage.pointer(dValues!), storage.pointer(indices!)];
        decodeSparse(engine, { values, indices: at, wDec: rows, out: pointer, n, k, dIn, dSae });
      } finally {
        engine.free(rows);
      }
      return info;
    },
  },
  {
    name: saeKernel.batchTopKMask,
    run: (storage, { values }, attributes) => {
      const { engine } = storage;
      const { count } = attributes as { count: number };
      const width = elementCount(values!.shape);
      const { info, pointer } = storage.create(values!.shape);
      if (count === 0) {
        fill(engine, { out: pointer, length: width, value: 0 });
        return info;
      }
      const [kept, at] = [engine.alloc(4 * count), engine.alloc(4 * count)];
      try {
        topK(engine, { x: storage.pointer(values!), values: kept, indices: at, n: 1, width, k: count });
        fill(engine, { out: kept, length: count, value: 1 });
        scatterRows(engine, { values: kept, indices: at, out: pointer, n: 1, k: count, dSae: width });
      } finally {
        engine.free(kept);
        engine.free(at);
      }
      return info;
    },
  },
  {
    name: saeKernel.decodeSparse,
    run: (storage, { values, indices, wDec }) => {
      const [n, k] = indices!.shape as [number, number];
      const [dSae, dIn] = wDec!.shape as [number, number];
      const { info, pointer } = storage.create([n, dIn]);
      const [v, at, atoms] = [values!, indices!, wDec!].map((a) => storage.pointer(a)) as [number, number, number];
      decodeSparse(storage.engine, { values: v, indices: at, wDec: atoms, out: pointer, n, k, dIn, dSae });
      return info;
    },
  },
  {
    name: saeKernel.latentGradient,
    run: (storage, { dy, indices, wDec }) => {
      const [n, k] = indices!.shape as [number, number];
      const { info, pointer } = storage.create([n, k]);
      const [dOut, at, atoms] = [dy!, indices!, wDec!].map((a) => storage.pointer(a)) as [number, number, number];
      const [dSae, dIn] = wDec!.shape as [number, number];
      latentGradient(storage.engine, { dOut, wDec: atoms, indices: at, out: pointer, n, k, dIn, dSae });
      return info;
    },
  },
  {
    name: saeKernel.decoderGradient,
    run: (storage, { dy, values, indices }, attributes) => {
      const { dSae } = attributes as { dSae: number };
      const dIn = dy!.shape[1]!;
      const { info, pointer } = storage.create([dSae, dIn]);
      decoderGradient(storage.engine, {
        buckets: bucketsOf(storage, indices!, dSae),
        values: storage.pointer(values!),
        dOut: storage.pointer(dy!),
        out: pointer,
        dIn,
      });
      return info;
    },
  },
  {
    name: saeKernel.countFired,
    run: (storage, { values, indices }, attributes) => {
      const { dSae } = attributes as { dSae: number };
      const [n, k] = indices!.shape as [number, number];
      const { info, pointer } = storage.create([dSae]);
      countFired(storage.engine, {
        values: storage.pointer(values!),
        indices: storage.pointer(indices!),
        out: pointer,
        n,
        k,
        dSae,
      });
      return info;
    },
  },
  {
    name: saeKernel.normalizeRows,
    run: (storage, { x }, attributes) => {
      const { minNorm } = attributes as { minNorm: number };
      const [rows, columns] = x!.shape as [number, number];
      const { info, pointer } = storage.create(x!.shape);
      normalizeRows(storage.engine, { x: storage.pointer(x!), out: pointer, rows, columns, minNorm });
      return info;
    },
  },
  {
    name: saeKernel.removeParallel,
    run: (storage, { gradient, atoms }) => {
      const [rows, columns] = gradient!.shape as [number, number];
      const { info, pointer } = storage.create(gradient!.shape);
      const [g, a] = [storage.pointer(gradient!), storage.pointer(atoms!)];
      removeParallel(storage.engine, { gradient: g, atoms: a, out: pointer, rows, columns });
      return info;
    },
  },
];
