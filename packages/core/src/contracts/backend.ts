import type { TensorOps } from "./tensor-ops.ts";

/** Names {@link openBackend} takes. */
export type BackendName = "cpu" | "wasm" | "auto";

/** How a device is opened. */
export interface BackendOptions {
  /** Threads of `wasm`. Default: the machine's cores. */
  readonly threads?: number;
  /** Most memory that `wasm` may take, in bytes. Default and limit: 4 GiB, the address space of 32-bit WebAssembly. */
  readonly maxBytes?: number;
}

/** An opened device: the ops of one tensor library on one kind of hardware. */
export interface Backend {
  readonly name: Exclude<BackendName, "auto">;
  /** For people: what runs where, and for `auto` why it was picked. */
  readonly description: string;
  readonly ops: TensorOps;
  /** Tensor library kernels that ran on a slow fallback since the device was opened; empty where there is none. */
  fallbacks(): readonly string[];
  close(): Promise<void>;
}
