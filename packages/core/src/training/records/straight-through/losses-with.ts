/** The loss of a batch with single weights moved, one at a time. */
import type { Batch } from "../../../contracts/data-source.ts";
import type { TensorOps, Tensors } from "../../../contracts/tensor-ops.ts";
import type { Variant } from "../../../contracts/variant.ts";
import { forwardContext, type PassOptions } from "../../gradients/backward.ts";
import type { Entry } from "./sample-entries.ts";
import { withEntry } from "./with-entry.ts";

/** A weight and where it goes; undefined: all weights as they are. */
export type Moved = (Entry & { readonly to: number }) | undefined;

export interface LossesOptions extends PassOptions {
  readonly param: string;
  readonly moved: readonly Moved[];
}

/** One sum of losses, in float64, for each. Everything is read at once. */
export async function lossesWith(
  ops: TensorOps,
  variant: Variant,
  params: Tensors,
  batch: Batch,
  { param, moved, ...options }: LossesOptions,
): Promise<readonly number[]> {
  const losses = ops.tidy(() => {
    const context = forwardContext(ops, variant, batch, options);
    const rows = moved.map((one) =>
      ops.tidy(() => {
        const own = one ? { ...params, [param]: withEntry(ops, params[param]!, one, one.to) } : params;
        const named = Object.values(variant.forward(ops, own, context).losses);
        return ops.concat(
          named.map((loss) => ops.reshape(loss, [1, 1])),
          1,
        ); // [1, losses]
      }),
    );
    return ops.concat(rows, 0); // [moved, losses]
  });
  const { data, shape } = await ops.read(losses);
  ops.dispose(losses);
  const named = shape[1]!;
  const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
  return moved.map((_, i) => sum(data.subarray(i * named, (i + 1) * named)));
}
