/** Latents that never fire taken out of the file: a byte each is left of their encoder row and atom. */
import { UsageError, type MixedMatrix, type PackedMatrix, type PackedSae, type PackedStage } from "@qsae/runtime";
import { assembleMixed, partsOf } from "@qsae/core";
import { keepRows } from "./keep-rows.ts";

/** The lowest finite float32: what a latent without an encoder row scores, whatever the input. */
const NEVER_FIRES = -(2 - 2 ** -23) * 2 ** 127;

/**
 * The same SAE without its dead latents. All latents keep their numbers; what others compute does not change.
 *
 * A dropped latent never fires: its encoder row is zero and its `b_enc` the lowest float32, so its score is never above 0
 * (sign, gate, top-k with ReLU) nor above any threshold. A top-k without ReLU takes negative scores too: its k is lowered
 * to the number of live latents where they are fewer.
 *
 * @param dead numbers of latents, stage after stage; stages without any stay as they are
 * @throws UsageError if a number is no latent of the SAE
 * @example
 * const smaller = dropDeadLatents(sae, [3, 17]);
 */
export function dropDeadLatents(sae: PackedSae, dead: Iterable<number>): PackedSae {
  const numbers = new Set(dead);
  const dSae = sae.stages.reduce((sum, stage) => sum + stage.dSae, 0);
  for (const j of numbers) {
    if (!Number.isInteger(j) || j < 0 || j >= dSae) {
      throw new UsageError(`dropDeadLatents: latent ${j} does not exist; this SAE has latents 0..${dSae - 1}`);
    }
  }
  let start = 0;
  const stages = sae.stages.map((stage) => {
    const own = new Set<number>();
    for (let j = 0; j < stage.dSae; j++) if (numbers.has(start + j)) own.add(j);
    start += stage.dSae;
    return own.size === 0 ? stage : withoutLatents(stage, own);
  });
  return { ...sae, stages };
}

function withoutLatents(stage: PackedStage, dead: ReadonlySet<number>): PackedStage {
  const bEnc = stage.bEnc.map((bias, j) => (dead.has(j) ? NEVER_FIRES : bias));
  const alive = bEnc.filter((bias) => bias !== NEVER_FIRES).length; // those dropped earlier do not count either
  return {
    ...stage,
    encoder: withoutRows(stage.encoder, dead),
    dictionary: withoutRows(stage.dictionary, dead),
    bEnc,
    selection: selectionOfLive(stage.selection, alive),
  };
}

function selectionOfLive(selection: PackedStage["selection"], alive: number): PackedStage["selection"] {
  if (selection.kind !== "topk" || selection.relu || selection.k <= alive) return selection;
  // Of no live latents none can be chosen, and the ReLU silences the others.
  return alive === 0 ? { ...selection, relu: true } : { ...selection, k: alive };
}

function withoutRows(matrix: PackedMatrix, dead: ReadonlySet<number>): MixedMatrix {
  const parts = partsOf(matrix).map(({ rowNumbers, matrix: part }) => {
    const kept = Array.from(rowNumbers, (row, i) => ({ row, i })).filter(({ row }) => !dead.has(row));
    return {
      rowNumbers: kept.map(({ row }) => row),
      matrix: keepRows(
        part,
        kept.map(({ i }) => i),
      ),
    };
  });
  return assembleMixed([matrix.rows, matrix.cols], parts);
}
