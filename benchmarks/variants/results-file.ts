/** The file of measured cells. Every cell is added as it is finished, so that a run that is killed loses that one only. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "@qsae/data";
import { FormatError } from "@qsae/runtime";
import { format } from "prettier";
import { z } from "zod";
import { storedCellSchema, type Results, type StoredCell } from "./cell.ts";

const fileSchema = z.strictObject({ format: z.literal(1), cells: z.record(z.string(), storedCellSchema) });

/** What is in the file; nothing where there is none. @throws FormatError naming file and entry if it is something else */
export async function readResults(path: string): Promise<Results> {
  if (!existsSync(path)) return new Map();
  const text = await readFile(path, "utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new FormatError(path, `not JSON (${(error as Error).message}); repair or remove it, or give --out`);
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return new Map(Object.entries(parsed.data.cells));
  const { path: at, message } = parsed.error.issues[0]!;
  throw new FormatError(path, `${at.join(".")}: ${message}; repair or remove it, or give --out`);
}

/** Adds a cell, or replaces it. What the file says at that moment is kept; it is whole at every moment. */
export async function writeResult(path: string, id: string, cell: StoredCell): Promise<void> {
  await writeResults(path, new Map([...(await readResults(path)), [id, cell]]));
}

/** Takes cells out. */
export async function removeResults(path: string, ids: readonly string[]): Promise<void> {
  const results = await readResults(path);
  if (!ids.some((id) => results.has(id))) return;
  await writeResults(path, new Map([...results].filter(([id]) => !ids.includes(id))));
}

async function writeResults(path: string, results: Results): Promise<void> {
  const sorted = [...results].sort(([a], [b]) => (a < b ? -1 : 1));
  const json = JSON.stringify({ format: 1, cells: Object.fromEntries(sorted) });
  await writeFileAtomic(path, new TextEncoder().encode(await format(json, { parser: "json", printWidth: 120 })));
}
