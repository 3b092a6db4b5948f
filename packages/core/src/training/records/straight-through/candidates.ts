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
    return ops.concat([of(gradient), of(rounding.rounded(ops, params)), ...stepped], 0); // [6 entries]
  });
  const { data } = await ops.read(sampled);
  ops.dispose(sampled);
  const column = (i: number): number[] => [...data.subarray(i * at.length, (i + 1) * at.length)];
  const [gradients, values, ...neighbours] = Array.from({ length: 6 }, (_, i) => column(i)) as [number[], number[]];
  return entries.map((entry, i) => {
    const value = values[i]!;
    const steps = [0, 2].map((by) => ({ to: neighbours[by]![i]!, value: neighbours[by + 1]![i]! }));
    return { ...entry, gradient: gradients[i]!, value, steps: steps.filter((step) => step.value !== value) };
  });
}
