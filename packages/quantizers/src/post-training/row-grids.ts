/** Grids for rows that may have different quantizers, each calibrated on all rows of a quantizer at once. */
import type { Grid, Quantizer, TensorOps } from "@qsae/core";
import { calibratedGrids, type RowGrids } from "./round-row.ts";
import { membersOf } from "./row-quantizers.ts";

export interface RowGrid {
  readonly shared: boolean;
  readonly fixed: boolean;
  readonly of: () => Grid;
}

/** The grids of quantizers whose way is one scale for all their rows; those of w `[d_sae, d_in]`. */
export function sharedGrids(
  ops: TensorOps,
  quantizers: readonly (Quantizer | undefined)[],
  w: Float32Array,
  dIn: number,
): Map<Quantizer, RowGrids> {
  const shared = new Map<Quantizer, RowGrids>();
  for (const [quantizer, members] of membersOf(quantizers)) {
    const ofRows = (rows: readonly number[]): RowGrids =>
      calibratedGrids(ops, quantizer, rowsAt(w, rows, dIn), rows.length);
    const ofTwo = ofRows(members.slice(0, 2)); // enough to tell
    ofTwo.dispose();
    if (ofTwo.shared) shared.set(quantizer, ofRows(members));
  }
  return shared;
}

/** The grid of each of some rows: a shared one where its quantizer has that. */
export function sliceGrids(
  ops: TensorOps,
  quantizers: readonly (Quantizer | undefined)[],
  wanted: Float64Array,
  dIn: number,
  shared: ReadonlyMap<Quantizer, RowGrids>,
): { readonly of: (at: number) => RowGrid; readonly dispose: () => void } {
  const own: RowGrids[] = [];
  const ofRow = new Map<number, RowGrid>();
  for (const [quantizer, members] of membersOf(quantizers)) {
    const common = shared.get(quantizer);
    const grids = common ?? calibratedGrids(ops, quantizer, rowsAt(wanted, members, dIn), members.length);
    if (!common) own.push(grids);
    for (const [at, m] of members.entries()) {
      const { fixed } = grids;
      ofRow.set(m, { shared: common !== undefined, fixed, of: () => grids.of(common ? 0 : at) });
    }
  }
  return {
    of: (at) => ofRow.get(at)!,
    dispose: () => {
      for (const grids of own) grids.dispose();
    },
  };
}

function rowsAt(rows: Float32Array | Float64Array, members: readonly number[], dIn: number): Float32Array {
  const out = new Float32Array(members.length * dIn);
  for (const [at, m] of members.entries()) out.set(rows.subarray(m * dIn, (m + 1) * dIn), at * dIn);
  return out;
}
