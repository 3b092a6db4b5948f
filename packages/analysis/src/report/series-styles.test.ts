import { expect, it } from "vitest";
import { seriesStyles } from "./series-styles.ts";

it("gives a name one style, and the first 24 names different ones", () => {
  const names = Array.from({ length: 24 }, (_, i) => `sae ${i}`);
  const styles = seriesStyles([...names, "sae 0"]);
  expect(styles.size).toBe(24);
  expect(new Set([...styles.values()].map(({ color, dash }) => `${color} ${dash ?? "solid"}`)).size).toBe(24);
  expect(styles.get("sae 0")).toEqual({ color: "var(--series-1)" });
});
