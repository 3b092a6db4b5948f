/** Who takes training steps on a GPU: our backend with each way to encode, and PyTorch with each way to compute. */
import { openBackend, type EncodeMode } from "@qsae/core";
import { ourStepper } from "../train-step/ours.ts";
import type { Problem } from "../train-step/problem.ts";
import { withoutPackedDots } from "./without-packed-dots.ts";
import { openTorch, type Decode, type Precision } from "./torch.ts";

export interface Runner {
  /** For people: what computes, and where. */
  readonly description: string;
  /** One step: its loss, and how long it took until everything was computed. */
  step(): Promise<{ readonly loss: number; readonly ms: number }>;
  close(): Promise<void>;
}

export interface Contestant {
  readonly name: string;
  /** How far the losses of its first steps may be from those of `wasm`, as a share. */
  readonly tolerance: number;
  readonly open: (problem: Problem, folder: string) => Promise<Runner>;
}

/** float32 throughout: the same numbers but for rounding. */
const SAME = 1e-4;
/** Products of 11 or 8 bits of mantissa choose some other latents. */
const ROUNDED = 2e-2;

/** The codes of `certified` are those that the device is best at; f16 ones are tried as well. */
export const ourContestants: readonly Contestant[] = [
  ours("exact"),
  ours("certified"),
  { ...ours("certified", withoutPackedDots), name: "webgpu certified, no DP4A" },
];

const torchModes: readonly (readonly [Decode, Precision])[] = [
  ["dense", "float32"],
  ["dense", "tf32"],
  ["dense", "bf16"],
  ["embedding_bag", "tf32"],
  ["embedding_bag", "bf16"],
];

export const torchContestants = (python: string, device: string): readonly Contestant[] =>
  torchModes.map(([decode, precision]) => ({
    name: `torch ${decode} ${precision}`,
    tolerance: precision === "float32" ? SAME : ROUNDED,
    open: (problem, folder) => openTorch({ python, device, problem, folder, decode, precision }),
  }));

function ours(encode: EncodeMode, opened: <T>(open: () => Promise<T>) => Promise<T> = (open) => open()): Contestant {
  return {
    name: `webgpu ${encode}`,
    tolerance: SAME,
    open: async (problem) => {
      const backend = await opened(() => openBackend("webgpu", { encode }));
      const { ops } = backend;
      const stepper = ourStepper(ops, problem);
      // Read after a step, it waits for all of it: the loss is there before gradients and Adam are.
      const last = ops.zeros([1]);
      return {
        description: backend.description,
        step: async () => {
          const startMs = performance.now();
          const loss = await stepper.step();
          const after = ops.add(last, 0);
          await ops.read(after);
          ops.dispose(after);
          return { loss, ms: performance.now() - startMs };
        },
        close: async () => {
          stepper.dispose();
          ops.dispose(last);
          await backend.close();
        },
      };
    },
  };
}
