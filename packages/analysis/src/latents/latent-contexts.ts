/**
 * Where each latent fires strongest, with the tokens around: what people look at to name a latent.
 *
 * The context of a token is the `before` tokens before it and the `after` ones after it, as far as its window of text goes.
 * Contexts of one latent share no token: of two that would, the stronger is kept (of equally strong ones the earlier).
 *
 * Contexts lie within a window, so the firings of one window are enough to choose its candidates. They are held until the
 * window is complete, which in file order is one window at a time.
 */
import { UsageError } from "@qsae/runtime";
import type { Metric, TokenTexts } from "@qsae/core";
import { openWindows } from "./open-windows.ts";
import { strongestContexts, type StrongestContexts } from "./strongest-contexts.ts";
import { windowCandidates } from "./window-candidates.ts";

/** In compressed-row form: latent j owns contexts `offsets[j] .. offsets[j + 1]`, the strongest first. */
export interface LatentContexts {
  readonly texts: TokenTexts;
  /** Tokens shown before and after the one on which the latent fires strongest; fewer at the ends of a window. */
  readonly before: number;
  readonly after: number;
  /** `[d_sae + 1]` */
  readonly offsets: Int32Array;
  /** `[contexts]` row of the token on which the latent fires strongest. */
  readonly rows: Int32Array;
  /** `[contexts]` the latent's value there. */
  readonly values: Float32Array;
  /**
   * `[contexts, before + 1 + after]` the latent's value on each token of the context, in 255ths of its largest value, at least 1
   * where it fires; 0 where it does not fire or was not evaluated, and beyond the ends of a window.
   */
  readonly strengths: Uint8Array;
}

export interface LatentContextsOptions {
  /** Tokens of the data that is evaluated, by its row numbers. */
  readonly texts: TokenTexts;
  /** Contexts kept per latent. Default 5. */
  readonly perLatent?: number;
  /** Tokens before the strongest one. Default 10. */
  readonly before?: number;
  /** Tokens after it. Default 6. */
  readonly after?: number;
  /**
   * Firings held of windows that are not complete, 12 bytes each. Default 2^24: a window of half a million tokens of 32
   * latents. Beyond it, a context of the window held longest ends where memory did.
   */
  readonly maxFirings?: number;
}

/** Values that are kept of all contexts, 4 bytes each: 32768 latents with 5 contexts of 17 tokens are 2.8 million. */
const MOST_VALUES = 2 ** 28;

/**
 * The contexts metric: memory `4 d_sae perLatent (before + 1 + after)` bytes, and those of `maxFirings`. Results depend neither
 * on the order of tokens nor on the batches, as long as the firings of incomplete windows are no more than `maxFirings`.
 *
 * Errors on use: `UsageError` for a row that `texts` does not have, and for more contexts than memory should hold.
 *
 * @throws UsageError for options out of range, and texts that do not fit together
 * @example
 * const texts = await readTokenTexts("heldout.safetensors", "examples/tiny-lm");
 * const { metrics } = await evaluateSae(sae, heldOut, { metrics: { contexts: latentContexts({ texts }) } });
 */
export function latentContexts({
  texts,
  perLatent = 5,
  before = 10,
  after = 6,
  maxFirings = 2 ** 24,
}: LatentContextsOptions): Metric<LatentContexts> {
  for (const [name, value, least] of [
    ["perLatent", perLatent, 1],
    ["before", before, 0],
    ["after", after, 0],
    ["maxFirings", maxFirings, 1],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new UsageError(`latentContexts: ${name}=${value}; expected an integer of at least ${least}`);
    }
  }
  checkTexts(texts);
  return {
    id: "latent_contexts",
    start({ dSae }) {
      const values = dSae * perLatent * (before + 1 + after);
      if (values > MOST_VALUES) {
        throw new UsageError(
          `latentContexts: ${perLatent} contexts of ${before + 1 + after} tokens for each of d_sae=${dSae} latents are ` +
            `${values} values; at most ${MOST_VALUES} are kept; lower perLatent, before or after`,
        );
      }
      const strongest = strongestContexts(dSae, { perLatent, before, after, rowsPerWindow: texts.rowsPerWindow });
      const windows = openWindows(texts, maxFirings, windowCandidates(dSae, perLatent, before, after, strongest));
      return {
        update({ n, rows, latents }) {
          for (let i = 0; i < n; i++) {
            windows.add(rows[i]!, latents.indices, latents.values, latents.offsets[i]!, latents.offsets[i + 1]!);
          }
        },
        finish() {
          windows.closeAll();
          return { texts, before, after, ...inRows(strongest, dSae) };
        },
      };
    },
  };
}

function checkTexts({ pieces, tokens, rowsPerWindow }: TokenTexts): void {
  if (!Number.isSafeInteger(rowsPerWindow) || rowsPerWindow < 1) {
    throw new UsageError(`latentContexts: texts.rowsPerWindow=${rowsPerWindow} is not a positive integer`);
  }
  const row = tokens.findIndex((token) => pieces[token] === undefined);
  if (row < 0) return;
  throw new UsageError(
    `latentContexts: texts.tokens[${row}]=${tokens[row]} is none of the ${pieces.length} pieces; give an index of one`,
  );
}

function inRows(
  strongest: StrongestContexts,
  dSae: number,
): Pick<LatentContexts, "offsets" | "rows" | "values" | "strengths"> {
  const offsets = new Int32Array(dSae + 1);
  const contexts = Array.from({ length: dSae }, (_, latent) => strongest.of(latent));
  contexts.forEach((list, latent) => (offsets[latent + 1] = offsets[latent]! + list.length));
  const all = contexts.flat();
  const width = all[0]?.values.length ?? 0;
  const strengths = new Uint8Array(all.length * width);
  contexts.forEach((list, latent) =>
    list.forEach(({ values }, rank) => {
      const start = (offsets[latent]! + rank) * width;
      values.forEach((value, at) => (strengths[start + at] = strengthOf(value, list[0]!.value)));
    }),
  );
  return {
    offsets,
    rows: Int32Array.from(all, ({ row }) => row),
    values: Float32Array.from(all, ({ value }) => value),
    strengths,
  };
}

function strengthOf(value: number, largest: number): number {
  return value === 0 ? 0 : Math.min(255, Math.max(1, Math.round((255 * value) / largest)));
}
