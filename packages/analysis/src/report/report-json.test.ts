import { NonFiniteError, UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LatentContexts } from "../latents/latent-contexts.ts";
import type { ReportInput, ReportSae } from "./report-input.ts";
import { sampleReport } from "./report-input.fixture.ts";
import { reportJson, type Json } from "./report-json.ts";

const createdAt = new Date("2025-11-24T05:42:00Z");
/** Any value in the place of a report: what is done with values does not depend on which field they are in. */
const jsonOf = (value: unknown): Json | undefined =>
  reportJson({ title: "t", createdAt, value } as unknown as ReportInput)["value"];
const stringified = (input: ReportInput): string => JSON.stringify(reportJson(input));

describe("reportJson", () => {
  it("says every number of the report under the names of the fields", () => {
    const report = JSON.parse(stringified(sampleReport)) as Record<string, never>;
    expect(report).toMatchObject({ title: sampleReport.title, created_at: "2025-11-24T05:42:00.000Z" });
    const numbersOf = (value: unknown): readonly number[] => {
      if (typeof value === "number") return [value];
      if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
      return typeof value === "object" && value !== null && !(value instanceof Date)
        ? Object.values(value).flatMap(numbersOf)
        : [];
    };
    const numbers = numbersOf(sampleReport);
    expect(numbers.length).toBeGreaterThan(100_000);
    expect(numbersOf(report)).toEqual(numbers);
  });

  it("has the same shape as the input, in snake case", () => {
    const [float, ternary] = (reportJson(sampleReport)["saes"] as readonly Record<string, never>[]).map(
      (sae) => sae as unknown as { readonly [key: string]: { readonly [key: string]: Json } },
    );
    expect(Object.keys(ternary!)).toEqual([
      ...["name", "summary", "provenance", "density", "l0", "coactivation", "cosines", "cross_entropy", "reference"],
      ...["atom_norms", "codes", "quantization_error"],
    ]);
    expect(float).not.toHaveProperty("reference");
    expect(ternary!["density"]).toMatchObject({ dead: 37, dense_above: 0.1, log10_histogram: { outside: 0 } });
    expect(ternary!["cross_entropy"]).toMatchObject({ ce_clean: 1.5548, window_length: 128 });
    expect(ternary!["reference"]!["cosines"]).toMatchObject({ same_above: 0.7, a_in_b: { zero_atoms: 0 } });
    expect(ternary!["atom_norms"]).toEqual(Array.from(sampleReport.saes![1]!.atomNorms!));
  });

  it("keeps names that others gave", () => {
    const provenance = { heldOutText: "a.txt", "two words": "x" };
    const gradients = { W_enc: { norm: 1, zeroShare: 0.5 }, logScale: { norm: 2, zeroShare: 0 } };
    const runs = [{ name: "aRun", steps: [{ tokens: 1, batchFvu: 0.5, gradients }] }];
    expect(reportJson({ title: "t", createdAt, provenance, runs })).toEqual({
      title: "t",
      created_at: "2025-11-24T05:42:00.000Z",
      provenance,
      runs: [
        {
          name: "aRun",
          steps: [
            {
              tokens: 1,
              batch_fvu: 0.5,
              gradients: { W_enc: { norm: 1, zero_share: 0.5 }, logScale: { norm: 2, zero_share: 0 } },
            },
          ],
        },
      ],
    });
  });

  it("leaves out the contexts of latents and says so", () => {
    const latents: ReportSae["latents"] = {
      tokens: 9,
      counts: Uint32Array.of(3, 0),
      largest: Float32Array.of(0.5, 0),
      neighbours: { perLatent: 1, latents: Int32Array.of(1, 0), cosines: Float32Array.of(0.25, 0.25) },
    };
    const withContexts = { ...latents, contexts: {} as LatentContexts };
    const saes: ReportSae[] = [
      { name: "a", latents: withContexts },
      { name: "b", latents },
    ];
    const json = {
      tokens: 9,
      counts: [3, 0],
      largest: [0.5, 0],
      neighbours: { per_latent: 1, latents: [1, 0], cosines: [0.25, 0.25] },
    };
    expect(reportJson({ title: "t", createdAt, saes })).toEqual({
      title: "t",
      created_at: "2025-11-24T05:42:00.000Z",
      saes: [
        { name: "a", latents: json },
        { name: "b", latents: json },
      ],
      left_out: ["saes[0].latents.contexts"],
    });
  });

  it("names the number that is none", () => {
    const refused = (sae: Partial<ReportSae>): unknown => {
      try {
        return reportJson({ title: "t", createdAt, saes: [{ name: "a" }, { name: "b", ...sae }] });
      } catch (error) {
        return error;
      }
    };
    const errors = [
      [{ summary: { bits_per_weight: NaN } }, "saes[1].summary.bits_per_weight is NaN"],
      [{ atomNorms: Float32Array.of(1, Infinity) }, "saes[1].atom_norms[1] is Infinity"],
      [{ quantizationError: [0, -Infinity] }, "saes[1].quantization_error[1] is -Infinity"],
    ] as const;
    for (const [sae, message] of errors) {
      expect(refused(sae)).toBeInstanceOf(NonFiniteError);
      expect((refused(sae) as Error).message).toContain(message);
    }
  });

  it("refuses what JSON has no words for", () => {
    for (const value of [1n, () => 1, Symbol("s"), new Map(), new Set(), [undefined], new DataView(new ArrayBuffer(8))])
      expect(() => jsonOf(value)).toThrow(UsageError);
    expect(() => jsonOf({ deep: [new Map()] })).toThrow("value.deep[0] is an object of the class Map");
    expect(() => jsonOf(BigInt64Array.of(1n))).toThrow(UsageError);
    expect(() => reportJson({ title: "t", createdAt: new Date(NaN) })).toThrow("created_at is an invalid date");
    expect(() => jsonOf({ dIn: 1, d_in: 2 })).toThrow("value.d_in is the name of two fields");
  });

  it("gives back any nested value, absent fields absent", () => {
    const leaf = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0), // JSON has no -0
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
    );
    const numbers = fc.float32Array({ noNaN: true, noDefaultInfinity: true });
    const key = fc
      .stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
      .filter((name) => !["provenance", "gradients"].includes(name));
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        leaf,
        numbers,
        fc.array(
          tie("tree").filter((value) => value !== undefined),
          { maxLength: 4 },
        ),
        fc.dictionary(key, tie("tree"), { maxKeys: 4 }),
      ),
    }));
    /** As `JSON.stringify` has it, with typed arrays as lists. */
    const plain = (value: unknown): unknown =>
      value === undefined
        ? undefined
        : JSON.parse(
            JSON.stringify(value, (_, field: unknown) => (field instanceof Float32Array ? Array.from(field) : field)),
          );
    fc.assert(
      fc.property(tree, (value) => {
        const json = jsonOf(value);
        expect(json === undefined ? undefined : JSON.parse(JSON.stringify(json))).toEqual(plain(value));
        expect(JSON.stringify(jsonOf(structuredClone(value)))).toBe(JSON.stringify(json));
      }),
    );
  });

  it("turns every camel-case name into one snake-case name", () => {
    const camel = fc.array(fc.stringMatching(/^[a-z][a-z0-9]{0,4}$/), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(camel, (words) => {
        const name = words.map((word, i) => (i === 0 ? word : `${word[0]!.toUpperCase()}${word.slice(1)}`)).join("");
        expect(jsonOf({ in: { [name]: 1 } })).toEqual({ in: { [words.join("_")]: 1 } });
      }),
    );
  });
});
