/** Numbers as the report writes them. */
export {
  formatBytes,
  formatCount,
  formatDuration,
  formatFixed,
  formatFvu,
  formatShare,
  formatSignificant,
} from "../../../../packages/analysis/src/report/format.ts";
