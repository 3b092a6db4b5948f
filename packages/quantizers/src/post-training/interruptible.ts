/**
 * A backend whose readbacks give way to the event loop now and then, and fail once a signal is aborted. Post-training methods
 * compute for seconds between two awaits that only microtasks follow: without this, Ctrl-C would not even be heard.
 */
import type { Backend, TensorOps } from "@qsae/core";

const GIVE_WAY_EVERY_MS = 50;

/** @throws the signal's reason, out of any `ops.read` after it is aborted */
export function interruptible(backend: Backend, signal: AbortSignal | undefined): Backend {
  if (!signal) return backend;
  const { ops } = backend;
  let lastMs = performance.now();
  const read: TensorOps["read"] = async (a) => {
    if (performance.now() - lastMs >= GIVE_WAY_EVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      lastMs = performance.now();
    }
    signal.throwIfAborted();
    return ops.read(a);
  };
  return { ...backend, ops: { ...ops, read } };
}
