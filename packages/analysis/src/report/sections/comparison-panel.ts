/** How every SAE differs from the first one. */
import {
  ABSENT,
  formatBytes,
  formatCount,
  formatFixed,
  formatFvu,
  formatSigned,
  formatSignificant,
} from "../format.ts";
import { swatch } from "../figure.ts";
import { html, type HtmlValue } from "../html.ts";
import type { ReportSae } from "../report-input.ts";
import type { SeriesStyle } from "../series-styles.ts";
import type { TablePanel } from "../table-panel.ts";

interface Compared {
  readonly column: string;
  readonly of: (sae: ReportSae) => number | undefined;
  readonly format: (size: number) => string;
  /** Absent: neither more nor less is better. */
  readonly better?: "less" | "more";
}

const COMPARED: readonly Compared[] = [
  { column: "FVU", of: ({ summary }) => summary?.fvu, format: formatFvu, better: "less" },
  { column: "L0", of: ({ summary }) => summary?.l0, format: (size) => formatFixed(size, 1) },
  { column: "Dead", of: ({ summary }) => summary?.dead, format: formatCount, better: "less" },
  {
    column: "Bits per weight",
    of: ({ summary }) => summary?.bits_per_weight,
    format: (size) => formatFixed(size, 2),
    better: "less",
  },
  { column: "File size", of: ({ summary }) => summary?.bytes, format: formatBytes, better: "less" },
  {
    column: "CE recovered",
    of: ({ crossEntropy }) => crossEntropy?.ce_recovered,
    format: (size) => formatFixed(size, 4),
    better: "more",
  },
  { column: "KL", of: ({ crossEntropy }) => crossEntropy?.kl_spliced, format: formatSignificant, better: "less" },
];

/** None of a single SAE, or where nothing is known of the first and another one. */
export function comparisonPanel(
  [first, ...others]: readonly ReportSae[],
  styles: ReadonlyMap<string, SeriesStyle>,
): readonly TablePanel[] {
  if (first === undefined) return [];
  const compared = COMPARED.filter(({ of }) => isKnown(of(first)) && others.some((sae) => isKnown(of(sae))));
  if (compared.length === 0) return [];
  return [
    {
      title: `Differences from ${first.name}`,
      caption: ["Each SAE less the first", ...cautions([first, ...others])].join("; "),
      wide: true,
      columns: ["SAE", ...compared.map(({ column }) => column)],
      rows: others.map((sae) => [
        swatch(sae.name, styles.get(sae.name)!),
        ...compared.map((what) => difference(what, what.of(sae), what.of(first)!)),
      ]),
    },
  ];
}

function difference({ format, better }: Compared, value: number | undefined, first: number): HtmlValue {
  if (!isKnown(value)) return ABSENT;
  const signed = formatSigned(value! - first, format);
  if (better === undefined || value === first) return signed;
  const verdict = value! < first === (better === "less") ? "better" : "worse";
  return html`<span class="${verdict}">${signed}</span> <small>${verdict}</small>`;
}

/** Where figures do not compare although they look it. */
function cautions(saes: readonly ReportSae[]): readonly string[] {
  const distinct = (values: readonly unknown[]): number => new Set(values.filter((value) => value !== undefined)).size;
  const windows = saes.map(({ crossEntropy: ce }) => ce && `${ce.ablation} ${ce.windows} ${ce.window_length}`);
  return [
    ...(distinct(saes.map(({ summary }) => summary?.tokens)) > 1
      ? ["evaluated on different numbers of tokens, so dead latents do not compare"]
      : []),
    ...(distinct(windows) > 1 ? ["cross-entropy on different windows or ablations does not compare"] : []),
  ];
}

function isKnown(value: number | undefined): boolean {
  return value !== undefined && Number.isFinite(value);
}
