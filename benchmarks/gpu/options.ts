/** The command line of `pnpm bench gpu`. */
import { parseArgs } from "node:util";
import type { Shape } from "../train-step/problem.ts";

export interface GpuOptions {
  readonly json: boolean;
  readonly rounds: number;
  readonly shapes: readonly Shape[];
  /** Interpreter with torch; absent: only our side. */
  readonly python?: string;
  /** Where PyTorch computes. */
  readonly device: string;
}

const BATCH = 4096;
const GRID: readonly Shape[] = [512, 2304].flatMap((dIn) =>
  [32768, 65536].flatMap((dSae) => [32, 64].map((k) => ({ batch: BATCH, dIn, dSae, k }))),
);
const TINY: Shape = { batch: 64, dIn: 64, dSae: 512, k: 8 };

/** @throws Error naming an option that is not as it should be */
export function parseOptions(args: readonly string[]): GpuOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string", default: "20" },
      shapes: { type: "string" },
      tiny: { type: "boolean", default: false },
      python: { type: "string" },
      device: { type: "string", default: "cuda" },
    },
  });
  const { json, rounds, shapes, tiny, python, device } = values;
  if (!/^[1-9]\d*$/.test(rounds)) throw new Error(`--rounds ${rounds}: expected a whole number of at least 1`);
  return {
    json,
    rounds: Number(rounds),
    shapes: tiny ? [TINY] : shapes === undefined ? GRID : shapes.split(",").map(shapeOf),
    ...(python === undefined ? {} : { python }),
    device,
  };
}

/** `4096x512x32768x32`: tokens, width, latents, active latents. */
function shapeOf(text: string): Shape {
  const [, batch, dIn, dSae, k] = (/^(\d+)x(\d+)x(\d+)x(\d+)$/.exec(text) ?? []).map(Number);
  if (batch === undefined) throw new Error(`--shapes ${text}: expected BxDxFxk, such as 4096x512x32768x32`);
  return { batch, dIn: dIn!, dSae: dSae!, k: k! };
}
