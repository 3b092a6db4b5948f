/**
 * The tokens at the rows of an activation file as people read them, and where one stretch of text ends.
 *
 * Of windows [n, c] of which the first d positions were left out, row r is position d + r % (c - d) of window
 * floor(r / (c - d)). `harvest` writes d down; for other files it is found by comparing.
 */
import { join } from "node:path";

import type { TokenTexts, TokenWindows } from "@qsae/core";
import { FormatError, UsageError } from "@qsae/runtime";

import { fileSha256 } from "../files/sha256.ts";
import type { TextTokenizer } from "../harvest/parse-tokenizer.ts";
import { loadTokenizer } from "../harvest/tokenizer.ts";
import { safetensorsHeaderOf } from "../safetensors/safetensors-header-of.ts";
import { readTokenIds } from "./read-token-ids.ts";
import { readTokenWindows } from "./read-token-windows.ts";

/** Left-out positions tried on a file that does not tell; each costs one comparison with all rows at most. */
const MOST_DROPPED_TRIED = 64;

/** UTF-16 units of a piece that are kept. The longest of real vocabularies are 128 spaces or dashes. */
const MOST_PIECE_UNITS = 128;

/**
 * The tokens of an activation file (`tokens` and, where there are, `windows`, as `harvest` writes them). Without windows the
 * file is one stretch of text.
 *
 * @param tokenizerFolder with the `tokenizer.json` of the model, to show tokens as text, each decoded on its own. Without it,
 * and for ids that it does not know, a token is shown as `#1234`.
 * @returns undefined where the file has no tokens (`.npy` never has)
 * @throws FormatError if a file is missing or damaged, or the windows do not fit the tokens; UsageError if the file says that
 * its tokens come from another tokenizer
 * @example
 * const texts = await readTokenTexts("heldout.safetensors", "examples/tiny-lm");
 * texts?.pieces[texts.tokens[7]!]; // the token at row 7
 */
export async function readTokenTexts(path: string, tokenizerFolder?: string): Promise<TokenTexts | undefined> {
  const ids = await readTokenIds(path);
  if (ids === undefined) return undefined;
  if (ids.length === 0) throw new FormatError(path, 'tensor "tokens" is empty; expected one integer per row');
  const { metadata } = await safetensorsHeaderOf(path, "activations with their tokens (.safetensors)");
  const windows = await readTokenWindows(path);
  const rowsPerWindow =
    windows === undefined ? ids.length : windows.context - droppedOf(path, ids, windows, metadata["drop_first"]);
  if (tokenizerFolder !== undefined) await requireSameTokenizer(path, metadata["tokenizer_sha256"], tokenizerFolder);
  const pieceOf = tokenizerFolder === undefined ? numbered : await pieces(tokenizerFolder);
  return { ...distinct(ids, pieceOf), rowsPerWindow };
}

/** Positions left out at the start of each window. */
function droppedOf(path: string, ids: Int32Array, windows: TokenWindows, stated: string | undefined): number {
  const { count, context } = windows;
  const fail = (problem: string): never => {
    throw new FormatError(path, `${ids.length} tokens, but windows [${count}, ${context}]: ${problem}`);
  };
  if (stated !== undefined) {
    const dropped = /^\d{1,9}$/.test(stated) ? Number(stated) : NaN;
    if (!(dropped < context)) fail(`drop_first=${JSON.stringify(stated)} in its metadata; allowed: 0..${context - 1}`);
    if (!isDropped(dropped, ids, windows)) {
      fail(`with the first ${dropped} of every window left out, as its metadata says, these are not its tokens`);
    }
    return dropped;
  }
  // Every window has a row, the last one perhaps fewer than the others.
  const mostKept = count === 1 ? context : Math.ceil(ids.length / (count - 1)) - 1;
  const first = Math.max(0, context - mostKept);
  const last = Math.min(context - Math.ceil(ids.length / count), first + MOST_DROPPED_TRIED - 1);
  for (let dropped = first; dropped <= last; dropped++) if (isDropped(dropped, ids, windows)) return dropped;
  return fail("the tokens are not those of the windows, whatever is left out at the start of each");
}

function isDropped(dropped: number, ids: Int32Array, { ids: windowIds, count, context }: TokenWindows): boolean {
  const kept = context - dropped;
  if (Math.ceil(ids.length / kept) !== count) return false;
  for (let window = 0, row = 0; window < count; window++) {
    const end = Math.min(row + kept, ids.length);
    for (let at = window * context + dropped; row < end; at++, row++) if (ids[row] !== windowIds[at]) return false;
  }
  return true;
}

async function requireSameTokenizer(path: string, stated: string | undefined, folder: string): Promise<void> {
  const file = join(folder, "tokenizer.json");
  if (stated === undefined || stated === (await fileSha256(file))) return;
  throw new UsageError(
    `${path}: its tokens were not made with ${file} (tokenizer_sha256 differs); give the folder of the model that the ` +
      "activations come from, or none",
  );
}

function distinct(ids: Int32Array, pieceOf: (id: number) => string): Pick<TokenTexts, "pieces" | "tokens"> {
  const indexOfId = new Map<number, number>();
  const indexOfPiece = new Map<string, number>();
  const indexOf = (id: number): number => {
    const piece = pieceOf(id);
    const index = indexOfPiece.get(piece) ?? indexOfPiece.size;
    indexOfPiece.set(piece, index);
    indexOfId.set(id, index);
    return index;
  };
  const tokens = ids.map((id) => indexOfId.get(id) ?? indexOf(id));
  return { pieces: [...indexOfPiece.keys()], tokens };
}

const numbered = (id: number): string => `#${id}`;

/**
 * Texts of single tokens. Decoders drop the space before the first token of a text, so that a token is decoded after another
 * one where there is one that stays as it is.
 */
async function pieces(folder: string): Promise<(id: number) => string> {
  const tokenizer = await loadTokenizer(folder);
  const known = (id: number): boolean => tokenizer.id_to_token(id) !== undefined;
  const decode = (ids: number[]): string => decoded(tokenizer, ids, folder);
  let before = 0;
  while (known(before) && !/^[A-Za-z0-9]$/.test(decode([before]))) before++;
  const start = known(before) ? decode([before]) : "";
  return (id) => {
    if (!known(id)) return numbered(id);
    const after = start === "" ? "" : decode([before, id]);
    const text = after.startsWith(start) ? after.slice(start.length) : decode([id]);
    return clipped(text) || numbered(id);
  };
}

function decoded(tokenizer: TextTokenizer, ids: number[], folder: string): string {
  try {
    return tokenizer.decode(ids, { clean_up_tokenization_spaces: false });
  } catch (error) {
    throw new FormatError(
      join(folder, "tokenizer.json"),
      `fails to decode token ${ids.at(-1)}: ${(error as Error).message}`,
    );
  }
}

function clipped(piece: string): string {
  return piece.length <= MOST_PIECE_UNITS ? piece : `${piece.slice(0, MOST_PIECE_UNITS - 1)}…`;
}
