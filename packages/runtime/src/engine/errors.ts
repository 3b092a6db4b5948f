/** What can go wrong in the engine beside a caller's mistake. */
import { QsaeError } from "../errors.ts";

/** The engine's memory (at most 4 GiB, the end of wasm32's address space) has no room for a block. */
export class EngineMemoryError extends QsaeError {
  override readonly name = "EngineMemoryError";
  constructor(
    readonly requestedBytes: number,
    readonly liveBytes: number,
    readonly maxBytes: number,
  ) {
    super(
      `engine memory: ${requestedBytes} bytes do not fit beside ${liveBytes} bytes in use; at most ${maxBytes} bytes; ` +
        "free tensors, lower the batch size or the width",
    );
  }
}

/**
 * A thread died, did not answer in time, or a kernel trapped. What the call was writing is garbage; the engine goes on
 * with the remaining threads and replaces the lost one.
 */
export class EngineWorkerError extends QsaeError {
  override readonly name = "EngineWorkerError";
}
