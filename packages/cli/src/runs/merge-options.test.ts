import { trainingConfigSchema } from "@qsae/core";
import { describe, expect, it } from "vitest";
import { trainCommand, type TrainFlags } from "../commands/train.ts";
import { mergeOptions } from "./merge-options.ts";

const merge = (config: Parameters<typeof mergeOptions>[0], flags: Partial<TrainFlags>) =>
  mergeOptions(config, { color: true, ...flags });

describe("mergeOptions", () => {
  it("lets options win key by key and leaves the rest", () => {
    const config = {
      data: "a",
      out: "x",
      variant: { id: "ternary", d_sae: 64, k: 4 },
      training: { lr: 1e-3, seed: 5 },
    };
    expect(
      merge(config, { data: "b", k: 8, lr: 2e-3, set: ["aux_k=0", "flag=true", "encoder_quantizer=int8"] }),
    ).toEqual({
      data: "b",
      out: "x",
      variant: { id: "ternary", d_sae: 64, k: 8, aux_k: 0, flag: true, encoder_quantizer: "int8" },
      training: { lr: 2e-3, seed: 5 },
    });
  });

  it("replaces steps by epochs and the other way round", () => {
    expect(merge({ training: { steps: 10 } }, { epochs: 2 }).training).toEqual({ epochs: 2 });
    expect(merge({ training: { epochs: 2 } }, { steps: 10 }).training).toEqual({ steps: 10 });
    expect(merge({ training: { epochs: 2 } }, { lr: 1 }).training).toEqual({ epochs: 2, lr: 1 });
  });

  it("takes no keys of a configured variant along to another one", () => {
    const config = { variant: { id: "ternary", aux_k: 3 } };
    expect(merge(config, { variant: "baseline", dSae: 8 }).variant).toEqual({ id: "baseline", d_sae: 8 });
    expect(merge(config, { variant: "ternary" }).variant).toEqual(config.variant);
    expect(merge({}, {}).variant).toBeUndefined();
  });

  it("knows the reference's names of a built-in variant's keys; those of others are their own", () => {
    const keys = { hidden_dim: 8, top_k: 2 };
    expect(merge({ variant: { id: "ternary", ...keys } }, { k: 4 }).variant).toEqual({ id: "ternary", d_sae: 8, k: 4 });
    expect(merge({ variant: { id: "mine", ...keys } }, { k: 4 }).variant).toEqual({ id: "mine", ...keys, k: 4 });
  });

  it("takes schedules, averages, normalisation and resampling from the command line", () => {
    const flags = { lrSchedule: "cosine", emaDecay: 0.9, normalizeInput: "expected-norm", resampleEvery: 5 };
    expect(merge({ training: { lr_schedule: "linear", lr: 1 } }, flags).training).toEqual({
      lr: 1,
      lr_schedule: "cosine",
      ema_decay: 0.9,
      normalize_input: "expected-norm",
      resample_every: 5,
    });
  });

  it("has an option for every key of the training configuration", () => {
    const options = trainCommand().options.map(({ long }) => long);
    for (const key of Object.keys(trainingConfigSchema.shape))
      expect(options).toContain(`--${key.replaceAll("_", "-")}`);
  });
});
