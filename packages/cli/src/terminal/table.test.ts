import { describe, expect, it } from "vitest";
import { colorsFor } from "./colors.ts";
import { renderTable } from "./table.ts";

const plain = colorsFor({ isTty: false, color: false, env: {} });
const bold = colorsFor({ isTty: true, color: true, env: {} });
const data = {
  columns: ["", "FVU", "decoder"],
  rows: [
    ["float TopK", "0.1185", "float32"],
    ["ternary", "0.15", "ternary"],
  ],
};

describe("renderTable", () => {
  it("is a grid, numbers to the right and words to the left", () => {
    expect(renderTable(data, { width: Infinity, colors: plain }).split("\n")).toEqual([
      "                 FVU   decoder",
      " float TopK   0.1185   float32",
      " ternary        0.15   ternary",
    ]);
  });

  it("is one block per row where the grid is too wide", () => {
    expect(renderTable(data, { width: 30, colors: plain })).toBe(renderTable(data, { width: Infinity, colors: plain }));
    expect(renderTable(data, { width: 29, colors: plain }).split("\n")).toEqual([
      "float TopK",
      "  FVU      0.1185",
      "  decoder  float32",
      "",
      "ternary",
      "  FVU      0.15",
      "  decoder  ternary",
    ]);
  });

  it("does not count colours as width", () => {
    expect(renderTable(data, { width: 30, colors: bold })).toContain("\u001b[1mFVU\u001b[22m");
    expect(renderTable(data, { width: 30, colors: bold }).split("\n")).toHaveLength(3);
  });
});
