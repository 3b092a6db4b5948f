/// <reference types="@webgpu/types" />
/** A storage without a backend around it, for tests of its kernels; and arrays in and out of it. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { normals } from "../../random.ts";
import { openDevice } from "./open-device.ts";
import { WebGpuStorage, type StorageOptions } from "./webgpu-storage.ts";

export interface StorageUnderTest {
  readonly storage: WebGpuStorage;
  readonly put: (values: ArrayLike<number>, shape: readonly number[], dtype?: "float32" | "int32") => TensorInfo;
  /** Disposes it. */
  readonly take: (info: TensorInfo) => Promise<Float32Array | Int32Array>;
  /** Without an error of the driver in between. */
  readonly close: () => Promise<void>;
}

export async function openStorage(options: StorageOptions): Promise<StorageUnderTest> {
  const opened = await openDevice();
  const storage = await WebGpuStorage.open(opened, options);
  return {
    storage,
    put: (values, shape, dtype = "float32") => {
      if (values.length !== elementCount(shape)) throw new Error(`${values.length} values for [${shape.join(", ")}]`);
      const typed = dtype === "float32" ? Float32Array.from(values) : Int32Array.from(values);
      return storage.makeTensorInfo([...shape], dtype, typed);
    },
    take: async (info) => {
      const data = (await storage.read(info.dataId)) as Float32Array | Int32Array;
      storage.disposeData(info.dataId);
      return data.slice();
    },
    close: async () => {
      await opened.device.queue.onSubmittedWorkDone();
      const problem = opened.problem()?.message;
      storage.dispose();
      opened.device.destroy();
      if (problem !== undefined) throw new Error(problem);
    },
  };
}

export interface EncodeProblem {
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
  /** `[n, d_in]` */
  readonly x: Float32Array;
  /** `[d_in]` */
  readonly center: Float32Array;
  /** `[d_in, d_sae]` */
  readonly wEnc: Float32Array;
  /** `[d_sae]` */
  readonly bEnc: Float32Array;
}

type Sizes = Pick<EncodeProblem, "n" | "dIn" | "dSae" | "k">;

export const gaussianProblem = ({ n, dIn, dSae, k }: Sizes, seed: number): EncodeProblem => ({
  ...{ n, dIn, dSae, k },
  x: normals(n * dIn, 1, seed),
  center: normals(dIn, 0.1, seed + 1),
  wEnc: normals(dIn * dSae, 1 / Math.sqrt(dIn), seed + 2),
  bEnc: normals(dSae, 0.1, seed + 3),
});
