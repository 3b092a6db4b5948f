import type { TensorOps } from "./tensor-ops.ts";

/** Names {@link openBackend} takes. */
export type BackendName = "cpu" | "wasm" | "auto";

/** An opened device: the ops of one tensor library on one kind of hardware. */
export interface Backend {
  readonly name: Exclude<BackendName, "auto">;
  /** For people: what runs where, and for `auto` why it was picked. */
  readonly description: string;
  readonly ops: TensorOps;
  close(): Promise<void>;
}
