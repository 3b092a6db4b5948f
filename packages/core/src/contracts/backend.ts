import type { EncodeMode, EncodeReport } from "@qsae/runtime/training";
import type { DeviceError } from "../backends/device-error.ts";
import type { TensorOps } from "./tensor-ops.ts";

/** Names {@link openBackend} takes. */
export type BackendName = "auto" | "wasm" | "webgpu" | "cuda" | "tensorflow" | "cpu";

/** How a device is opened. */
export interface BackendOptions {
  /** Threads of `wasm`. Default: the machine's cores. */
  readonly threads?: number;
  /** Most memory that `wasm` may take, in bytes. Default and limit: 4 GiB, the address space of 32-bit WebAssembly. */
  readonly maxBytes?: number;
  /**
   * How `wasm` finds the k largest latents. `exact`: float32 scores of all of them. `certified`: int8 scores of all, float32
   * scores of those that an error bound cannot rule out; the same bits. `auto` (default): the faster of these two, as
   * measured. `fast`: float32 scores of the 2k best int8 scores; no guarantee.
   */
  readonly encode?: EncodeMode;
}

/** An opened device: the ops of one tensor library on one kind of hardware. */
export interface Backend {
  readonly name: Exclude<BackendName, "auto">;
  /** For people: what runs where, and for `auto` why it was picked. */
  readonly description: string;
  readonly ops: TensorOps;
  /** Tensor library kernels that ran on a slow fallback since the device was opened; empty where there is none. */
  fallbacks(): readonly string[];
  /** What the last `encodeTopK` did; absent before the first one and on backends with one way only. */
  lastEncode(): EncodeReport | undefined;
  /**
   * Why the device can be used no longer, e.g. since its driver was reset; undefined while it works. Takes a moment: for who
   * has seen something fail. Absent where there is no device apart from this process.
   */
  failure?(): Promise<DeviceError | undefined>;
  close(): Promise<void>;
}

export type { EncodeMode, EncodeReport } from "@qsae/runtime/training";
