/** A Web Worker that computes on an engine of its own. */
import type { EngineOptions } from "@qsae/runtime/training";
import { runOnEngine, type EngineRun } from "./engine-run.ts";

export type Answer = { readonly run: EngineRun } | { readonly error: string };

const answer = (options: EngineOptions): Promise<Answer> =>
  runOnEngine(options).then(
    (run) => ({ run }),
    (error: unknown) => ({ error: String(error) }),
  );

onmessage = ({ data }: MessageEvent<EngineOptions>) => void answer(data).then((message) => postMessage(message));
