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
