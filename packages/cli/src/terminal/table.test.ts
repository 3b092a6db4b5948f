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
      "                FVU   decoder",
      "float TopK   0.1185   float32",
      "ternary        0.15   ternary",
    ]);
  });

  it("is one block per row where the grid is too wide", () => {
    expect(renderTable(data, { width: 29, colors: plain })).toBe(renderTable(data, { width: Infinity, colors: plain }));
    expect(renderTable(data, { width: 28, colors: plain }).split("\n")).toEqual([
      "float TopK",
      "  FVU      0.1185",
      "  decoder  float32",
      "",
      "ternary",
      "  FVU      0.15",
      "  decoder  ternary",
    ]);
  });

  it("breaks headings where they say so, in a grid only", () => {
    const broken = { columns: ["", "bits per\nweight"], rows: [["float", "32"]] };
    const words = { columns: ["", "shrink-\nage", "bits/\nweight"], rows: [["float", "1", "32"]] };
    expect(renderTable(words, { width: 9, colors: plain })).toBe("float\n  shrinkage    1\n  bits/weight  32");
    expect(renderTable(broken, { width: 80, colors: plain })).toBe(
      "        bits per\n          weight\nfloat         32",
    );
    expect(renderTable(broken, { width: 10, colors: plain })).toBe("float\n  bits per weight  32");
  });

  it("names the rows of blocks by what the first column is, where it says so", () => {
    const levels = { columns: ["against\nfloat", "FVU"], rows: [["ternary", "+0.1"]] };
    expect(renderTable(levels, { width: 9, colors: plain })).toBe("against float: ternary\n  FVU  +0.1");
  });

  it("does not count colours as width", () => {
    expect(renderTable(data, { width: 29, colors: bold })).toContain("\u001b[1mFVU\u001b[22m");
    expect(renderTable(data, { width: 29, colors: bold }).split("\n")).toHaveLength(3);
  });
});
