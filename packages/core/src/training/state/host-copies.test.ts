import { expect, it } from "vitest";
import type { TrainingCheckpoint } from "../../contracts/sae-checkpoint.ts";
import { hostCopies } from "./host-copies.ts";

const checkpointOf = (step: number): TrainingCheckpoint => ({
  sae: { spec: { variant: "linear", config: {} }, tensors: {}, provenance: {} },
  step,
  state: {},
  training: {},
});

it("copies after the first step, then every 30 seconds, and keeps the last one only", async () => {
  let nowMs = 1000;
  const copies = hostCopies(() => nowMs);
  expect([copies.last, copies.due()]).toEqual([undefined, true]);
  await copies.make(async () => checkpointOf(1));
  expect(copies.due()).toBe(false);
  nowMs += 29_999;
  expect(copies.due()).toBe(false);
  nowMs += 1;
  expect([copies.last?.step, copies.due()]).toEqual([1, true]);
  await copies.make(async () => checkpointOf(7));
  expect([copies.last?.step, copies.due()]).toEqual([7, false]);
});

it("copies less often where a copy takes long: a twentieth of the time", async () => {
  let nowMs = 0;
  const copies = hostCopies(() => nowMs);
  await copies.make(async () => {
    nowMs += 3000;
    return checkpointOf(1);
  });
  nowMs += 59_999;
  expect(copies.due()).toBe(false);
  nowMs += 1;
  expect(copies.due()).toBe(true);
});
