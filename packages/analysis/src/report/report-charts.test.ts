import { UsageError } from "@qsae/runtime";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { LIGHT } from "./palette.ts";
import { renderReport } from "./render-report.ts";
import { reportCharts } from "./report-charts.ts";
import type { ReportInput } from "./report-input.ts";
import { sampleReport, sampleRun, sampleSae } from "./report-input.fixture.ts";

const createdAt = new Date("2025-11-24T05:42:00Z");
const minimal = { title: "t", createdAt };
const namesOf = (input: ReportInput): string[] => reportCharts(input).map(({ name }) => name);
const small = sampleSae("a", { fvu: 0.11, bits: 1.6, seed: 1 });
const weightsOnly = (name: string) => ({ name, atomNorms: [1, 1.1, 0.9] });

describe("reportCharts", () => {
  const charts = reportCharts(sampleReport);

  it("has every chart of the page, in its order", () => {
    const { document } = parseHTML(renderReport(sampleReport));
    const onPage = [...document.querySelectorAll("figure h4")].map((title) => title.textContent);
    const titles = charts.map(({ svg }) => parseHTML(svg).document.querySelectorAll("text")[1]!.textContent.trim());
    expect(titles).toEqual(onPage);
  });

  it("names files by what they show", () => {
    expect(charts.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "summary-fvu-against-bits.svg",
        "summary-fvu-against-bytes.svg",
        "training-loss.svg",
        "training-ternary-trained-gradient-norm.svg",
        "float-topk-latents-that-fire-together.svg",
        "4-bits-jumprelu-fvu-increase-by-latent.svg",
      ]),
    );
    for (const { name } of charts) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*\.svg$/);
  });

  it("keeps names apart, short and harmless, whatever SAEs are called", () => {
    const names = ["Ä b", "a/b", "../../a", "日本語", "", "x".repeat(500), "summary"];
    const files = namesOf({ ...minimal, saes: names.map(weightsOnly) });
    expect(files).toEqual([
      "a-b-atom-norms.svg",
      "a-b-2-atom-norms.svg",
      "a-atom-norms.svg",
      "sae-4-atom-norms.svg",
      "sae-5-atom-norms.svg",
      `${"x".repeat(60)}-atom-norms.svg`,
      "summary-2-atom-norms.svg",
    ]);
    const runs = ["a", "A"].map((name) => sampleRun(name, 0.1, 1, { steps: 50, quantized: false }));
    const ofRuns = namesOf({ ...minimal, runs });
    expect(ofRuns).toContain("training-a-gradient-norm.svg");
    expect(ofRuns).toContain("training-a-gradient-norm-2.svg");
    expect(new Set(ofRuns).size).toBe(ofRuns.length);
  });

  it("is the same for the same report", () => {
    expect(reportCharts({ ...minimal, saes: [small] })).toEqual(reportCharts({ ...minimal, saes: [small] }));
  });

  it("stands for itself: no variables, no style sheet, its own words, nothing to load", () => {
    for (const { svg } of charts) {
      expect(svg).toMatch(/^<svg\s+xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).not.toMatch(/var\(|<style|class=|<script|href|&nbsp;/);
      const root = parseHTML(svg).document.querySelector("svg")!;
      expect(root.querySelector("title")!.textContent).not.toBe("");
      expect(root.querySelector("desc")!.textContent.length).toBeGreaterThan(20);
      expect(Number(root.getAttribute("width"))).toBe(460);
      expect(Number(root.getAttribute("height"))).toBeGreaterThan(200);
      const fonts = root.querySelector("svg")!.getAttribute("font-family");
      expect(fonts).toMatch(/^IBM Plex Sans, .*sans-serif$/);
    }
    expect(charts[0]!.svg).toContain(LIGHT["series-1"]);
  });

  it("says what colours mean where the page does", () => {
    const loss = charts.find(({ name }) => name === "training-loss.svg")!;
    const texts = [...parseHTML(loss.svg).document.querySelectorAll("text")].map((text) => text.textContent.trim());
    expect(texts.slice(0, 5)).toEqual([
      "Training",
      "Loss",
      "Sum of the loss terms of each step's batch; log scale",
      "float topk",
      "ternary, trained",
    ]);
  });

  it("keeps hostile names text, without what XML forbids", () => {
    const name = `</svg></text><script>alert(1)</script>"'&\u0000\u001b\uD800\u00A0var(--ink)`;
    const [float, ternary] = sampleReport.saes!;
    const hostile = reportCharts({ ...minimal, saes: [{ ...float!, name }, ternary!] });
    for (const { svg } of hostile) {
      // eslint-disable-next-line no-control-regex -- these are what must not be there
      expect(svg).not.toMatch(/<script|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800](?![\udc00-\udfff])/);
    }
    expect(hostile[0]!.svg).toContain("var(--ink)"); // as text
  });

  it("refuses to draw nothing", () => {
    expect(() => reportCharts(minimal)).toThrow(UsageError);
    expect(reportCharts({ ...minimal, saes: [{ name: "a" }] })).toEqual([]);
  });
});
