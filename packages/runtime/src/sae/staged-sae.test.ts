import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitrarySae } from "../../test/arbitrary-sae.ts";
import { NonFiniteError, UsageError } from "../errors.ts";
import type { Latents } from "../latents.ts";
import { dequantizeMatrix } from "../packed/dequantize.ts";
import type { PackedSae, Selection } from "../packed/schema.ts";
import type { EncodingStep } from "./encoding-step.ts";
import { loadSae } from "./load-sae.ts";
import { stagedSae } from "./staged-sae.ts";

/** Encodes with latents that `give` finds for every step. */
function drive(
  packed: PackedSae,
  x: Float32Array,
  blockTokens: number,
  give: (step: EncodingStep, scores: Float32Array, selection: Selection) => void,
): Latents {
  const sae = stagedSae(packed);
  const encoders = sae.stages.map(({ encoder }) => dequantizeMatrix(encoder));
  const steps = sae.encodingSteps(x, blockTokens);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    const { stage, u, rows } = step.value;
    const { bEnc, selection, dSae } = sae.stages[stage]!;
    const scores = Float32Array.from({ length: rows * dSae }, (_, at) => {
      const [row, j] = [Math.floor(at / dSae), at % dSae];
      let sum = bEnc[j]!;
      for (let d = 0; d < sae.dIn; d++) sum += u[row * sae.dIn + d]! * encoders[stage]![j * sae.dIn + d]!;
      return sum;
    });
    give(step.value, scores, selection);
  }
}

/** The k largest scores of each row, indices ascending, ties to the lowest. */
function largest(scores: Float32Array, dSae: number, k: number): [values: Float32Array, indices: Int32Array] {
  const rows = Array.from({ length: scores.length / dSae }, (_, row) => scores.subarray(row * dSae, (row + 1) * dSae));
  const chosen = rows.map((row) =>
    [...row.keys()]
      .sort((a, b) => row[b]! - row[a]! || a - b)
      .slice(0, k)
      .sort((a, b) => a - b),
  );
  return [
    Float32Array.from(chosen.flatMap((indices, row) => indices.map((j) => rows[row]![j]!))),
    Int32Array.from(chosen.flat()),
  ];
}

const blockTokens = fc.integer({ min: 1, max: 7 });

describe("stagedSae", () => {
  it("encodes as loadSae, given scores, a part of the rows at a time, in blocks of any size", () => {
    fc.assert(
      fc.property(arbitrarySae(), blockTokens, blockTokens, ({ sae, x }, tokens, rowsAtOnce) => {
        const latents = drive(sae, x, tokens, (step, scores) => {
          const dSae = scores.length / step.rows;
          for (let row = 0; row < step.rows; row += rowsAtOnce) {
            step.selectByScores(scores.subarray(row * dSae, (row + rowsAtOnce) * dSae));
          }
        });
        expect(latents).toEqual(loadSae(sae).encode(x));
      }),
      { numRuns: 200 },
    );
  });

  it("encodes as loadSae, given the k largest scores where stages select by rank", () => {
    fc.assert(
      fc.property(arbitrarySae(), blockTokens, ({ sae, x }, tokens) => {
        const latents = drive(sae, x, tokens, (step, scores, selection) => {
          if (!("k" in selection)) return step.selectByScores(scores);
          step.selectAmongLargest(...largest(scores, scores.length / step.rows, selection.k));
        });
        expect(latents).toEqual(loadSae(sae).encode(x));
      }),
      { numRuns: 200 },
    );
  });

  it("interprets whatever rows are left", () => {
    fc.assert(
      fc.property(arbitrarySae(), blockTokens, fc.nat(7), ({ sae, x }, tokens, given) => {
        const encoders = sae.stages.map(({ encoder }) => dequantizeMatrix(encoder));
        const latents = drive(sae, x, tokens, (step, scores) => {
          const dSae = scores.length / step.rows;
          step.selectByScores(scores.subarray(0, given * dSae));
          step.interpret(encoders[step.stage]!);
        });
        expect(latents).toEqual(loadSae(sae).encode(x));
      }),
      { numRuns: 200 },
    );
  });

  it("decodes and has atoms as loadSae", () => {
    fc.assert(
      fc.property(arbitrarySae(), ({ sae, x }) => {
        const [staged, whole] = [stagedSae(sae), loadSae(sae)];
        const latents = whole.encode(x);
        expect(staged).toMatchObject({ dIn: whole.dIn, dSae: whole.dSae, levelEnds: whole.levelEnds });
        for (let levels = 1; levels <= whole.levels; levels++) {
          expect(staged.decode(latents, { levels, x })).toEqual(whole.decode(latents, { levels, x }));
        }
        expect(staged.atom(whole.dSae - 1)).toEqual(whole.atom(whole.dSae - 1));
      }),
      { numRuns: 50 },
    );
  });
});

describe("what a driver may do wrong", () => {
  const values = Float32Array.of(1, 0, 0, 1);
  const matrix = { kind: "float32", rows: 2, cols: 2, values } as const;
  const sae = (selection: Selection): PackedSae => ({
    dIn: 2,
    stages: [
      {
        dSae: 2,
        input: { kind: "x" },
        subtractBDec: false,
        encoder: matrix,
        bEnc: new Float32Array(2),
        selection,
        dictionary: matrix,
        bDec: new Float32Array(2),
        outputWeight: 1,
      },
    ],
    description: { variant: "test", config: {}, provenance: {}, metrics: {} },
  });
  const relu = sae({ kind: "threshold", threshold: new Float32Array(2) });
  const x = Float32Array.of(1, 2, 3, 4, 5, 6);

  it("names the token row of a score that is not finite, in any block", () => {
    const infinite = () =>
      drive(relu, x, 2, (step, scores) => step.selectByScores(scores.map((s) => (s === 6 ? -Infinity : s))));
    expect(infinite).toThrow(NonFiniteError);
    expect(infinite).toThrow("encode: token row 2: the score of latent 1 is -Infinity");
  });

  it("refuses a step without all its latents, or with too many", () => {
    expect(() => drive(relu, x, 3, () => {})).toThrow(UsageError);
    expect(() => drive(relu, x, 3, () => {})).toThrow("stage 0 was left with latents of 0 of its 3 tokens");
    const twice = () =>
      drive(relu, x, 3, (step, scores) => {
        step.selectByScores(scores);
        step.selectByScores(scores.subarray(2));
      });
    expect(twice).toThrow("latents of 5 of its 3 tokens");
  });

  it("refuses the largest scores where the selection is not by rank", () => {
    const give = () => drive(relu, x, 3, (step) => step.selectAmongLargest(new Float32Array(3), new Int32Array(3)));
    expect(give).toThrow(UsageError);
    expect(give).toThrow("stage 0 selects by threshold, not by rank; give all scores");
  });

  it.each([0, -1, 0.5, NaN])("refuses blocks of %s tokens", (tokens) => {
    expect(() => stagedSae(relu).encodingSteps(x, tokens)).toThrow(UsageError);
  });

  it("refuses x of another width, and NaN", () => {
    expect(() => stagedSae(relu).encodingSteps(new Float32Array(3), 4)).toThrow("encode: x has 3 numbers");
    expect(() => stagedSae(relu).encodingSteps(Float32Array.of(0, 0, 0, NaN), 1)).not.toThrow();
    const given = Float32Array.of(0, 0, 0, NaN);
    expect(() => drive(relu, given, 1, (step, scores) => step.selectByScores(scores))).toThrow(
      "activations: token row 1, column 1 is NaN",
    );
  });
});
