import type { Metric } from "@qsae/core";

/** In the place of a metric that is not asked for. */
export const noMetric: Metric<undefined> = {
  id: "none",
  start: () => ({ update: () => undefined, finish: () => undefined }),
};
