import { UsageError } from "@qsae/runtime";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { chartPng } from "./chart-png.ts";
import { LIGHT } from "./palette.ts";
import { reportCharts } from "./report-charts.ts";
import { sampleReport } from "./report-input.fixture.ts";

const charts = reportCharts(sampleReport);
const svgOf = (name: string): string => charts.find((chart) => chart.name === name)!.svg;
const square = (inside: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20" viewBox="0 0 40 20">${inside}</svg>`;

describe("chartPng", () => {
  it("draws every chart at twice its size, unless told otherwise", async () => {
    const svg = svgOf("summary-fvu-against-bits.svg");
    const height = Number(/height="(\d+)"/.exec(svg)![1]);
    expect(decoded(await chartPng(svg))).toMatchObject({ width: 920, height: 2 * height });
    expect(decoded(await chartPng(svg, { scale: 1 }))).toMatchObject({ width: 460, height });
  });

  it("has paper, series and words in their colours", async () => {
    const { colorAt, count } = decoded(await chartPng(svgOf("float-topk-latent-density.svg")));
    expect(colorAt(2, 2)).toBe(LIGHT.paper);
    expect(count(LIGHT["series-1"])).toBeGreaterThan(10_000);
    expect(count(LIGHT.ink)).toBeGreaterThan(300); // the title
  });

  it("writes with its own font, whatever the machine has", async () => {
    const words = async (family: string): Promise<number> =>
      decoded(await chartPng(square(`<text y="15" font-size="14" font-family="${family}">Gg8</text>`))).drawn;
    expect(await words("IBM Plex Sans")).toBeGreaterThan(150);
    // a name that no machine has, and ones that most have: all are the font that comes along
    for (const family of ["No Such Font", "DejaVu Sans", "Arial", "sans-serif", "system-ui"]) {
      expect(await words(family)).toBe(await words("IBM Plex Sans"));
    }
  });

  it("knows the letters that reports use", async () => {
    const drawnOf = async (text: string): Promise<string> =>
      Buffer.from(await chartPng(square(`<text y="15" font-size="14">${text}</text>`))).toString("base64");
    const unknown = await drawnOf("\u{10FFFD}"); // a box
    for (const letter of "−×→·…–±²|ΔγωЖé") expect(await drawnOf(letter)).not.toBe(unknown);
  });

  it("takes every chart of a report with hostile names", async () => {
    const name = `</svg>"'&<>\u0000\uD800\u00A0`;
    const [float, ternary] = sampleReport.saes!;
    const saes = [
      { name, summary: float!.summary!, l0: float!.l0! },
      { ...ternary!, name: "b" },
    ];
    const [first, ...rest] = reportCharts({ title: "t", createdAt: new Date(0), saes });
    for (const { svg } of [first!, ...rest.slice(0, 4)])
      expect((await chartPng(svg, { scale: 0.5 })).length).toBeGreaterThan(500);
  });

  it("refuses what is no SVG, and sizes that make no image", async () => {
    for (const svg of ["", "<html></html>", "<svg", square("<g>")]) {
      await expect(chartPng(svg)).rejects.toThrow(UsageError);
    }
    for (const scale of [0, -1, NaN, Infinity, 1e-9, 1e4]) {
      await expect(chartPng(square(""), { scale })).rejects.toThrow(/scale=/);
    }
  });
});

interface Image {
  readonly width: number;
  readonly height: number;
  /** `#rrggbb` */
  readonly colorAt: (x: number, y: number) => string;
  readonly count: (color: string) => number;
  /** Pixels that are not transparent. */
  readonly drawn: number;
}

function decoded(bytes: Uint8Array): Image {
  const { width, height, data, channels, depth } = decode(bytes);
  expect([channels, depth]).toEqual([4, 8]);
  const at = (pixel: number): string => `#${Buffer.from(data.slice(4 * pixel, 4 * pixel + 3)).toString("hex")}`;
  const all = Array.from({ length: width * height }, (_, pixel) => pixel);
  return {
    width,
    height,
    colorAt: (x, y) => at(y * width + x),
    count: (color) => all.filter((pixel) => at(pixel) === color).length,
    drawn: all.filter((pixel) => data[4 * pixel + 3]! > 0).length,
  };
}
