/** Single weights with the steps that their codes can take. */
import type { Tensor, TensorOps, Tensors } from "../../../contracts/tensor-ops.ts";
import type { Rounding } from "../../../contracts/variant.ts";
import type { Entry } from "./sample-entries.ts";

/** Where the code is another one, and what it then stands for. */
interface CodeStep {
  /** The weight. */
  readonly to: number;
  /** Its rounded form. */
  readonly value: number;
}

export interface Candidate extends Entry {
  readonly gradient: number;
  /** What the weight stands for now. */
  readonly value: number;
  /** Up and down, as far as there are codes. */
  readonly steps: readonly CodeStep[];
}

interface CandidatesOptions {
  readonly params: Tensors;
  readonly param: string;
  readonly rounding: Rounding;
  readonly gradient: Tensor;
  readonly entries: readonly Entry[];
}

/** Of an entry: its gradient, its rounded form, and those of both neighbours after where they are. */
const FIGURES = 6;

/** In one readback. */
export async function readCandidates(
  ops: TensorOps,
  { params, param, rounding, gradient, entries }: CandidatesOptions,
): Promise<readonly Candidate[]> {
  const columns = params[param]!.shape[1]!;
  const at = Int32Array.from(entries, ({ row, column }) => row * columns + column);
  const sampled = ops.tidy(() => {
    const positions = ops.tensor(at, [at.length]);
    const of = (a: Tensor): Tensor => ops.gather(ops.reshape(a, [-1]), positions); // [entries]
    const stepped = ([1, -1] as const).flatMap((by) =>
      ops.tidy(() => {
        const to = rounding.neighbours(ops, params, by);
        return [of(to), of(rounding.rounded(ops, { ...params, [param]: to }))];
      }),
    );
    return ops.concat([of(gradient), of(rounding.rounded(ops, params)), ...stepped], 0); // [FIGURES * entries]
  });
  const { data } = await ops.read(sampled);
  ops.dispose(sampled);
  /** In the order they were put together. */
  const figures = (i: number): readonly number[] =>
    Array.from({ length: FIGURES }, (_, figure) => data[figure * at.length + i]!);
  return entries.map((entry, i) => {
    const [gradient, value, ...stepped] = figures(i) as [number, number, ...number[]];
    const [up, upValue, down, downValue] = stepped as [number, number, number, number];
    const steps = [
      { to: up, value: upValue },
      { to: down, value: downValue },
    ];
    return { ...entry, gradient, value, steps: steps.filter((step) => step.value !== value) };
  });
}
