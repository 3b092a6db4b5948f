/** One step of Adam (Kingma & Ba 2015, algorithm 1), in place. */
import { UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";

export interface Adam {
  readonly param: Pointer;
  /** First and second moment, zeros before the first step. */
  readonly m: Pointer;
  readonly v: Pointer;
  readonly gradient: Pointer;
  /** Floats in each of the four. */
  readonly length: number;
  readonly lr: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly eps?: number;
  /** 1 for the first step. */
  readonly step: number;
  /** What the gradient is multiplied by first: clipping by norm without a pass of its own. Default 1. */
  readonly gradientScale?: number;
}

/**
 * `param -= lr m' / (sqrt(v') + eps)` with bias-corrected moments.
 * @throws UsageError for a length that is none, or a step below 1
 */
export function adam(engine: Engine, options: Adam): void {
  const {
    param,
    m,
    v,
    gradient,
    length,
    lr,
    beta1 = 0.9,
    beta2 = 0.999,
    eps = 1e-8,
    step,
    gradientScale = 1,
  } = options;
  checkSizes("adam", { length });
  if (!Number.isSafeInteger(step) || step < 1) throw new UsageError(`adam: step=${step}; allowed: integers from 1`);
  engine.run(
    "adam",
    ...([param, m, v, gradient, length, lr / (1 - beta1 ** step)] as const),
    ...([beta1, beta2, 1 - beta1, 1 - beta2, 1 / (1 - beta2 ** step), eps, gradientScale] as const),
  );
}
