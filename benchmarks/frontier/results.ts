/** Rows of the default data that are measured: what docs/frontier.md shows. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "@qsae/data";
import type { Row } from "./row.ts";
import type { TableInput } from "./table.ts";

const path = fileURLToPath(new URL("results.json", import.meta.url));

/** All rows measured so far, those just measured in the place of older ones. */
export async function withStored({ rows, floatFvu }: TableInput): Promise<TableInput> {
  const stored: readonly Row[] = existsSync(path)
    ? (JSON.parse(await readFile(path, "utf8")) as { rows: Row[] }).rows
    : [];
  const key = ({ method, side, bits }: Row): string => `${method} ${side} ${bits}`;
  const all = new Map([...stored, ...rows].map((row) => [key(row), row]));
  return { rows: [...all.values()], floatFvu };
}

export async function store({ rows, floatFvu }: TableInput): Promise<void> {
  await writeFileAtomic(
    path,
    new TextEncoder().encode(`${JSON.stringify({ float_fvu: floatFvu, rows }, undefined, 2)}\n`),
  );
}
