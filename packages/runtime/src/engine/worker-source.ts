/**
 * What a worker runs, as one string of plain JavaScript: Node starts it with `eval`, browsers from a Blob URL, and no
 * bundler has to find a second entry.
 *
 * Protocol. The main thread writes kernel and arguments, opens the gate, bumps the generation and works on tiles itself.
 * A worker that sees the generation move enters through the gate - only while it is open - and only then reads the
 * arguments; it leaves by counting itself out. When the main thread runs out of tiles it closes the gate and waits for
 * those inside. So a worker that is asleep, slow to wake or dead outside a job is never waited for.
 */
import {
  ARGUMENTS_START,
  controlWords,
  EPOCH_MASK,
  MAX_ARGUMENTS,
  MAX_MESSAGE_BYTES,
  MESSAGE_START,
  wordIndex,
} from "./control-block.ts";

/** What a worker is started with. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** 1 .. threads - 1; the main thread is 0. */
  readonly thread: number;
  readonly kernels: readonly string[];
  /** Generation at the time of starting: jobs up to it are not this worker's. */
  readonly generation: number;
  /** The gate's epoch that this worker belongs to, in place (bits 16 .. 30). */
  readonly epoch: number;
}

/** How many times a worker looks before it sleeps: about 50 us, the gap between two kernels of a training step. */
const SPINS = 5000;

/** Sent by a worker that is ready to take part. */
export const READY = "ready";

const words = Object.fromEntries(
  Object.keys(controlWords).map((name) => [name, wordIndex(name as keyof typeof controlWords)]),
);

export const workerSource = `"use strict";
const words = ${JSON.stringify(words)};
const start = ({ module, memory, thread, kernels, generation, epoch }, ready) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  ready();
  const control = new Int32Array(memory.buffer, 0, ${MESSAGE_START / 4});
  const values = new Float64Array(memory.buffer, ${ARGUMENTS_START}, ${MAX_ARGUMENTS});
  const say = (error) => {
    if (Atomics.compareExchange(control, words.trapped, 0, thread) !== 0) return;
    const text = new TextEncoder().encode(String(error)).slice(0, ${MAX_MESSAGE_BYTES});
    new Uint8Array(memory.buffer, ${MESSAGE_START}, text.length).set(text);
    Atomics.store(control, words.messageLength, text.length);
  };
  const pass = (step, open) => {
    for (;;) {
      const gate = Atomics.load(control, words.gate);
      if ((gate & ${EPOCH_MASK}) !== epoch || (open && gate < 0)) return false;
      if (Atomics.compareExchange(control, words.gate, gate, gate + step) === gate) return true;
    }
  };
  let seen = generation;
  for (;;) {
    for (let spins = 0; spins < ${SPINS} && Atomics.load(control, words.generation) === seen; spins++);
    // In a loop: a late notify wakes for a job that is already over.
    while (Atomics.load(control, words.generation) === seen) Atomics.wait(control, words.generation, seen);
    seen = Atomics.load(control, words.generation);
    if (!pass(1, true)) continue;
    try {
      const count = control[words.argumentCount];
      exports[kernels[control[words.kernel]]](thread, ...values.subarray(0, count));
    } catch (error) {
      say(error);
    }
    pass(-1, false);
    Atomics.notify(control, words.gate);
  }
};
if (typeof require === "function") {
  const { parentPort, workerData } = require("node:worker_threads");
  start(workerData, () => parentPort.postMessage("${READY}"));
} else {
  onmessage = (event) => start(event.data, () => postMessage("${READY}"));
  onmessageerror = () => {
    throw new Error("the kernels or their memory could not be sent to a worker");
  };
}
`;
