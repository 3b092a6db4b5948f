import type { Batch, DataSource, Metric } from "@qsae/core";
import { NonFiniteError, UsageError, type Latents } from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import { evaluateSae, type EvaluationProgress } from "./evaluate.ts";
import { fvu } from "./metrics/fvu.ts";
import { l0 } from "./metrics/l0.ts";
import { mse } from "./metrics/mse.ts";

/** Two dimensions, two latents: keeps x[0] where it is positive, never x[1]. */
const halfBlind = {
  dIn: 2,
  dSae: 2,
  encode(x: Float32Array): Latents {
    const offsets = [0];
    const values: number[] = [];
    for (let at = 0; at < x.length; at += 2) {
      if (x[at]! > 0) values.push(x[at]!);
      offsets.push(values.length);
    }
    const indices = new Int32Array(values.length);
    return { dSae: 2, offsets: Int32Array.from(offsets), indices, values: Float32Array.from(values) };
  },
  decode({ offsets, values }: Latents): Float32Array {
    const reconstruction = new Float32Array(2 * (offsets.length - 1));
    for (let i = 0; i + 1 < offsets.length; i++) reconstruction[2 * i] = values[offsets[i]!] ?? 0;
    for (let i = 0; i + 1 < offsets.length; i++) if (offsets[i] === offsets[i + 1]) reconstruction[2 * i] = 0;
    return reconstruction;
  },
};

function sourceOf(rows: readonly (readonly number[])[], given: Partial<DataSource> = {}): DataSource {
  return {
    dIn: rows[0]?.length ?? 2,
    tokens: rows.length,
    provenance: { file: "held-out.safetensors" },
    async *batches({ batchSize }): AsyncGenerator<Batch> {
      for (let from = 0; from < rows.length; from += batchSize) {
        const batch = rows.slice(from, from + batchSize);
        yield {
          x: Float32Array.from(batch.flat()),
          n: batch.length,
          rows: Int32Array.from(batch, (_, i) => from + i),
        };
      }
    },
    close: async () => {},
    ...given,
  };
}

const rows = [
  [1, 0],
  [-1, 0],
  [3, 2],
  [-3, 2],
];

