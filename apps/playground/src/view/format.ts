/** Numbers as the report writes them. */
export {
  formatBytes,
  formatCount,
  formatDuration,
  formatFixed,
  formatFvu,
  formatSignificant,
} from "../../../../packages/analysis/src/report/format.ts";
