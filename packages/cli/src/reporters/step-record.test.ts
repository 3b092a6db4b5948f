import type { StepEvent } from "@qsae/core";
import { FormatError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import { parseStepLines, stepLine } from "./step-record.ts";

const event: StepEvent = {
  step: 3,
  totalSteps: 10,
  tokens: 384,
  lr: 1e-3,
  loss: 0.5,
  losses: { mse: 0.4, auxk: 0.1 },
  l0: 32,
  dead: 0,
  batchFvu: 0.25,
  gradNorms: { W_enc: 0.5, b_enc: 0 },
  resampled: 7,
  elapsedMs: 12.5,
};

describe("step records", () => {
  it("come back as they were, from keys in the field's spelling", () => {
    expect(parseStepLines(stepLine(event) + stepLine({ ...event, step: 4 }), "m.jsonl")).toEqual([
      event,
      { ...event, step: 4 },
    ]);
    expect(Object.keys(JSON.parse(stepLine(event)) as object)).toContain("batch_fvu");
  });

  it("say nothing of resampling where none was due, and nothing of norms where an older run wrote none", () => {
    const { resampled: _, ...plain } = event;
    expect(parseStepLines(stepLine(plain), "m.jsonl")).toEqual([plain]);
    const { grad_norms: __, ...older } = JSON.parse(stepLine(plain)) as Record<string, unknown>;
    expect(parseStepLines(`${JSON.stringify(older)}\n`, "m.jsonl")).toEqual([{ ...plain, gradNorms: {} }]);
  });

  describe("with records of gradients", () => {
    const gradients: StepEvent["gradients"] = {
      W_enc: { norm: 0.5, updateRatio: 1e-3, zeroShare: 0.25 },
      b_enc: { norm: 0, zeroShare: 1 },
      W_dec: {
        norm: 2.5,
        updateRatio: 0.1,
        zeroShare: 0,
        changedCodes: 0.02,
        signFlips: 0.01,
        straightThrough: { weights: 6, cosine: -0.5, relativeError: 1.5 },
      },
      "W_dec.mirror": { norm: 1, zeroShare: 0, changedCodes: 0, signFlips: 0, straightThrough: { weights: 6 } },
    };
    const line = stepLine({ ...event, gradients });

    it("come back as they were, from keys in the field's spelling", () => {
      expect(parseStepLines(line, "m.jsonl")).toEqual([{ ...event, gradients }]);
      expect(line).toContain(
        '"changed_codes":0.02,"sign_flips":0.01,"straight_through":{"weights":6,"cosine":-0.5,"relative_error":1.5}',
      );
      expect(parseStepLines(stepLine({ ...event, gradients: {} }), "m.jsonl")).toEqual([{ ...event, gradients: {} }]);
    });

    it.each([
      ['"norm":0.5', '"norm":-0.5'],
      ['"norm":0.5', '"norm":1e999'],
      ['"norm":0.5,', ""],
      ['"update_ratio":0.001', '"update_ratio":"0.001"'],
      ['"update_ratio":0.001', '"update_ratio":null'],
      ['"zero_share":0.25', '"zero_share":1.25'],
      ['"zero_share":0.25', '"zeroShare":0.25'],
      ['"changed_codes":0.02', '"changed_codes":-0.02'],
      ['"sign_flips":0.01', '"sign_flips":2'],
      ['"sign_flips":0.01', '"sign_flips":[0.01]'],
      ['"weights":6,"cosine"', '"weights":0,"cosine"'],
      ['"weights":6,"cosine"', '"weights":1.5,"cosine"'],
      ['"cosine":-0.5', '"cosine":-1.5'],
      ['"relative_error":1.5', '"relative_error":-1'],
      ['"relative_error":1.5', '"relative_error":1.5,"more":1'],
      ['"b_enc":{"norm":0,"zero_share":1}', '"b_enc":7'],
      ['"gradients":{', '"gradients":[],"more":{'],
    ])("refuse what no run writes: %s as %s", (good, bad) => {
      expect(line).toContain(good);
      expect(() => parseStepLines(line.replace(good, bad), "m.jsonl")).toThrow(/^m.jsonl: line 1 is no training step/);
    });

    it("change no object that others share, whatever parameters are called", () => {
      const hostile = line.replace('"b_enc":{"norm":0', '"__proto__":{"norm":0');
      const [parsed] = parseStepLines(hostile, "m.jsonl");
      expect(Object.getPrototypeOf(parsed!.gradients)).toBe(Object.prototype);
      expect(({} as Record<string, unknown>)["norm"]).toBeUndefined();
    });
  });

  it("keep the FVU of a batch that does not vary, which is no number", () => {
    expect(parseStepLines(stepLine({ ...event, batchFvu: NaN }), "m.jsonl")).toEqual([{ ...event, batchFvu: NaN }]);
  });

  it("leave out a last line that was cut off", () => {
    expect(parseStepLines(stepLine(event) + stepLine(event).slice(0, 20), "m.jsonl")).toEqual([event]);
    expect(parseStepLines("", "m.jsonl")).toEqual([]);
  });

  it("name the file and the line that is something else", () => {
    expect(() => parseStepLines(`${stepLine(event)}{"step": "3"}\n`, "m.jsonl")).toThrow(
      /^m.jsonl: line 2 is no training step/,
    );
    expect(() => parseStepLines("words\n", "m.jsonl")).toThrow(FormatError);
  });
});
