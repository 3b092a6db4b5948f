/** Two sources as one of input/target pairs: what a transcoder reads, and what it has to reconstruct from it. */
import { UsageError } from "@qsae/runtime";
import type { Batch, BatchOptions, DataSource } from "./contracts/data-source.ts";

/**
 * A source whose batches have `x` from `inputs` and `target` from `targets`, row by row the same tokens. Both are read at
 * once, with the same options; no row is looked up, so they must hand out their rows in one order. File order always is;
 * shuffled passes of {@link arraySource} are among themselves, and those of files opened with one `shuffleBytes`, whatever
 * their formats and types.
 *
 * Its provenance is that of `inputs`, and that of `targets` with `target_` before every key. Closing it closes both.
 *
 * @throws UsageError if widths or numbers of tokens differ; when read, if the row numbers of a batch do
 * @example
 * const before = await openActivations("mlp-in.safetensors");
 * const after = await openActivations("mlp-out.safetensors");
 * const source = pairedSource(before, after);
 */
export function pairedSource(inputs: DataSource, targets: DataSource): DataSource {
  requireEqual("d_in", inputs.dIn, targets.dIn, "a transcoder's input and target have one width");
  requireEqual("tokens", inputs.tokens, targets.tokens, "they must be of the same tokens, row by row");
  return {
    dIn: inputs.dIn,
    tokens: inputs.tokens,
    provenance: {
      ...inputs.provenance,
      ...Object.fromEntries(Object.entries(targets.provenance).map(([key, value]) => [`target_${key}`, value])),
    },
    batches: (options) => pairs(inputs, targets, options),
    async close() {
      const closed = await Promise.allSettled([inputs.close(), targets.close()]);
      for (const each of closed) if (each.status === "rejected") throw each.reason;
    },
  };
}

async function* pairs(inputs: DataSource, targets: DataSource, options: BatchOptions): AsyncGenerator<Batch> {
  const from = inputs.batches(options)[Symbol.asyncIterator]();
  const to = targets.batches(options)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const [input, target] = await Promise.all([from.next(), to.next()]);
      if (input.done && target.done) return;
      if (input.done || target.done) {
        const [short, long] = input.done ? ["inputs", "targets"] : ["targets", "inputs"];
        throw new UsageError(`pairedSource: the ${short} end before the ${long}; they promised as many tokens`);
      }
      requireSameRows(input.value, target.value);
      yield { ...input.value, target: target.value.x };
    }
  } finally {
    await Promise.all([from.return?.(), to.return?.()]);
  }
}

function requireSameRows({ n, rows }: Batch, target: Batch): void {
  requireEqual("tokens in one batch", n, target.n, "two sources cut their passes alike");
  for (let i = 0; i < n; i++) {
    if (rows[i] === target.rows[i]) continue;
    throw new UsageError(
      `pairedSource: row ${rows[i]} of the inputs meets row ${target.rows[i]} of the targets (at ${i} of a batch); ` +
        "open both from the same row and with the same shuffleBytes, or both from memory",
    );
  }
}

function requireEqual(what: string, ofInputs: number, ofTargets: number, why: string): void {
  if (ofInputs === ofTargets) return;
  throw new UsageError(`pairedSource: ${what} is ${ofInputs} in the inputs, ${ofTargets} in the targets; ${why}`);
}