describe("evaluateSae", () => {
  it("runs every metric in one pass and returns them under the caller's names, typed", async () => {
    let passes = 0;
    const source = sourceOf(rows);
    const counted: DataSource = { ...source, batches: (options) => (passes++, source.batches(options)) };
    const { metrics, tokens } = await evaluateSae(halfBlind, counted, { metrics: { unexplained: fvu(), l0: l0() } });
    // residual (0 + 1 + 4 + 13) over deviation from the mean [0, 1]: (2 + 2 + 10 + 10)
    const unexplained: number = metrics.unexplained;
    expect(unexplained).toBeCloseTo(18 / 24, 14);
    expect(metrics.l0.mean).toBe(0.5);
    expect(tokens).toBe(4);
    expect(passes).toBe(1);
  });

  it("gives the same result for every batch size and reports progress after each batch", async () => {
    for (const batchSize of [1, 2, 3, 4, 100]) {
      const seen: EvaluationProgress[] = [];
      const { metrics, saeMs } = await evaluateSae(halfBlind, sourceOf(rows), {
        metrics: { mse: mse() },
        batchSize,
        onProgress: (progress) => seen.push(progress),
      });
      expect(metrics.mse).toBeCloseTo(18 / 8, 14);
      expect(seen).toHaveLength(Math.ceil(4 / batchSize));
      expect(seen.at(-1)).toMatchObject({ tokens: 4, totalTokens: 4 });
      expect(saeMs).toBeGreaterThanOrEqual(0);
    }
  });

  it("waits for SAEs and metrics that answer by promise, and gives metrics one batch after the other", async () => {
    const later = <T>(value: T): Promise<T> => new Promise((resolve) => setTimeout(() => resolve(value), 1));
    const slow = { ...halfBlind, encode: (x: Float32Array) => later(halfBlind.encode(x)) };
    const events: string[] = [];
    const slowRows: Metric<number> = {
      id: "slow_rows",
      start: () => ({
        async update({ rows }) {
          events.push(`began ${rows[0]}`);
          await later(undefined);
          events.push(`ended ${rows[0]}`);
        },
        finish: () => events.push("finished"),
      }),
    };
    const { metrics } = await evaluateSae(slow, sourceOf(rows), { metrics: { mse: mse(), slowRows }, batchSize: 2 });
    expect(metrics.mse).toBeCloseTo(18 / 8, 14);
    expect(events).toEqual(["began 0", "ended 0", "began 2", "ended 2", "finished"]);
  });

  it("rejects with what an SAE or a metric rejects with, saying where in the data", async () => {
    const broken = { ...halfBlind, encode: () => Promise.reject<Latents>(new NonFiniteError("token row 1: bad")) };
    const evaluation = evaluateSae(broken, sourceOf(rows), { metrics: {} });
    await expect(evaluation).rejects.toThrow(NonFiniteError);
    await expect(evaluation).rejects.toThrow("begins at row 0 of the data: token row 1: bad");
    const failing: Metric<void> = {
      id: "failing",
      start: () => ({ update: () => Promise.reject(new Error("no")), finish: () => {} }),
    };
    await expect(evaluateSae(halfBlind, sourceOf(rows), { metrics: { failing } })).rejects.toThrow("no");
  });

  it("names both widths when SAE and data do not fit", async () => {
    const evaluation = evaluateSae(halfBlind, sourceOf([[1, 2, 3]]), { metrics: {} });
    await expect(evaluation).rejects.toThrow(UsageError);
    await expect(evaluation).rejects.toThrow(/d_in=2.*held-out\.safetensors.*width 3/);
  });

  it("refuses a target of another width", async () => {
    const source = sourceOf(rows);
    const paired = sourceOf(rows, {
      async *batches(options) {
        for await (const batch of source.batches(options)) yield { ...batch, target: new Float32Array(3 * batch.n) };
      },
    });
    const evaluation = evaluateSae(halfBlind, paired, { metrics: {} });
    await expect(evaluation).rejects.toThrow(UsageError);
    await expect(evaluation).rejects.toThrow("has 8 values to encode, but 12 to reconstruct");
  });

  it("refuses fewer than 2 tokens, also when the source promised more", async () => {
    for (const source of [sourceOf([]), sourceOf([[1, 2]]), sourceOf([[1, 2]], { tokens: 10 })]) {
      await expect(evaluateSae(halfBlind, source, { metrics: {} })).rejects.toThrow("FVU needs at least 2");
    }
  });

  it("refuses a batch size that is not a positive integer", async () => {
    for (const batchSize of [0, -1, 1.5, NaN]) {
      await expect(evaluateSae(halfBlind, sourceOf(rows), { metrics: {}, batchSize })).rejects.toThrow(UsageError);
    }
  });

  it("stops at a signal, before the first batch or between two", async () => {
    const reason = new Error("enough");
    const aborted = AbortSignal.abort(reason);
    await expect(evaluateSae(halfBlind, sourceOf(rows), { metrics: {}, signal: aborted })).rejects.toBe(reason);

    const controller = new AbortController();
    let batches = 0;
    const evaluation = evaluateSae(halfBlind, sourceOf(rows), {
      metrics: {},
      batchSize: 1,
      signal: controller.signal,
      onProgress: () => {
        if (++batches === 2) controller.abort(reason);
      },
    });
    await expect(evaluation).rejects.toBe(reason);
    expect(batches).toBe(2);
  });

  it("names the row of a reconstruction that is not finite", async () => {
    const broken = { ...halfBlind, decode: () => Float32Array.of(0, NaN) };
    await expect(evaluateSae(broken, sourceOf(rows), { metrics: { fvu: fvu() }, batchSize: 1 })).rejects.toThrow(
      NonFiniteError,
    );
  });
});
