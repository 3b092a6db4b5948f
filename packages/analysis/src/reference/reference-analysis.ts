/** What became of a reference SAE, say the float one, in another form of it. */
import type { CosinesBetween } from "../cosine/cosines-between.ts";
import type { SupportOverlapResult } from "../sparsity/support-overlap-with.ts";
import type { PredictedFvuIncrease } from "../weights/predicted-fvu.ts";
import type { MatrixErrors } from "../weights/weight-errors.ts";

export interface ReferenceAnalysis {
  /** Of the reference, for people. */
  readonly name: string;
  /** The atoms as they act: a of the SAE, b of the reference. */
  readonly cosines: CosinesBetween;
  /**
   * Squared distance between the two reconstructions over the variance of what was to be reconstructed: FVU of the one as a
   * reconstruction of the other, in the units of FVU.
   */
  readonly outputError: number;
  /** Absent, as what follows, where the latents are not those of the reference. */
  readonly support?: SupportOverlapResult;
  readonly fvuIncrease?: { readonly measured: number; readonly predicted: PredictedFvuIncrease };
  /** Absent where the weights do not compare. */
  readonly weights?: readonly MatrixErrors[];
}
