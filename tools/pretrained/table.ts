/** The table of the README, from what the files say of themselves. */
import { readFile, writeFile } from "node:fs/promises";
import { builtinVariants } from "@qsae/variants";
import { bitsPerWeight, decodePackedSae } from "@qsae/runtime";
import { format } from "prettier";

import { packedPath, readme } from "./paths.ts";

/** Every file has the id of its variant. */
export const ids: readonly string[] = builtinVariants.map(({ id }) => id);

const [BEGIN, END] = ["<!-- table: begin -->", "<!-- table: end -->"];

const row = async (id: string): Promise<string> => {
  const file = await readFile(packedPath(id));
  const sae = decodePackedSae(file, id);
  const { metrics, provenance } = sae.description;
  const { encoder, dictionary } = bitsPerWeight(sae);
  const cells = [
    `\`${id}\``,
    `\`${provenance["command"]}\``,
    metrics["fvu"]!.toFixed(4),
    metrics["l0"]!.toFixed(1),
    metrics["dead"],
    `${encoder.toFixed(2)} / ${dictionary.toFixed(2)}`,
    file.length.toLocaleString("en-US"),
  ];
  return `| ${cells.join(" | ")} |`;
};

/** As Markdown, formatted. */
export const table = async (): Promise<string> => {
  const head =
    "| variant | command | FVU | L0 | dead | bits per weight, encoder / decoder | bytes |\n|---|---|--:|--:|--:|--:|--:|";
  const rows = await Promise.all(ids.map(row));
  return format([head, ...rows].join("\n"), { parser: "markdown", printWidth: 120 });
};

export const tableInReadme = async (): Promise<string> => {
  const [, after = ""] = (await readFile(readme, "utf8")).split(BEGIN);
  return after.split(END)[0]!.trim();
};

export const writeTable = async (): Promise<void> => {
  const text = await readFile(readme, "utf8");
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < before)
    throw new Error(`${readme}: expected ${BEGIN} and ${END}, between which the table lies`);
  await writeFile(readme, `${text.slice(0, before)}${BEGIN}\n\n${(await table()).trim()}\n\n${text.slice(after)}`);
};
