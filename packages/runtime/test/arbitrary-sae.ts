/**
 * Random small SAEs of every kind the schema allows, beside the plain weights they stand for. All numbers are small dyadic
 * fractions: sums and products are exact in float64, so that an interpreter must agree with naive arithmetic to the last bit,
 * ties between scores included.
 */
import fc from "fast-check";
import { packCodes } from "../src/packed/bit-packing.ts";
import type { PlaneRule } from "../src/packed/dequantize-rule.ts";
import {
  NO_PART,
  type CodeMatrix,
  type PackedMatrix,
  type PackedSae,
  type PackedStage,
  type Selection,
  type UniformMatrix,
} from "../src/packed/schema.ts";

/** Weights `[rows][cols]` by plain arithmetic. */
export type PlainMatrix = readonly (readonly number[])[];

export interface ArbitrarySae {
  readonly sae: PackedSae;
  /** Encoder and dictionary of every stage, each `[d_sae][d_in]`. */
  readonly weights: readonly { readonly encoder: PlainMatrix; readonly dictionary: PlainMatrix }[];
  /** `[n, d_in]` */
  readonly x: Float32Array;
}

const halves = (max: number) => fc.integer({ min: -2 * max, max: 2 * max }).map((twice) => twice / 2);
const scales = fc.constantFrom(0.5, 1, 2, -1);
const many = <T>(item: fc.Arbitrary<T>, count: number) => fc.array(item, { minLength: count, maxLength: count });
const floats = (count: number, max = 2) => many(halves(max), count).map((values) => Float32Array.from(values));
const divisors = (n: number) => [1, 2, 3, 4, 5, 16].filter((d) => n % d === 0);

export function arbitrarySae(): fc.Arbitrary<ArbitrarySae> {
  return fc
    .record({
      dIn: fc.constantFrom(1, 3, 4, 5, 16),
      widths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 }),
    })
    .chain(({ dIn, widths }) =>
      fc
        .record(
          {
            stages: fc.tuple(...widths.map((dSae, index) => arbitraryStage(dSae, dIn, index))),
            inputScale: fc.constantFrom(0.25, 0.5, 2),
            rotation: dIn === 3 || dIn === 5 ? fc.constant(undefined) : many(fc.constantFrom(-1, 1), dIn),
            skip: floats(dIn * dIn, 1),
            x: fc.nat(6).chain((n) => floats(n * dIn, 3)),
          },
          { requiredKeys: ["stages", "x"] },
        )
        .map(({ stages, inputScale, rotation, skip, x }) => ({
          sae: {
            dIn,
            stages: stages.map(({ stage }) => stage),
            ...(inputScale !== undefined && { inputScale }),
            ...(rotation !== undefined && { rotation: { kind: "hadamard" as const, signs: Int8Array.from(rotation) } }),
            ...(skip !== undefined && { skip }),
            description: {
              variant: "test",
              config: { d_in: dIn, nested: [{ k: null }] },
              provenance: { by: "test" },
              metrics: { fvu: 0.5 },
            },
          },
          weights: stages.map(({ weights }) => weights),
          x,
        })),
    );
}

function arbitraryStage(dSae: number, dIn: number, index: number) {
  const input: fc.Arbitrary<PackedStage["input"]> =
    index === 0
      ? fc.constant({ kind: "x" })
      : fc.oneof(
          fc.constant({ kind: "x" as const }),
          fc.record({ kind: fc.constant("residual" as const), factor: scales }),
        );
  const prefixEnds = fc.subarray(Array.from({ length: dSae - 1 }, (_, i) => i + 1)).map((ends) => [...ends, dSae]);
  return fc
    .record(
      {
        input,
        subtractBDec: fc.boolean(),
        encoder: arbitraryMatrix(dSae, dIn),
        bEnc: floats(dSae),
        selection: arbitrarySelection(dSae),
        dictionary: arbitraryMatrix(dSae, dIn),
        bDec: floats(dIn),
        outputWeight: scales,
        prefixEnds,
      },
      { requiredKeys: ["input", "subtractBDec", "encoder", "bEnc", "selection", "dictionary", "bDec", "outputWeight"] },
    )
    .map(({ encoder, dictionary, ...stage }) => ({
      stage: { ...stage, dSae, encoder: encoder.matrix, dictionary: dictionary.matrix } satisfies PackedStage,
      weights: { encoder: encoder.weights, dictionary: dictionary.weights },
    }));
}

function arbitrarySelection(dSae: number): fc.Arbitrary<Selection> {
  return fc.oneof(
    fc.record({ kind: fc.constant("topk" as const), k: fc.integer({ min: 1, max: dSae }), relu: fc.boolean() }),
    fc.record({ kind: fc.constant("threshold" as const), threshold: floats(dSae) }),
    fc.record({ kind: fc.constant("sign" as const), k: fc.integer({ min: 1, max: dSae }) }, { requiredKeys: ["kind"] }),
    fc.record({ kind: fc.constant("gate" as const), magScale: floats(dSae, 1), magBias: floats(dSae) }),
  );
}

