/** Packed SAEs for tests: random ones whose every sum is exact in float32 and full of ties, and one with Gaussian weights. */
import {
  packCodes,
  stagedSae,
  dequantizeMatrix,
  type PackedMatrix,
  type PackedSae,
  type PackedStage,
  type Selection,
} from "@qsae/runtime";
import fc from "fast-check";
import { normals } from "../random.ts";

const description = { variant: "test", config: {}, provenance: {}, metrics: {} };

const many = <T>(item: fc.Arbitrary<T>, count: number) => fc.array(item, { minLength: count, maxLength: count });
const halves = (count: number, max = 2) =>
  many(fc.integer({ min: -2 * max, max: 2 * max }), count).map((twice) => Float32Array.from(twice, (n) => n / 2));

/** An SAE of one to three stages and tokens for it, all numbers small multiples of a half. */
export function exactSae(): fc.Arbitrary<{ readonly sae: PackedSae; readonly x: Float32Array }> {
  const shape = {
    dIn: fc.constantFrom(1, 3, 4, 16),
    widths: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 2 }),
  };
  return fc.record(shape).chain(({ dIn, widths }) =>
    fc
      .record(
        {
          stages: fc.tuple(...[7, ...widths].map((dSae, index) => exactStage(dSae, dIn, index))),
          inputScale: fc.constantFrom(0.5, 2),
          signs: dIn === 3 ? fc.constant(undefined) : many(fc.constantFrom(-1, 1), dIn),
          x: fc.nat(40).chain((n) => halves(n * dIn)),
        },
        { requiredKeys: ["stages", "x"] },
      )
      .map(({ stages, inputScale, signs, x }) => ({
        sae: {
          dIn,
          stages,
          description,
          ...(inputScale !== undefined && { inputScale }),
          ...(signs && { rotation: { kind: "hadamard" as const, signs: Int8Array.from(signs) } }),
        },
        x,
      })),
  );
}

function exactStage(dSae: number, dIn: number, index: number): fc.Arbitrary<PackedStage> {
  const residual = fc.record({ kind: fc.constant("residual" as const), factor: fc.constantFrom(1, 2, 0.5) });
  return fc.record({
    dSae: fc.constant(dSae),
    input: index === 0 ? fc.constant({ kind: "x" as const }) : fc.oneof(fc.constant({ kind: "x" as const }), residual),
    subtractBDec: fc.boolean(),
    encoder: exactMatrix(dSae, dIn),
    bEnc: halves(dSae, 1),
    selection: exactSelection(dSae),
    dictionary: exactMatrix(dSae, dIn),
    bDec: halves(dIn, 1),
    outputWeight: fc.constantFrom(1, 0.5),
  });
}

function exactSelection(dSae: number): fc.Arbitrary<Selection> {
  const k = fc.integer({ min: 1, max: dSae });
  return fc.oneof(
    fc.record({ kind: fc.constant("topk" as const), k, relu: fc.boolean() }),
    fc.record({ kind: fc.constant("threshold" as const), threshold: halves(dSae, 1) }),
    fc.record({ kind: fc.constant("sign" as const), k }, { requiredKeys: ["kind"] }),
    fc.record({ kind: fc.constant("gate" as const), magScale: halves(dSae, 1), magBias: halves(dSae, 1) }),
  );
}

function exactMatrix(rows: number, cols: number): fc.Arbitrary<PackedMatrix> {
  const float = halves(rows * cols, 1).map((values) => ({ kind: "float32" as const, rows, cols, values }));
  const ternary = fc.record({
    codes: many(fc.integer({ min: -1, max: 1 }), rows * cols),
    scale: many(fc.constantFrom(0.5, 1, 2), rows),
  });
  return fc.oneof(
    float,
    ternary.map(({ codes, scale }) => ({
      kind: "codes" as const,
      rows,
      cols,
      codes: [-1, 1] as const,
      rule: { kind: "affine" as const },
      planes: [
        {
          packed: packCodes(codes, rows, cols, [-1, 1]),
          scale: Float32Array.from(scale),
          scaleShape: [rows, 1] as const,
          scaleDtype: "F32" as const,
        },
      ],
      quantizer: { id: "ternary", options: {} },
    })),
  );
}

/** Whether no score of any stage is rounded, in whatever order it is summed in float32. Later stages may need more bits. */
export function isExact(packed: PackedSae, x: Float32Array): boolean {
  const sae = stagedSae(packed);
  const encoders = sae.stages.map(({ encoder }) => dequantizeMatrix(encoder));
  const steps = sae.encodingSteps(x, 1);
  for (let step = steps.next(); !step.done; step = steps.next()) {
    const { u, stage } = step.value;
    const { bEnc } = sae.stages[stage]!;
    for (let j = 0; j < bEnc.length; j++) {
      const terms = [bEnc[j]!, ...u.map((value, d) => value * encoders[stage]![j * sae.dIn + d]!)];
      const whole = [...terms, ...u].every((term) => Number.isInteger(term * 2 ** 10));
      if (!whole || terms.reduce((sum, term) => sum + Math.abs(term), 0) >= 2 ** 14) return false;
    }
    step.value.interpret(encoders[stage]!);
  }
  return true;
}

export interface GaussianOptions {
  readonly dIn: number;
  readonly widths: readonly number[];
  readonly selection: (dSae: number) => Selection;
}

/** Unit atoms, encoders of the same rows; later stages read residuals. */
export function gaussianSae({ dIn, widths, selection }: GaussianOptions): PackedSae {
  const stages = widths.map((dSae, index): PackedStage => {
    const values = normals(dSae * dIn, 1 / Math.sqrt(dIn), index); // [d_sae, d_in]
    const matrix = { kind: "float32" as const, rows: dSae, cols: dIn, values };
    return {
      dSae,
      input: index === 0 ? { kind: "x" } : { kind: "residual", factor: 1.25 },
      subtractBDec: index === 0,
      encoder: matrix,
      bEnc: normals(dSae, 0.1, 100 + index),
      selection: selection(dSae),
      dictionary: matrix,
      bDec: normals(dIn, 0.3, 200 + index),
      outputWeight: 0.8 ** index,
    };
  });
  return { dIn, stages, description };
}
