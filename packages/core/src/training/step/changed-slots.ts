/** Parameters that a variant changed by hand, back in their Adam slots; what begins anew loses its moments. */
import { UsageError } from "@qsae/runtime";
import type { AdamSlot, Tensor, TensorOps } from "../../contracts/tensor-ops.ts";
import type { ChangedParameters } from "../../contracts/variant.ts";

export type Slots = Readonly<Record<string, AdamSlot>>;

/**
 * Slots with the changed parameters. What was replaced is disposed: a backend that updates in place gave it a life beyond
 * this step.
 *
 * @throws UsageError if `fresh` names no parameter or is larger than its parameter
 */
export function changedSlots(ops: TensorOps, slots: Slots, { params, fresh = {} }: ChangedParameters): Slots {
  const unknown = Object.keys(fresh).find((name) => !(name in slots));
  if (unknown !== undefined) {
    throw new UsageError(`fresh: "${unknown}" is no parameter; allowed: ${Object.keys(slots).join(", ")}`);
  }
  return Object.fromEntries(
    Object.entries(slots).map(([name, slot]) => {
      const param = params[name]!;
      if (param !== slot.param) ops.dispose(slot.param);
      return [name, { param, ...moments(ops, name, slot, fresh[name]) }];
    }),
  );
}

function moments(ops: TensorOps, name: string, { m, v }: AdamSlot, fresh: Tensor | undefined): Omit<AdamSlot, "param"> {
  if (!fresh) return { m, v };
  const kept = ops.sub(1, fresh);
  const next = { m: ops.mul(m, kept), v: ops.mul(v, kept) };
  if (next.m.shape.join() !== m.shape.join()) {
    throw new UsageError(
      `fresh: "${name}" has shape [${fresh.shape.join(", ")}], which does not broadcast to its parameter's [${m.shape.join(", ")}]`,
    );
  }
  ops.dispose([m, v]);
  return next;
}
