import { describe, expect, it } from "vitest";
import { parseTrainingConfig, tokensPerStep, totalSteps, type TrainingInput } from "./training-config.ts";

describe("training configuration", () => {
  it("fills defaults and counts steps from epochs", () => {
    const config = parseTrainingConfig({ epochs: 2, batch_size: 100 });
    expect(totalSteps(config, 1050)).toBe(20);
    expect(totalSteps(parseTrainingConfig({ batch_size: 100 }), 1000)).toBe(30);
  });

  it("counts a step once for all the batches it accumulates", () => {
    const config = parseTrainingConfig({ epochs: 2, batch_size: 100, accumulation_steps: 4 });
    expect(tokensPerStep(config)).toBe(400);
    expect(totalSteps(config, 1050)).toBe(5);
  });

  it.each<TrainingInput>([
    {},
    { lr_schedule: "constant" },
    { lr_schedule: "cosine", lr_min_fraction: 0.1 },
    { resample_every: 10 },
    { clip_grad_norm: 1, ema_decay: 0.99, normalize_input: "expected-norm", b_dec_init: "geometric-median" },
  ])("is a fixed point once filled: %j", (input) => {
    const filled = parseTrainingConfig(input);
    expect(parseTrainingConfig(filled)).toEqual(filled);
    expect(parseTrainingConfig(JSON.parse(JSON.stringify(filled)) as TrainingInput)).toEqual(filled);
  });

  it("names unknown keys, bad values and contradictions, with what is allowed", () => {
    expect(() => parseTrainingConfig({ learning_rate: 1 } as object)).toThrow(
      /learning_rate.*keys allowed: steps, epochs, batch_size, accumulation_steps, lr, lr_schedule/,
    );
    expect(() => parseTrainingConfig({ lr: -1 })).toThrow("training config: lr:");
    expect(() => parseTrainingConfig({ lr_schedule: "step" } as object)).toThrow(/"constant"\|"linear"\|"cosine"/);
    expect(() => parseTrainingConfig({ b_dec_init: "median" } as object)).toThrow(/"geometric-median"/);
    expect(() => parseTrainingConfig({ ema_decay: 1 })).toThrow("training config: ema_decay:");
    expect(() => parseTrainingConfig({ steps: 3, epochs: 1 })).toThrow("steps and epochs contradict");
    expect(() => parseTrainingConfig({ lr_schedule: "constant", lr_decay_fraction: 0.2 })).toThrow(
      'lr_schedule "constant" contradicts lr_decay_fraction=0.2; leave that out, or choose linear or cosine',
    );
    expect(() => parseTrainingConfig({ lr_schedule: "constant", lr_min_fraction: 0.2 })).toThrow(
      "contradicts lr_min_fraction=0.2",
    );
    expect(() => parseTrainingConfig({ resample_until_fraction: 0.2 })).toThrow("give resample_every too");
  });
});
