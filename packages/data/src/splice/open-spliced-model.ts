/** core's `SplicedModel` over an ONNX language model, cut at a hook. */
import type { Splice, SplicedCrossEntropy, SplicedModel, SpliceOptions, TokenWindows } from "@qsae/core";
import { NonFiniteError, UsageError } from "@qsae/runtime";

import { batchSizeFor } from "../harvest/harvest-options.ts";
import { checkWindows } from "./check-windows.ts";
import { type CutSessions, openCutSessions } from "./cut-sessions.ts";
import { crossEntropySum, divergenceSum, predictionsOf } from "./next-token-loss.ts";
import { withoutFirst, withReplaced } from "./replaced-positions.ts";

export interface SplicedModelOptions {
  /** ONNX language model in one file: `input_ids` `[batch, tokens]` in, `logits` out; no key-value cache. */
  readonly modelPath: string;
  /** A layer number (the residual stream after that layer), an alias from `discoverHooks` (`blocks.1`), or a tensor's name. */
  readonly hook: string | number;
  /** Windows per run of the model. Default 8, or what the model is built for. */
  readonly batchSize?: number;
  /** Threads of the model. Default: the cores of the machine. */
  readonly threads?: number;
}

/**
 * Opens a language model so that its activations at a hook can be replaced. The clean losses are those of the whole model; the
 * spliced ones of the part behind the hook, which is given the replaced activations.
 *
 * @throws FormatError if the file is no ONNX language model; UsageError if an option is out of range, there is no such
 * tensor, it is not `[batch, tokens, d]`, or the predictions do not depend on it
 * @example
 * const model = await openSplicedModel({ modelPath: "examples/tiny-lm/model.onnx", hook: "blocks.1" });
 * const { clean, spliced } = await model.crossEntropy(windows, { zero: (x) => new Float32Array(x.length) });
 * await model.close();
 */
export async function openSplicedModel(options: SplicedModelOptions): Promise<SplicedModel> {
  const { modelPath, batchSize } = options;
  if (batchSize !== undefined && (!Number.isSafeInteger(batchSize) || batchSize < 1)) {
    throw new UsageError(`openSplicedModel: batchSize=${batchSize}; expected an integer of at least 1`);
  }
  const sessions = await openCutSessions(options);
  const { hook, dIn, vocabulary } = sessions;

  return { hook, dIn, vocabulary, activations, crossEntropy, close: () => sessions.close() };

  async function* activations(windows: TokenWindows, passOptions: SpliceOptions = {}): AsyncGenerator<Float32Array> {
    for await (const { x } of runs(sessions, options, windows, passOptions)) yield x;
  }

  async function crossEntropy<Name extends string>(
    windows: TokenWindows,
    splices: Readonly<Record<Name, Splice>>,
    passOptions: SpliceOptions = {},
  ): Promise<SplicedCrossEntropy<Name>> {
    const { context, count } = windows;
    const named = Object.entries<Splice>(splices);
    const sums = named.map(() => ({ crossEntropy: 0, kl: 0 }));
    let clean = 0;
    for await (const { ids, n, first, whole, x } of runs(sessions, options, windows, passOptions)) {
      const shape = { n, context, vocabulary };
      const cleanly = predictionsOf(whole.logits, shape, (w) => `${modelPath}: window ${first + w}`);
      clean += crossEntropySum(cleanly, ids);
      for (const [i, [name, splice]] of named.entries()) {
        const replacement = await splice(x, x.length / dIn); // [n * (context - 1), d_in]
        checkReplacement(replacement, x, (row) => `splice "${name}": ${position(row, first, context)}`, dIn);
        const spliced = withReplaced(whole.activations, replacement, context, dIn);
        const logits = await sessions.behind(ids, n, spliced);
        const predictions = predictionsOf(logits, shape, (w) => `${modelPath}, splice "${name}": window ${first + w}`);
        sums[i]!.crossEntropy += crossEntropySum(predictions, ids);
        sums[i]!.kl += divergenceSum(cleanly, predictions);
      }
    }
    const tokens = count * (context - 1);
    const means = named.map(([name], i) => [
      name,
      { crossEntropy: sums[i]!.crossEntropy / tokens, kl: sums[i]!.kl / tokens },
    ]);
    return {
      tokens,
      clean: clean / tokens,
      spliced: Object.fromEntries(means) as SplicedCrossEntropy<Name>["spliced"],
    };
  }
}

/** The model over all windows, some at a time. */
async function* runs(
  sessions: CutSessions,
  options: SplicedModelOptions,
  windows: TokenWindows,
  { onProgress, signal }: SpliceOptions,
) {
  const { modelPath: path, ...asked } = options;
  const { ids: all, count, context } = windows;
  const { dIn, vocabulary } = sessions;
  checkWindows(windows, { path, vocabulary });
  const batchSize = batchSizeFor(sessions, { ...asked, modelPath: path, contextLength: context });
  for (let first = 0; first < count; first += batchSize) {
    signal?.throwIfAborted();
    const n = Math.min(batchSize, count - first);
    const ids = all.subarray(first * context, (first + n) * context);
    const whole = await sessions.whole(ids, n);
    const x = withoutFirst(whole.activations.subarray(0, n * context * dIn), context, dIn);
    requireFinite(x, (row) => `${path}: tensor ${sessions.hook}: ${position(row, first, context)}`, dIn);
    yield { ids, n, first, whole, x };
    onProgress?.({ windows: first + n, totalWindows: count });
  }
  signal?.throwIfAborted();
}

function checkReplacement(
  replacement: Float32Array,
  x: Float32Array,
  where: (row: number) => string,
  dIn: number,
): void {
  if (replacement.length !== x.length) {
    throw new UsageError(
      `${where(0)}: ${replacement.length} values in the place of ${x.length} (rows of width ${dIn}); ` +
        "a splice returns as many as it is given",
    );
  }
  requireFinite(replacement, where, dIn);
}

function requireFinite(values: Float32Array, where: (row: number) => string, dIn: number): void {
  // True for NaN and both infinities alone.
  const bad = values.findIndex((value) => value - value !== 0);
  if (bad < 0) return;
  throw new NonFiniteError(
    `${where(Math.floor(bad / dIn))}, column ${bad % dIn} is ${values[bad]!}; activations must be finite`,
  );
}

/** Where a row of the replaced positions is. */
function position(row: number, firstWindow: number, context: number): string {
  return `window ${firstWindow + Math.floor(row / (context - 1))}, position ${1 + (row % (context - 1))}`;
}
