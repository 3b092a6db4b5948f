/** The figures of a step out of its scalars, none of which may be NaN or infinite. */
import { NonFiniteError } from "@qsae/runtime";
import type { StepEvent } from "../../contracts/reporter.ts";
import { GRADIENT, LOSS, SCALARS } from "./optimiser-update.ts";

export type MeasuredStep = Pick<StepEvent, "loss" | "losses" | "l0" | "dead" | "batchFvu" | "gradNorms">;

/** What errors call a scalar. Others are called what they are: "loss mse", "gradient of W_dec". */
const SPOKEN: Readonly<Record<string, string>> = {
  activations: "the batch of activations",
  latents: "the sum of the latents",
  squaredError: "the squared error of the reconstruction",
  scatter: "the batch of targets",
};

/** @throws NonFiniteError naming the first that is not finite, in the order in which one makes the next */
export function measuredStep(scalars: Readonly<Record<string, number>>, tokens: number): MeasuredStep {
  const [losses, squares] = [unprefixed(LOSS, scalars), unprefixed(GRADIENT, scalars)];
  const inOrder = [
    "activations",
    "scatter",
    "latents",
    ...keysWith(LOSS, scalars),
    ...keysWith(GRADIENT, scalars),
    ...SCALARS,
  ];
  const bad = inOrder.find((name) => !Number.isFinite(scalars[name]));
  if (bad !== undefined) throw new NonFiniteError(`${SPOKEN[bad] ?? bad} became ${scalars[bad]}`);
  return {
    loss: Object.values(losses).reduce((sum, loss) => sum + loss, 0),
    losses,
    l0: scalars["fired"]! / tokens,
    dead: scalars["dead"]!,
    batchFvu: scalars["scatter"]! > 0 ? scalars["squaredError"]! / scalars["scatter"]! : NaN,
    gradNorms: Object.fromEntries(Object.entries(squares).map(([name, square]) => [name, Math.sqrt(square)])),
  };
}

const keysWith = (prefix: string, scalars: Readonly<Record<string, number>>): string[] =>
  Object.keys(scalars).filter((name) => name.startsWith(prefix));

/** Those of one prefix, without it. */
export function unprefixed(prefix: string, scalars: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(keysWith(prefix, scalars).map((name) => [name.slice(prefix.length), scalars[name]!]));
}
