/**
 * The colours of a report by name, for light and for dark paper. The eight of series keep 3:1 against their paper and differ in
 * lightness as well as in hue; the six of heat go from little to much, away from the paper.
 */
export const LIGHT: Palette = {
  paper: "#fdfdfb",
  panel: "#f5f5f1",
  ink: "#17191d",
  soft: "#5a606a",
  line: "#dfdfd8",
  focus: "#1f5fd6",
  shade: "#17191d2e",
  better: "#0a6f5f",
  worse: "#a83f12",
  "series-1": "#2b5fd0",
  "series-2": "#d0521b",
  "series-3": "#0a8270",
  "series-4": "#8a3fb3",
  "series-5": "#a87400",
  "series-6": "#c02f66",
  "series-7": "#54697f",
  "series-8": "#5d7f1c",
  "heat-1": "#dde6f6",
  "heat-2": "#b4caf0",
  "heat-3": "#83a6e6",
  "heat-4": "#5380d6",
  "heat-5": "#2a57b8",
  "heat-6": "#10296b",
};

export const DARK: Palette = {
  paper: "#14161a",
  panel: "#1c1f25",
  ink: "#eceef1",
  soft: "#a3aab5",
  line: "#31353d",
  focus: "#8ab4ff",
  shade: "#000000b0",
  better: "#45c9ae",
  worse: "#ff9564",
  "series-1": "#7ea6ff",
  "series-2": "#ff9564",
  "series-3": "#45c9ae",
  "series-4": "#cb93f0",
  "series-5": "#e3b341",
  "series-6": "#ff86ae",
  "series-7": "#9fb4ca",
  "series-8": "#aacb62",
  "heat-1": "#222c42",
  "heat-2": "#2e4470",
  "heat-3": "#3f639f",
  "heat-4": "#5f8bd2",
  "heat-5": "#93b8ff",
  "heat-6": "#dbe7ff",
};

type Series = `series-${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8}`;
type Heat = `heat-${1 | 2 | 3 | 4 | 5 | 6}`;
export type ColorName =
  "paper" | "panel" | "ink" | "soft" | "line" | "focus" | "shade" | "better" | "worse" | Series | Heat;
export type Palette = Readonly<Record<ColorName, string>>;

/** Declarations of a style sheet: `--paper: #fdfdfb; ...` */
export function colorVariables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, color]) => `--${name}: ${color};`)
    .join(" ");
}
