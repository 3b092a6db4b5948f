/** The worker that trains. It does one job in its life. */
import { openActivationsBlob } from "@qsae/data/browser";
import type { TrainerReply, TrainerRequest } from "../job.ts";
import { problemOf } from "./problem-of.ts";
import { runJob } from "./run-job.ts";

/** Between two looks at what the page says. */
const BREATH_EVERY_MS = 50;

const stop = new AbortController();
let lastBreathMs = 0;

const reply = (message: TrainerReply): void => postMessage(message);

onmessage = ({ data: request }: MessageEvent<TrainerRequest>) => {
  answer(request).then(
    (message) => message && reply(message),
    (error: unknown) =>
      reply(stop.signal.aborted && error === stop.signal.reason ? { kind: "stopped" } : failed(error)),
  );
};

async function answer(request: TrainerRequest): Promise<TrainerReply | undefined> {
  switch (request.kind) {
    case "stop":
      stop.abort();
      return undefined;
    case "look-at": {
      const { tokens, dIn } = await openActivationsBlob(request.file, request.file.name);
      return { kind: "activations", tokens, dIn };
    }
    case "train": {
      const outcome = await runJob(request.job, { reply, signal: stop.signal, breathe });
      return outcome ? { kind: "trained", outcome } : { kind: "stopped" };
    }
  }
}

async function breathe(): Promise<void> {
  if (performance.now() - lastBreathMs < BREATH_EVERY_MS) return;
  await new Promise((resolve) => setTimeout(resolve));
  lastBreathMs = performance.now();
}

const failed = (error: unknown): TrainerReply => ({ kind: "failed", problem: problemOf(error) });
