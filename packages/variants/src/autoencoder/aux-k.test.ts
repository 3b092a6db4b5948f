import { describe, expect, it } from "vitest";
import { normals, type Tensor, type Tensors } from "@qsae/core";
import { testBackend } from "../../test/test-backend.ts";
import { auxKLoss } from "./aux-k.ts";

const [N, D, F] = [6, 4, 8];
const DEAD = [0, 1, 0, 0, 1, 0, 0, 0];
const COEFFICIENT = 1 / 32;

const backend = await testBackend();

/** The loss and its gradient of b_enc, where all biases are `bias`. */
async function auxOf(bias: number): Promise<{ loss: number; gradient: number[] }> {
  const { ops } = backend;
  const x = ops.tensor(normals(N * D, 1, 1), [N, D]);
  const params = {
    W_enc: ops.tensor(normals(D * F, 0.1, 2), [D, F]),
    b_enc: ops.fill([F], bias),
    W_dec: ops.tensor(normals(F * D, 1, 3), [F, D]),
  };
  const lossOf = (p: Tensors): Tensor => {
    const input = { x, wEnc: p["W_enc"]!, bEnc: p["b_enc"]!, wDec: p["W_dec"]!, params: p, progress: 0 };
    const dead = ops.tensor(DEAD, [F]);
    const aux = auxKLoss(ops, { ...input, dead }, { auxK: 4, auxKCoefficient: COEFFICIENT }, (h) => ops.relu(h));
    return aux.targetLosses!({ residual: x, ofLatents: x })["auxk"]!;
  };
  const { value, grads } = ops.tidy(() => ops.valueAndGrads(params, (p) => ({ loss: lossOf(p), aux: {} })));
  const [loss, gradient] = await Promise.all([ops.read(value), ops.read(grads["b_enc"]!)]);
  return { loss: loss.data[0]!, gradient: [...gradient.data] };
}

describe("auxKLoss", () => {
  it("lifts dead latents whose scores are all negative, and no others", async () => {
    const { loss, gradient } = await auxOf(-5);
    expect(loss).toBeGreaterThan(COEFFICIENT); // nothing of the residual is explained, and the lift
    gradient.forEach((value, j) => (DEAD[j] ? expect(value).toBeLessThan(0) : expect(Math.abs(value)).toBe(0)));
  });
  it("has no lift where scores are positive", async () => {
    const near = await auxOf(0.9);
    const far = await auxOf(-0.9);
    expect(near.loss).not.toBe(far.loss);
    expect(far.loss).toBeGreaterThan(COEFFICIENT);
    // the lift's own gradient, which is the same for each negative score, is not there
    const energy = normals(N * D, 1, 1).reduce((sum, value) => sum + value * value, 0);
    const lift = -COEFFICIENT / Math.sqrt(energy / N);
    DEAD.forEach((dead, j) => {
      if (!dead) return;
      expect(far.gradient[j]).toBeCloseTo(lift, 5);
      expect(Math.abs(near.gradient[j]! - lift)).toBeGreaterThan(1e-4);
    });
  });
});
