/** The rows as tables: one line per method and side, one column per width. */
import { format } from "prettier";
import { frontierMethods, sidesOf, type Row } from "./row.ts";

/** What PyTorch prototypes of the same recipes reached (held-out FVU on the default data), by method, side and bits. */
const PROTOTYPE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "rtn decoder": { 1: 0.303, 1.58: 0.175, 2: 0.134, 3: 0.093, 4: 0.0826 },
  "rtn both": { 1.58: 0.24, 4: 0.0857 },
  "gptq decoder": { 1: 0.186, 1.58: 0.123, 2: 0.104, 3: 0.0849, 4: 0.08 },
  "tune decoder": { 1: 0.147, 1.58: 0.1109, 2: 0.0984, 3: 0.0841, 4: 0.0799 },
  "two-phase both": { 1.58: 0.117, 2: 0.102, 4: 0.0814 },
};

export interface TableInput {
  readonly rows: readonly Row[];
  readonly floatFvu: number;
}

/** `[method and side, FVU per width, ...]`, widths ascending; empty cells are not measured. */
function fvuLines(rows: readonly Row[]): readonly (readonly string[])[] {
  const widths = widthsOf(rows);
  return seriesOf(rows).map(({ name, cells }) => [
    name,
    ...widths.map((bits) => cells.find((row) => row.bits === bits)?.fvu.toFixed(4) ?? ""),
  ]);
}

const widthsOf = (rows: readonly Row[]): readonly number[] =>
  [...new Set(rows.map(({ bits }) => bits))].sort((a, b) => a - b);

export function seriesOf(rows: readonly Row[]): readonly { readonly name: string; readonly cells: readonly Row[] }[] {
  const names = frontierMethods.flatMap((method) =>
    sidesOf(method).map((side) => ({ name: `${method} ${side}`, method, side })),
  );
  return names
    .map(({ name, method, side }) => ({
      name,
      cells: rows.filter((row) => row.method === method && row.side === side),
    }))
    .filter(({ cells }) => cells.length > 0);
}

/** For a terminal. */
export function textTable({ rows, floatFvu }: TableInput): string {
  const lines = [
    ["held-out FVU", ...widthsOf(rows).map((bits) => (bits === 1 ? "1 bit" : `${bits} bits`))],
    ...fvuLines(rows),
  ];
  const body = lines.map(([name = "", ...cells]) => name.padEnd(18) + cells.map((cell) => cell.padStart(11)).join(""));
  return [`float ${floatFvu.toFixed(4)}`, ...body].join("\n");
}

export function frontierPage({ rows, floatFvu }: TableInput): Promise<string> {
  const widths = widthsOf(rows);
  const header = ["", ...widths.map((bits) => (bits === 1 ? "1 bit" : `${bits} bits`))];
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = (body: readonly (readonly string[])[]): string =>
    [line(header), line(header.map((_, i) => (i === 0 ? "---" : "---:"))), ...body.map(line)].join("\n");
  const perSeries = (cell: (row: Row) => string): string =>
    table(
      seriesOf(rows).map(({ name, cells }) => [
        name,
        ...widths.map((bits) => {
          const row = cells.find((candidate) => candidate.bits === bits);
          return row ? cell(row) : "";
        }),
      ]),
    );
  return format(
    [
      "# Quantized SAEs: error per bit",
      "<!-- Written by `pnpm bench frontier --table` from benchmarks/frontier/. Do not edit. -->",
      `Fraction of variance unexplained (FVU) on held-out tokens, of the packed file read back: a float SAE with FVU ${floatFvu.toFixed(4)} ` +
        "(d_in 256, d_sae 2048, k 32, residual stream of a small language model), quantized in the dictionary (`decoder`) or in " +
        "encoder and dictionary (`both`). 1 bit is `binary`, 1.58 `ternary`, the others `centered-int`; a scale per latent.",
      "`rtn` rounds to the nearest level of a least-squares grid. `gptq` sees 20,000 calibration tokens. `tune` (codes stand, everything " +
        "else trains) and `two-phase` (encoder trained straight through, dictionary by `gptq`) take 1100 steps on 100,000 training " +
        "tokens. `mixed-gptq` and `mixed-tune` give every atom a width of its own (`qsae quantize --bits`), in all as many bits as the " +
        "uniform width with its scales. Command: `pnpm bench frontier --table`.",
      "![FVU over bits per weight](frontier.svg)",
      "## FVU",
      perSeries(({ fvu }) => fvu.toFixed(4)),
      "What PyTorch prototypes of these recipes reached on the same data, for comparison (written down before, not measured in this run):",
      table(Object.entries(PROTOTYPE).map(([name, by]) => [name, ...widths.map((bits) => by[bits]?.toFixed(4) ?? "")])),
      "## Bits per weight, scales included",
      perSeries(({ bits_per_weight: bits }) => bits.toFixed(3)),
      "## Seconds",
      "On two cores, of which other work took its share while `tune`, `two-phase` and `mixed-` ran.",
      perSeries(({ seconds }) => seconds.toFixed(1)),
    ].join("\n\n"),
    { parser: "markdown", printWidth: 120 },
  );
}
