/** docs/variants.md: the cells and the claims about them, all figures from the results. */
import { format } from "prettier";
import { L0_KEYS, type Cell, type Results, type StoredCell } from "./cell.ts";
import { trainingOf } from "./cell-key.ts";
import { L0_TOLERANCE, type Check } from "./claims.ts";
import { D_IN, D_SAE, HELDOUT_FILE, TRAIN_FILE } from "./data.ts";

export interface TableInput {
  readonly cells: readonly Cell[];
  /** Those of the cells as they are now. */
  readonly results: Results;
  readonly checks: readonly Check[];
}

const ABSENT = "-";

export function variantsPage({ cells, results, checks }: TableInput): Promise<string> {
  const levelled = cells.filter(({ id }) => results.get(id)?.measured.fvu_by_level);
  const depth = Math.max(0, ...levelled.map(({ id }) => results.get(id)!.measured.fvu_by_level!.length));
  const measured = cells.filter(({ id }) => results.has(id)).length;
  return format(
    [
      "# The variants, measured",
      "<!-- Written by `pnpm bench variants --table` from benchmarks/variants/. Do not edit. -->",
      `Every row is one training run on activations of a small language model (residual stream, d_in = ${D_IN}), with ` +
        `${D_SAE} latents. FVU is the fraction of variance unexplained on held-out tokens. All figures but those of ` +
        "training are of the SAE as it is stored: quantized weights, packed to bytes and read back. Seeds are the numbers " +
        "behind the slash.",
      "- **L0**: mean active latents per held-out token.\n" +
        "- **dead**: latents that did not fire in the last `dead_after_tokens` tokens of training / on any held-out token.\n" +
        "- **bits**: per weight of the dictionary, scales included; in brackets the codes alone. 32 is float.\n" +
        "- **steps**: a second summand is the run that a warm start came from.\n" +
        "- **s**: time of training, on whatever machine and beside whatever else it ran.",
      "`torch-topk` is the recipe of `topk` in plain PyTorch on the same tokens, with other random numbers; from equal " +
        `weights on equal batches both sides' first losses agree${agreement(results)}. \`NAME-reference\` is a variant's ` +
        "`reference` preset: the arithmetic of the Python reference. `NAME-matched` is its default preset with " +
        `${Object.keys(L0_KEYS)
          .map((key) => `\`${key}\``)
          .join(" or ")} set such that its L0 is that of the reference within ` +
        `${100 * L0_TOLERANCE} %.`,
      "## Cells",
      ...(measured < cells.length ? [`${measured} of ${cells.length} cells are measured.`] : []),
      markdownTable(
        ["cell", "settings", "lr", "FVU", "L0", "dead", "bits", "steps", "s"],
        cells.map((cell) => row(cell, results.get(cell.id))),
        3,
      ),
      ...(levelled.length === 0
        ? []
        : [
            "## FVU by level",
            "With the first m levels of the dictionary.",
            markdownTable(
              ["cell", ...Array.from({ length: depth }, (_, m) => `m = ${m + 1}`)],
              levelled.map(({ id }) => [id, ...results.get(id)!.measured.fvu_by_level!.map(fvu)]),
              1,
            ),
          ]),
      "## Checks",
      markdownTable(
        ["claim", "measured", ""],
        checks.map(({ claim, figures, outcome }) => [claim, figures || ABSENT, outcome]),
        3,
      ),
      "## Commands",
      "```sh\npnpm bench variants           # measures what is missing or has changed, cell by cell; may be interrupted\n" +
        "pnpm bench variants --list    # the cells, and which of them are measured\n" +
        "pnpm bench variants --cells topk,ternary/0\n" +
        "pnpm bench variants --table   # writes this page\n```",
      `The data are \`gpt/${TRAIN_FILE}\` and \`gpt/${HELDOUT_FILE}\` in the folder that \`QSAE_DATA\` names. Cells and ` +
        "claims are in `benchmarks/variants/cells.ts`, figures in `benchmarks/variants/results.json`.",
    ].join("\n\n"),
    { parser: "markdown", printWidth: 120 },
  );
}

function row(cell: Cell, stored: StoredCell | undefined): string[] {
  const settings = { ...cell.config, ...matchedValue(cell, stored) };
  const common = [cell.id, settingsText(settings), String(trainingOf(cell).lr)];
  if (!stored) return [...common, ...Array<string>(6).fill(ABSENT)];
  const { measured } = stored;
  const { steps, warm_start_steps: before } = measured;
  return [
    ...common,
    fvu(measured.fvu),
    measured.l0.toFixed(1),
    `${measured.dead_in_training} / ${measured.dead_heldout}`,
    `${bits(measured.bits_per_weight)} (${bits(measured.code_bits_per_weight)})`,
    before === undefined ? String(steps) : `${steps} + ${before}`,
    measured.seconds.toFixed(0),
  ];
}

function matchedValue({ matchL0 }: Cell, stored: StoredCell | undefined): Record<string, unknown> {
  if (!matchL0 || !stored) return {};
  const value = stored.config[matchL0.key];
  return { [matchL0.key]: typeof value === "number" ? Number(value.toPrecision(3)) : value };
}

const settingsText = (settings: Readonly<Record<string, unknown>>): string =>
  Object.entries(settings)
    .map(([key, value]) => `\`${key}\` ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ") || "defaults";

/** The largest difference over all runs of the peer. */
function agreement(results: Results): string {
  const differences = [...results.values()].flatMap(({ measured }) => measured.first_losses_difference ?? []);
  return differences.length === 0 ? "" : ` within ${Math.max(...differences).toExponential(0)}`;
}

const fvu = (value: number): string => value.toFixed(4);
const bits = (value: number): string => String(Number(value.toFixed(2)));

/** The columns from `firstNumber` on are aligned right. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[], firstNumber: number): string {
  const line = (entries: readonly string[]): string => `| ${entries.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i < firstNumber ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
