/**
 * Scales per group of weights and per tensor, for any quantizer that has them per row: it is given the matrix as rows of one
 * group each, or as one row, and what it returns is put back in shape.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Grid, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import type { ScalePer } from "./scale-options.ts";

/**
 * The quantizer with scales shared as `per` says; `atom` is the quantizer itself. The choice is stored as its option `per`.
 *
 * @throws UsageError if `per` is no way to share scales, or the quantizer shares its scales already; when it calibrates, if
 *   d_in is no multiple of the group
 * @example
 * const quantizer = shareScale(myQuantizer(), 64); // a scale per 64 neighbouring weights of an atom
 */
export function shareScale(quantizer: Quantizer, per: ScalePer = "atom"): Quantizer {
  const { id, options } = quantizer;
  if (per !== "atom" && per !== "tensor" && !(Number.isInteger(per) && per >= 2)) {
    throw new UsageError(
      `quantizer ${id}: per=${JSON.stringify(per)} is not allowed; use "atom", "tensor" or the weights of a group, an integer of at least 2`,
    );
  }
  if (per === "atom") return quantizer;
  if (options["per"] !== undefined) {
    throw new UsageError(`quantizer ${id}: its scales are per ${options["per"]} already; they cannot be shared again`);
  }
  return defineQuantizer({
    ...quantizer,
    options: { ...options, per },
    calibrate: (ops, w) => {
      const view = viewOf(id, w, per);
      const viewed = view.inward(ops, w);
      const grid = quantizer.calibrate(ops, viewed);
      requireScalePerRow(id, grid.scale, viewed);
      return mapGrid(grid, (a) => view.outward(ops, a));
    },
    encode: (ops, w, grid) => {
      const view = viewOf(id, w, per);
      const codes = quantizer.encode(
        ops,
        view.inward(ops, w),
        mapGrid(grid, (a) => view.gridInward(ops, a)),
      );
      return ops.reshape(codes, [...codes.shape.slice(0, -2), ...w.shape]);
    },
    ...(quantizer.backward && {
      backward: (ops, dy, w, grid) => {
        const view = viewOf(id, w, per);
        const inner = mapGrid(grid, (a) => view.gridInward(ops, a));
        const { w: dw, ...rest } = quantizer.backward!(ops, view.inward(ops, dy), view.inward(ops, w), inner);
        return { ...mapGrid(rest as Partial<Grid>, (a) => view.outward(ops, a)), w: ops.reshape(dw, w.shape) };
      },
    }),
  });
}

interface View {
  /** `[d_sae, d_in]` to one row per scale. */
  inward(ops: TensorOps, w: Tensor): Tensor;
  /** Grid tensors `[..., scales, n]`, `...` being planes, to `[..., d_sae, groups * n]`, and back. One row stays. */
  outward(ops: TensorOps, a: Tensor): Tensor;
  gridInward(ops: TensorOps, a: Tensor): Tensor;
}

function viewOf(id: string, w: Tensor, per: "tensor" | number): View {
  const [rows, cols] = w.shape as [number, number];
  if (per === "tensor") {
    return { inward: (ops, a) => ops.reshape(a, [1, rows * cols]), outward: (_, a) => a, gridInward: (_, a) => a };
  }
  if (cols % per !== 0) {
    throw new UsageError(
      `quantizer ${id}: rows of ${cols} weights cannot be split into groups of ${per}; use a group size that divides ${cols}`,
    );
  }
  const scales = (rows * cols) / per;
  const withRows = (ops: TensorOps, a: Tensor, count: number): Tensor =>
    ops.reshape(a, [...a.shape.slice(0, -2), count, (a.shape.at(-2)! * a.shape.at(-1)!) / count]);
  return {
    inward: (ops, a) => ops.reshape(a, [scales, per]),
    outward: (ops, a) => withRows(ops, a, rows),
    gridInward: (ops, a) => withRows(ops, a, scales),
  };
}

function requireScalePerRow(id: string, { shape }: Tensor, { shape: [rows] }: Tensor): void {
  if (shape.at(-2) === rows && shape.at(-1) === 1) return;
  throw new UsageError(
    `quantizer ${id}: its scale of ${rows} rows is [${shape.join(", ")}]; only a scale per row can be shared otherwise`,
  );
}

function mapGrid<G extends Partial<Grid>>(grid: G, f: (a: Tensor) => Tensor): G {
  return Object.fromEntries(Object.entries<Tensor>(grid as Grid).map(([name, a]) => [name, f(a)])) as unknown as G;
}
