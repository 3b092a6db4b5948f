/** Latent tables for tests, from words and what fires on them. */
import { latentContexts } from "../../latents/latent-contexts.ts";
import { largestValues } from "../../latents/largest-values.ts";
import type { LatentRecords, LatentTable } from "../../latents/latent-table.ts";
import { measure } from "../../metrics/batches.fixture.ts";

export interface FiringText {
  /** One token per row. */
  readonly words: readonly string[];
  readonly rowsPerWindow?: number;
  /** Latents that fire on each row, with their values. */
  readonly firings: readonly Readonly<Record<number, number>>[];
  readonly dSae: number;
  readonly before?: number;
  readonly after?: number;
  readonly perLatent?: number;
}

export function latentRecords({
  words,
  rowsPerWindow = words.length,
  firings,
  dSae,
  ...options
}: FiringText): LatentRecords {
  const pieces = [...new Set(words)];
  const texts = { pieces, tokens: Int32Array.from(words, (word) => pieces.indexOf(word)), rowsPerWindow };
  const tokens = firings.map((latents) => ({ x: [0], latents }));
  const counts = new Float64Array(dSae);
  for (const latents of firings) for (const latent of Object.keys(latents)) counts[Number(latent)]! += 1;
  return {
    tokens: firings.length,
    counts,
    largest: measure(largestValues(), tokens, [], dSae),
    contexts: measure(latentContexts({ texts, ...options }), tokens, [], dSae),
  };
}

/** The neighbours of each latent are the two after it. */
export function latentTable(text: FiringText): LatentTable {
  const { dSae } = text;
  return {
    ...latentRecords(text),
    neighbours: {
      perLatent: 2,
      latents: Int32Array.from({ length: 2 * dSae }, (_, at) => (Math.floor(at / 2) + 1 + (at % 2)) % dSae),
      cosines: Float32Array.from({ length: 2 * dSae }, (_, at) => (at % 2 === 0 ? 0.875 : 0.25)),
    },
  };
}

/** Two windows: "the dog ran to", "the Cat sat by". Latents: 0 dog, 1 cat and a little on the, 2 dead, 3 everything. */
export const smallText: FiringText = {
  words: [" the", " dog", " ran", " to", " the", " Cat", " sat", " by"],
  rowsPerWindow: 4,
  firings: [{ 3: 1 }, { 0: 2, 3: 1 }, { 3: 1 }, { 3: 1 }, { 1: 1, 3: 1 }, { 1: 4, 3: 1 }, { 3: 1 }, { 3: 2 }],
  dSae: 4,
  before: 1,
  after: 1,
  perLatent: 2,
};
