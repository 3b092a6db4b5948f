/** What a run measures of its data before the first step. */
import { UsageError } from "@qsae/runtime";
import type { DataSource } from "../../contracts/data-source.ts";
import type { TrainingConfig } from "../training-config.ts";
import { geometricMedian } from "./geometric-median.ts";

/** First tokens of the shuffled data that it is measured on. */
const TOKENS = 16_384;

export interface StartStatistics {
  /** Where b_dec starts, of what is reconstructed: `[d_in]`. */
  readonly center: Float32Array;
  /** Root of the mean squared distance from that center. */
  readonly deviation: number;
  /**
   * Factor that gives the activations a mean norm of sqrt(d_in), the one that a standard normal vector has to first order
   * (SAELens, `normalize_activations: "expected_average_only_in"`): losses and learning rates then mean the same on any
   * layer of any model. A float32 number, so that a checkpoint holds it exactly.
   */
  readonly inputScale: number;
}

/** Sums in float64. @throws UsageError if the data holds no tokens, or nothing but zeros where it is to be scaled */
export async function startStatistics(
  source: DataSource,
  { seed, b_dec_init, normalize_input }: Pick<TrainingConfig, "seed" | "b_dec_init" | "normalize_input">,
): Promise<StartStatistics> {
  const { dIn } = source;
  const sums = new Float64Array(dIn);
  const kept: Float32Array[] = [];
  let squares = 0;
  let norms = 0;
  let tokens = 0;
  for await (const { x, target = x, n } of source.batches({ batchSize: Math.min(1024, source.tokens), seed })) {
    for (let i = 0; i < n * dIn; i++) {
      sums[i % dIn]! += target[i]!;
      squares += target[i]! * target[i]!;
    }
    norms += sumOfNorms(x, n, dIn);
    if (b_dec_init === "geometric-median") kept.push(target.slice(0, n * dIn));
    tokens += n;
    if (tokens >= TOKENS) break;
  }
  if (tokens === 0) throw new UsageError("training: the data holds no tokens");
  if (norms === 0 && normalize_input === "expected-norm") {
    throw new UsageError("training: normalize_input=expected-norm needs activations that are not all 0; allowed: none");
  }
  const center = centers[b_dec_init](sums, tokens, kept);
  // mean of |t - c|^2 = mean |t|^2 - 2 c . mean t + |c|^2
  const distance = center.reduce((sum, c, j) => sum + c * (c - (2 * sums[j]!) / tokens), squares / tokens);
  return {
    center: Float32Array.from(center),
    deviation: Math.sqrt(Math.max(0, distance)),
    inputScale: Math.fround((Math.sqrt(dIn) * tokens) / norms),
  };
}

const centers: Readonly<
  Record<TrainingConfig["b_dec_init"], (sums: Float64Array, tokens: number, kept: Float32Array[]) => Float64Array>
> = {
  mean: (sums, tokens) => sums.map((sum) => sum / tokens),
  "geometric-median": (sums, _tokens, kept) => geometricMedian(joined(kept), sums.length),
  zeros: (sums) => new Float64Array(sums.length),
};

function sumOfNorms(x: Float32Array, n: number, dIn: number): number {
  let norms = 0;
  for (let i = 0; i < n; i++) {
    let square = 0;
    for (let j = i * dIn; j < (i + 1) * dIn; j++) square += x[j]! * x[j]!;
    norms += Math.sqrt(square);
  }
  return norms;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
