/**
 * Latents as they are embedded in a page: a safetensors file, gzipped, as base64. Of the data's tokens only those are kept
 * that a context shows.
 */
import { encodeSafetensors, UsageError, type TensorToWrite } from "@qsae/runtime";
import { gzipSync } from "fflate";
import type { LatentContexts } from "../../latents/latent-contexts.ts";
import type { LatentRecords, LatentTable } from "../../latents/latent-table.ts";
import { rowsAround } from "./latent-data.ts";

type Tensors = Record<string, TensorToWrite>;

/** @throws UsageError if the parts of the table are not of one SAE and one data set */
export function packLatents(table: LatentTable): string {
  const { neighbours, reference } = table;
  const dSae = table.counts.length;
  checkTable(table, dSae);
  // contexts are shown beside each other or not at all
  const compared = table.contexts === undefined || reference?.contexts === undefined ? undefined : reference;
  const tensors: Tensors = {
    neighbours: { shape: [dSae, neighbours.perLatent], data: neighbours.latents },
    cosines: { shape: [dSae, neighbours.perLatent], data: neighbours.cosines, dtype: "F16" },
    ...firingTensors("own", table),
    ...(compared && firingTensors("reference", compared)),
    ...(table.contexts && textTensors([table, ...(compared ? [compared] : [])].map(({ contexts }) => contexts!))),
  };
  const bytes = encodeSafetensors(tensors, {
    own: metadataOf(table),
    ...(compared && { reference: metadataOf(compared, compared.name) }),
    ...(table.contexts && {
      text: JSON.stringify({
        rowsPerWindow: table.contexts.texts.rowsPerWindow,
        totalRows: table.contexts.texts.tokens.length,
      }),
    }),
  });
  return base64(gzipSync(bytes, { level: 9, mtime: 0 }));
}

function firingTensors(prefix: string, { counts, largest, contexts }: LatentRecords): Tensors {
  const vector = (data: Int32Array | Float32Array | Uint8Array): TensorToWrite => ({ shape: [data.length], data });
  return {
    [`${prefix}.counts`]: vector(Int32Array.from(counts)),
    [`${prefix}.largest`]: vector(Float32Array.from(largest)),
    ...(contexts && {
      [`${prefix}.offsets`]: vector(contexts.offsets),
      [`${prefix}.rows`]: vector(contexts.rows),
      [`${prefix}.values`]: vector(contexts.values),
      [`${prefix}.strengths`]: vector(contexts.strengths),
    }),
  };
}

function metadataOf({ tokens, contexts }: LatentRecords, name?: string): string {
  return JSON.stringify({ name, tokens, before: contexts?.before, after: contexts?.after });
}

/** Rows as steps from one to the next, most of which are 1. */
function textTensors(all: readonly LatentContexts[]): Tensors {
  const { texts } = all[0]!;
  const isShown = new Uint8Array(texts.tokens.length);
  for (const contexts of all) {
    const of = { rowsPerWindow: texts.rowsPerWindow, totalRows: texts.tokens.length };
    for (const row of contexts.rows) {
      const [first, last] = rowsAround(row, contexts, of);
      isShown.fill(1, first, last + 1);
    }
  }
  const shown = isShown.reduce((count, one) => count + one, 0);
  const steps = new Int32Array(shown);
  const tokens = new Int32Array(shown);
  const indexOf = new Map<number, number>(); // of the pieces that are shown
  for (let row = 0, at = 0, previous = 0; row < isShown.length; row++) {
    if (isShown[row] === 0) continue;
    const piece = texts.tokens[row]!;
    if (!indexOf.has(piece)) indexOf.set(piece, indexOf.size);
    tokens[at] = indexOf.get(piece)!;
    steps[at++] = row - previous;
    previous = row;
  }
  const pieces = new TextEncoder().encode(JSON.stringify([...indexOf.keys()].map((piece) => texts.pieces[piece])));
  return {
    "text.steps": { shape: [shown], data: steps },
    "text.tokens": { shape: [shown], data: tokens },
    "text.pieces": { shape: [pieces.length], data: pieces },
  };
}

function checkTable({ reference, neighbours, ...own }: LatentTable, dSae: number): void {
  const fail = (problem: string): never => {
    throw new UsageError(`renderReport: latents: ${problem}`);
  };
  const { perLatent, latents, cosines } = neighbours;
  if (latents.length !== dSae * perLatent || cosines.length !== latents.length) {
    fail(
      `${latents.length} neighbours and ${cosines.length} cosines; expected ${perLatent} for each of ${dSae} counts`,
    );
  }
  for (const { counts, largest, contexts } of reference === undefined ? [own] : [own, reference]) {
    if (counts.length !== dSae || largest.length !== dSae) {
      fail(`${counts.length} counts and ${largest.length} largest values for d_sae=${dSae}`);
    }
    if (contexts === undefined) continue;
    const { offsets, rows, values, strengths, before, after } = contexts;
    const fits =
      offsets.length === dSae + 1 &&
      offsets[dSae] === rows.length &&
      values.length === rows.length &&
      strengths.length === rows.length * (before + 1 + after);
    if (!fits) fail(`the arrays of contexts do not fit each other and d_sae=${dSae}`);
  }
  const [texts, others] = [own.contexts?.texts, reference?.contexts?.texts];
  if (texts === undefined || others === undefined) return;
  if (texts.rowsPerWindow !== others.rowsPerWindow || texts.tokens.length !== others.tokens.length) {
    fail(`the reference was evaluated on other tokens (${others.tokens.length} rows against ${texts.tokens.length})`);
  }
}

/** Not all of it at once: `String.fromCharCode` takes its bytes as arguments. */
function base64(bytes: Uint8Array): string {
  const PART = 0x6000; // whole groups of three bytes
  let text = "";
  for (let at = 0; at < bytes.length; at += PART) text += btoa(String.fromCharCode(...bytes.subarray(at, at + PART)));
  return text;
}
