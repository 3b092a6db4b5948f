import { describe, expect, it } from "vitest";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";
import { openBackend } from "../backends/open-backend.ts";
import { jump, step } from "./threshold.ts";

/** Two tokens, two latents; thresholds 1 and 2, bandwidth 1: the kernel covers (0.5, 1.5) and (1.5, 2.5). */
const H = [1.2, 1.6, 0.7, 3];

describe.each(["cpu", "wasm"] as const)("threshold selection on %s", (name) => {
  async function both(
    select: (ops: TensorOps, h: Tensor, theta: Tensor) => Tensor,
  ): Promise<{ value: number[]; dH: number[]; dTheta: number[] }> {
    const backend = await openBackend(name);
    const { ops } = backend;
    const [h, theta] = [ops.tensor(H, [2, 2]), ops.tensor([1, 2], [2])];
    const weights = ops.tensor([1, 10, 100, 1000], [2, 2]);
    const { value, dH, dTheta } = ops.tidy(() => {
      const { grads, aux } = ops.valueAndGrads({ h, theta }, (p) => {
        const selected = select(ops, p["h"]!, p["theta"]!);
        return { loss: ops.sum(ops.mul(selected, weights)), aux: { selected } };
      });
      return { value: aux.selected, dH: grads["h"]!, dTheta: grads["theta"]! };
    });
    const result = {
      value: [...(await ops.read(value)).data],
      dH: [...(await ops.read(dH)).data],
      dTheta: [...(await ops.read(dTheta)).data],
    };
    ops.dispose([h, theta, weights, value, dH, dTheta]);
    await backend.close();
    return result;
  }
  it("jump keeps what is above and passes its gradient; thresholds learn inside the kernel", async () => {
    const { value, dH, dTheta } = await both((ops, h, theta) => jump(ops, h, theta, 1));
    expect(value).toEqual([Math.fround(1.2), 0, 0, 3]);
    expect(dH).toEqual([1, 0, 0, 1000]);
    expect(dTheta).toEqual([-1 * (1 + 100), -2 * 10]);
  });
  it("step counts what is above and has no gradient to h", async () => {
    const { value, dH, dTheta } = await both((ops, h, theta) => step(ops, h, theta, 1));
    expect(value).toEqual([1, 0, 0, 1]);
    expect(dH).toEqual([0, 0, 0, 0]);
    expect(dTheta).toEqual([-101, -10]);
  });
});