interface MatrixAndWeights<M extends PackedMatrix> {
  readonly matrix: M;
  readonly weights: PlainMatrix;
}

function arbitraryMatrix(rows: number, cols: number): fc.Arbitrary<MatrixAndWeights<PackedMatrix>> {
  const [uniform, mixed] = [arbitraryUniform(rows, cols), arbitraryMixed(rows, cols)];
  return fc.oneof<fc.Arbitrary<MatrixAndWeights<PackedMatrix>>[]>(uniform, uniform, mixed);
}

/** Every row in one of up to three parts or in none; parts are numbered in any order, those without rows left out. */
function arbitraryMixed(rows: number, cols: number): fc.Arbitrary<MatrixAndWeights<PackedMatrix>> {
  return many(fc.constantFrom("a", "b", "c", undefined), rows).chain((names) => {
    const used = [...new Set(names)].filter((name) => name !== undefined);
    const rowsOf = (name: string) => names.filter((other) => other === name).length;
    return fc
      .record({
        order: fc.shuffledSubarray(used, { minLength: used.length, maxLength: used.length }),
        parts: fc.record(Object.fromEntries(used.map((name) => [name, arbitraryUniform(rowsOf(name), cols)]))),
      })
      .map(({ order, parts }) => {
        const unread = new Map(used.map((name) => [name, [...parts[name]!.weights]]));
        return {
          matrix: {
            kind: "mixed" as const,
            rows,
            cols,
            partOfRow: Uint8Array.from(names, (name) => (name === undefined ? NO_PART : order.indexOf(name))),
            parts: order.map((name) => parts[name]!.matrix),
          },
          weights: names.map((name) => (name === undefined ? Array<number>(cols).fill(0) : unread.get(name)!.shift()!)),
        };
      });
  });
}

function arbitraryUniform(rows: number, cols: number): fc.Arbitrary<MatrixAndWeights<UniformMatrix>> {
  const float = floats(rows * cols, 1).map((values) => ({
    matrix: { kind: "float32" as const, rows, cols, values },
    weights: Array.from({ length: rows }, (_, r) => [...values.subarray(r * cols, (r + 1) * cols)]),
  }));
  return fc.oneof<fc.Arbitrary<MatrixAndWeights<UniformMatrix>>[]>(float, arbitraryCodes(rows, cols));
}

function arbitraryCodes(rows: number, cols: number): fc.Arbitrary<MatrixAndWeights<CodeMatrix>> {
  const ranges = fc.constantFrom<CodeMatrix["codes"]>([0, 1], [-1, 1], [-2, 1], [-2, 3], [0, 11]);
  return ranges.chain((codes) => {
    const [min, max] = codes;
    const rule: fc.Arbitrary<PlaneRule> = fc.oneof(
      fc.record({ kind: fc.constant("affine" as const), offset: fc.constantFrom(0.5, -2) }, { requiredKeys: ["kind"] }),
      fc.record({ kind: fc.constant("table" as const), levels: many(halves(1), max - min + 1) }),
    );
    const plane = fc.constantFrom(...divisors(cols)).chain((groups) =>
      fc.constantFrom(1, rows).chain((scaleRows) =>
        fc.record({
          codes: many(fc.integer({ min, max }), rows * cols),
          scale: many(scales, scaleRows * groups),
          scaleShape: fc.constant([scaleRows, groups] as const),
          scaleDtype: fc.constantFrom("F16" as const, "F32" as const),
        }),
      ),
    );
    const planes = fc.option(fc.array(plane, { minLength: 1, maxLength: 3 }), { nil: undefined });
    return fc.record({ rule, planes, single: plane }).map(({ rule: each, planes: several, single }) => {
      const all = several ?? [single];
      const weight = (r: number, c: number) =>
        all.reduce((sum, { codes: given, scale, scaleShape: [scaleRows, groups] }) => {
          const code = given[r * cols + c]!;
          const level = each.kind === "affine" ? code + (each.offset ?? 0) : each.levels[code - min]!;
          return sum + level * scale[(scaleRows === 1 ? 0 : r) * groups + Math.floor((c * groups) / cols)]!;
        }, 0);
      return {
        matrix: {
          kind: "codes" as const,
          rows,
          cols,
          codes,
          rule: several === undefined ? each : { kind: "sum" as const, planes: all.length, each },
          planes: all.map(({ codes: given, scale, ...rest }) => ({
            ...rest,
            packed: packCodes(given, rows, cols, codes),
            scale: Float32Array.from(scale),
          })),
          quantizer: { id: "test", options: { bits: 2, name: "x", symmetric: true } },
        },
        weights: Array.from({ length: rows }, (_, r) => Array.from({ length: cols }, (_, c) => weight(r, c))),
      };
    });
  });
}
