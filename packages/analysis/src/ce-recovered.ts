/**
 * What a language model loses when its activations at a hook are replaced by an SAE's reconstructions:
 *
 *     CE recovered = (CE_ablated - CE_spliced) / (CE_ablated - CE_clean)
 *
 * 1 where the reconstruction does as well as the activations, 0 where it does no better than an ablation, which puts one vector
 * (zero, or the mean activation) everywhere. Figures with different ablations do not compare. Beside
 * it KL(clean || spliced), which also counts what the true token does not show.
 */
import type { Splice, SplicedModel, TokenWindows } from "@qsae/core";
import { QsaeError, UsageError, type Sae } from "@qsae/runtime";

export interface CeRecoveredOptions {
  /** What takes the activations' place in the model to compare with. Default `mean`. */
  readonly ablation?: "mean" | "zero";
  /**
   * `[d_in]`: the mean of mean ablation, for instance of the training data. Default: that of the replaced positions of these
   * windows, which takes one more pass of the model.
   */
  readonly mean?: ArrayLike<number>;
  /** Called after every run of the model. A pass for the mean counts as the others. */
  readonly onProgress?: (progress: { readonly windows: number; readonly totalWindows: number }) => void;
  /** Stops before the next run; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** All losses in nats per predicted token. */
export interface CeRecovered {
  /** Of the model as it is. */
  readonly ce_clean: number;
  /** With the SAE's reconstructions in the activations' place. */
  readonly ce_spliced: number;
  readonly ce_ablated: number;
  readonly ablation: "mean" | "zero";
  readonly ce_recovered: number;
  /** KL(clean || spliced) */
  readonly kl_spliced: number;
  /** KL(clean || ablated) */
  readonly kl_ablated: number;
  /** Predicted: `windows * (window_length - 1)`. The first position of a window is kept clean and predicts all the same. */
  readonly tokens: number;
  readonly windows: number;
  readonly window_length: number;
}

/** What can be put in the place of activations. */
export type SplicedSae = Pick<Sae, "dIn" | "encode" | "decode">;

/**
 * Measures `sae` in the place of the model's activations, all losses on the same windows.
 *
 * @throws UsageError if the widths of SAE and hook differ, or windows are too short for a replaced position to predict;
 * QsaeError if the ablation does not raise the loss, so that there is nothing to recover; NonFiniteError as the model's
 * @example
 * const model = await openSplicedModel({ modelPath: "model.onnx", hook: "blocks.1" });
 * const { ce_recovered, kl_spliced } = await ceRecovered(model, loadSae(bytes), windows, { ablation: "mean" });
 */
export async function ceRecovered(
  model: SplicedModel,
  sae: SplicedSae,
  windows: TokenWindows,
  options: CeRecoveredOptions = {},
): Promise<CeRecovered> {
  const [recovered] = await ceRecoveredByEach(model, [sae], windows, options);
  return recovered!;
}

/**
 * {@link ceRecovered} of several SAEs in one pass of the model: what is before the hook, the clean run and the ablated one are
 * shared. Throws as it does.
 *
 * @returns one entry per SAE, in order
 * @example
 * const [float, ternary] = await ceRecoveredByEach(model, [loadSae(floatBytes), loadSae(ternaryBytes)], windows);
 */
export async function ceRecoveredByEach(
  model: SplicedModel,
  saes: readonly SplicedSae[],
  windows: TokenWindows,
  { ablation = "mean", mean, onProgress, signal }: CeRecoveredOptions = {},
): Promise<readonly CeRecovered[]> {
  for (const sae of saes) checkFit(model, sae, windows);
  checkAblation(model, ablation, mean);
  const passes = ablation === "mean" && mean === undefined ? 2 : 1;
  const passOptions = (pass: number) => ({
    ...(signal && { signal }),
    ...(onProgress && {
      onProgress: ({ windows: done }: { readonly windows: number }) =>
        onProgress({ windows: pass * windows.count + done, totalWindows: passes * windows.count }),
    }),
  });

  const vector =
    ablation === "zero"
      ? new Float32Array(model.dIn)
      : mean === undefined
        ? await meanActivation(model, windows, passOptions(0))
        : Float32Array.from(mean); // [d_in]

  const splices = saes.map((sae, i): [`sae${number}`, Splice] => [`sae${i}`, (x) => sae.decode(sae.encode(x), { x })]);
  const { clean, spliced, tokens } = await model.crossEntropy<"ablated" | `sae${number}`>(
    windows,
    { ...Object.fromEntries(splices), ablated: (_, n) => repeated(vector, n) },
    passOptions(passes - 1),
  );
  const ablated = spliced.ablated.crossEntropy;
  const denominator = harm(model, clean, ablated, ablation);
  return splices.map(([name]) => ({
    ce_clean: clean,
    ce_spliced: spliced[name]!.crossEntropy,
    ce_ablated: ablated,
    ablation,
    ce_recovered: (ablated - spliced[name]!.crossEntropy) / denominator,
    kl_spliced: spliced[name]!.kl,
    kl_ablated: spliced.ablated.kl,
    tokens,
    windows: windows.count,
    window_length: windows.context,
  }));
}

function checkFit({ hook, dIn }: SplicedModel, sae: Pick<SplicedSae, "dIn">, { count, context }: TokenWindows): void {
  if (sae.dIn !== dIn) {
    throw new UsageError(
      `ceRecovered: the SAE reads activations of width d_in=${sae.dIn}, but those at ${hook} have width ${dIn}; ` +
        "choose the hook that the SAE was trained on",
    );
  }
  if (count < 1 || context < 3) {
    throw new UsageError(
      `ceRecovered: ${count} windows of ${context} tokens; at least 1 of 3 tokens is needed: one that is kept clean, one that ` +
        "is replaced, one that it predicts",
    );
  }
}

function checkAblation({ dIn }: SplicedModel, ablation: string, mean: ArrayLike<number> | undefined): void {
  if (ablation !== "mean" && ablation !== "zero") {
    throw new UsageError(`ceRecovered: unknown ablation "${ablation}"; allowed: mean, zero`);
  }
  if (mean === undefined) return;
  if (ablation === "zero")
    throw new UsageError("ceRecovered: a mean is given, but the ablation is zero; leave one out");
  if (mean.length !== dIn || !Array.from(mean).every(Number.isFinite)) {
    throw new UsageError(
      `ceRecovered: the mean has ${mean.length} values; expected ${dIn}, the width of the activations, all finite`,
    );
  }
}

/** Over the replaced positions of all windows, summed in float64: `[d_in]`. */
async function meanActivation(
  model: SplicedModel,
  windows: TokenWindows,
  options: Parameters<SplicedModel["activations"]>[1],
): Promise<Float32Array> {
  const sums = new Float64Array(model.dIn);
  let n = 0;
  for await (const x of model.activations(windows, options)) {
    for (let at = 0; at < x.length; n++) for (let c = 0; c < model.dIn; c++) sums[c]! += x[at++]!;
  }
  return Float32Array.from(sums, (sum) => sum / n);
}

/** `[n, d]`, every row the same */
function repeated(row: Float32Array, n: number): Float32Array {
  const rows = new Float32Array(n * row.length);
  for (let i = 0; i < n; i++) rows.set(row, i * row.length);
  return rows;
}

/** Two runs of a model on the same activations differ by less, in nats per token; what is below says nothing. */
const ROUNDING = 1e-5;

/** The denominator, checked. */
function harm({ hook }: SplicedModel, clean: number, ablated: number, ablation: string): number {
  if (ablated - clean > ROUNDING) return ablated - clean;
  throw new QsaeError(
    `ceRecovered: ${ablation} ablation at ${hook} takes the cross-entropy from ${clean.toFixed(6)} to ${ablated.toFixed(6)} nats ` +
      "per token, which is no harm, so there is nothing to recover; use more text of the kind the model was trained on, the " +
      "other ablation, or another hook",
  );
}
