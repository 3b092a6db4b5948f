/** Rows that become known block by block, kept on a backend, and what later rows ask of them: products of matrices. */
import type { Tensor, TensorOps } from "@qsae/core";

export interface KnownRows {
  /** Those after the ones that are known: `[count, cols]`. */
  add(rows: Float64Array): void;
  /** `sum over the known rows i of shareOf(i, m) row_i` for m of 0 .. count: `[count, cols]`, in float32. */
  askedOf(count: number, shareOf: (i: number, m: number) => number): Promise<ArrayLike<number>>;
  dispose(): void;
}

export function knownRows(ops: TensorOps, cols: number): KnownRows {
  const blocks: { readonly first: number; readonly count: number; readonly rows: Tensor }[] = [];
  let known = 0;
  return {
    add: (rows) => {
      const count = rows.length / cols;
      blocks.push({ first: known, count, rows: ops.tensor(Float32Array.from(rows), [count, cols]) });
      known += count;
    },
    askedOf: async (count, shareOf) => {
      const asked = ops.tidy(() =>
        blocks.reduce(
          (sum, block) => {
            const shares = Float32Array.from({ length: count * block.count }, (_, at) =>
              shareOf(block.first + (at % block.count), Math.floor(at / block.count)),
            );
            return ops.add(sum, ops.matMul(ops.tensor(shares, [count, block.count]), block.rows));
          },
          ops.zeros([count, cols]),
        ),
      );
      const { data } = await ops.read(asked);
      ops.dispose(asked);
      return data;
    },
    dispose: () => ops.dispose(blocks.map(({ rows }) => rows)),
  };
}
