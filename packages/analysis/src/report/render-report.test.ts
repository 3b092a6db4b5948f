import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { ReportInput, ReportStep } from "./report-input.ts";
import { sampleReport, sampleRun, sampleSae } from "./report-input.fixture.ts";
import { renderReport } from "./render-report.ts";

const HOSTILE = `</title></style></svg>"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;`;
const createdAt = new Date("2025-11-24T05:42:00Z");
const minimal = { title: "t", createdAt };

const parsed = (input: ReportInput): Document => parseHTML(renderReport(input)).document;
const texts = (root: ParentNode, selector: string): string[] =>
  [...root.querySelectorAll(selector)].map((element) => element.textContent.replace(/\s+/g, " ").trim());

describe("renderReport", () => {
  const document = parsed(sampleReport);

  it("says what, when and from where", () => {
    const header = document.querySelector("header")!;
    expect(texts(header, "h1")).toEqual(["Ternary sparse autoencoders of tiny-lm"]);
    expect(header.querySelector("time")!.getAttribute("datetime")).toBe("2025-11-24T05:42:00.000Z");
    expect(texts(header, "time")).toEqual(["24 November 2025, 05:42 UTC"]);
    expect(texts(header, "dt")).toEqual(["command", "model", "hook", "held-out text"]);
    expect(texts(header, ".lead")[0]).toContain("FVU goes from 0.0776 (float topk) to 0.1750 (ternary, rounded)");
    expect(texts(document, "title")[0]).toBe("Ternary sparse autoencoders of tiny-lm");
  });

  it("says what a single SAE does in a sentence", () => {
    const one = { ...minimal, saes: [sampleSae("a", { fvu: 0.11, bits: 1.6, seed: 1 })] };
    expect(texts(parsed(one), ".lead")[0]).toBe(
      "Explains 89.0% of the variance of 2,000 tokens with 32.0 active latents per token, of 2,048. " +
        "1.60 bits per weight, 221 kB on disk.",
    );
  });

  it("puts the figures of every SAE in one row, dead latents with their N", () => {
    const rows = [...document.querySelectorAll("#summary > .scroll tbody tr")].map((tr) => texts(tr, "th, td"));
    expect(rows).toHaveLength(4);
    expect(rows[1]).toEqual([
      "ternary, trained",
      "0.1109",
      "32.0",
      "37 in 2,000 tokens",
      "1.63 1.72 in the file",
      "225 kB 224,911 bytes",
      "50,000",
      "256 → 2,048",
    ]);
  });

  it("shows what is absent or not finite as an en dash, never NaN", () => {
    const summary = { fvu: NaN, l0: Infinity, dead: 3 };
    const markup = renderReport({ ...minimal, saes: [{ name: "a" }, { name: "b", summary }] });
    const rows = [...parseHTML(markup).document.querySelectorAll("#summary > .scroll tbody tr")];
    expect(texts(rows[0]!, "td")).toEqual(new Array(7).fill("–"));
    expect(texts(rows[1]!, "td")).toEqual(["–", "–", "3 in – tokens", "–", "–", "–", "–"]);
    expect(markup).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("draws training curves for every quantity, a line per run, each with its numbers", () => {
    const training = document.querySelector("#training")!;
    expect(texts(training, "h3")).toEqual(["Loss", "Batch FVU", "L0", "Dead latents", "Learning rate"]);
    for (const figure of training.querySelectorAll("figure")) {
      expect(figure.querySelectorAll('svg [aria-label="line"] path')).toHaveLength(2);
      expect(figure.querySelectorAll("tbody tr")).toHaveLength(2);
    }
    expect(texts(training, "figcaption p")[0]).toContain("log scale");
  });

  it("draws latents and weights of every SAE", () => {
    expect(texts(document.querySelector("#sae-2")!, "h3")).toEqual([
      "Latent density",
      "L0 per token",
      "Atom norms",
      "Codes of the encoder",
      "Codes of the dictionary",
      "Quantization error per atom",
    ]);
    expect(texts(document.querySelector("#sae-1")!, "h3")).toEqual(["Latent density", "L0 per token", "Atom norms"]);
    expect(texts(document.querySelector("#sae-2")!, "figcaption p")[0]).toContain("37 dead in 2,000 tokens");
  });

  it("shows what the first levels of a hierarchical SAE do and weigh", () => {
    const level = (levels: number, fvu: number) => ({
      levels,
      fvu,
      l0: 3.25 * levels,
      latents: 1024 * levels,
      bits_per_weight: 1.5,
      bytes: 12_345 * levels,
    });
    const summary = { by_level: [level(1, 0.4), level(2, 0.2), level(3, 0.1)] };
    const page = parsed({ ...minimal, saes: [{ name: "nested", summary }] });
    expect(texts(page, "#sae-1 h3")).toEqual(["FVU by level"]);
    expect(page.querySelectorAll("#sae-1 circle")).toHaveLength(3);
    const rows = [...page.querySelectorAll('[aria-label="Levels of nested"] tr')].map((tr) => texts(tr, "th, td"));
    expect(rows).toEqual([
      ["Levels", "FVU", "L0", "Latents", "Bits per weight", "Size"],
      ["the first", "0.4000", "3.3", "1,024", "1.50", "12.3 kB 12,345 bytes"],
      ["the first 2", "0.2000", "6.5", "2,048", "1.50", "24.7 kB 24,690 bytes"],
      ["the first 3", "0.1000", "9.8", "3,072", "1.50", "37 kB 37,035 bytes"],
    ]);
    const broken = renderReport({
      ...minimal,
      saes: [{ name: "n", summary: { by_level: [level(1, NaN), level(2, 1)] } }],
    });
    expect(broken).not.toMatch(/NaN|<circle/);
  });

  it("plots the frontier only where there are several SAEs to compare", () => {
    expect(texts(document, "#summary h3")).toEqual(["FVU against bits per weight"]);
    expect(texts(parsed({ ...minimal, saes: [sampleReport.saes![0]!] }), "#summary h3")).toEqual([]);
  });

  it("gives every chart a description, a caption and its numbers, and hides the drawing from screen readers", () => {
    const figures = [...document.querySelectorAll("figure")];
    expect(figures.length).toBeGreaterThan(25);
    for (const figure of figures) {
      const plot = figure.querySelector(".plot")!;
      expect(plot.getAttribute("role")).toBe("img");
      expect(plot.getAttribute("aria-label")!.length).toBeGreaterThan(20);
      expect(plot.querySelector("svg")!.getAttribute("aria-hidden")).toBe("true");
      expect(figure.querySelector("figcaption h3")!.textContent).not.toBe("");
      expect(figure.querySelectorAll("details tbody tr").length).toBeGreaterThan(0);
    }
  });

  it("links to every section when there are more than two, and to nothing that does not exist", () => {
    const links = [...document.querySelectorAll("nav a")].map((a) => a.getAttribute("href")!);
    expect(links).toEqual(["#summary", "#training", "#sae-1", "#sae-2", "#sae-3", "#sae-4"]);
    for (const link of links) expect(document.querySelector(link)).not.toBeNull();
    expect(parsed({ ...minimal, saes: [{ name: "a" }] }).querySelector("nav")).toBeNull();
  });

  it("loads nothing: no script, no address but its own parts", () => {
    const markup = renderReport(sampleReport);
    expect(markup).not.toMatch(/<script|<iframe|<object|@import|url\(|\bsrc=/i);
    expect(markup).not.toMatch(/(?:https?:)?\/\/[a-z]/i);
    for (const element of document.querySelectorAll("[href]")) {
      expect(element.getAttribute("href")).toMatch(/^#|^data:,$/);
    }
    expect(document.querySelector("meta[http-equiv]")!.getAttribute("content")).toContain("default-src 'none'");
  });

  it("lets no string from outside become markup", () => {
    const [float, ternary] = sampleReport.saes!;
    const hostile: ReportInput = {
      title: HOSTILE,
      createdAt,
      provenance: { [HOSTILE]: HOSTILE },
      saes: [
        {
          ...ternary!,
          name: HOSTILE,
          provenance: { [HOSTILE]: HOSTILE },
          codes: [{ ...ternary!.codes![0]!, matrix: HOSTILE }],
        },
        { ...float!, name: `2${HOSTILE}` },
      ],
      runs: [{ ...sampleRun("x", 0.1, 1, 20), name: HOSTILE }],
    };
    const page = parsed(hostile);
    expect(page.querySelectorAll("script, img")).toHaveLength(0);
    expect([...page.querySelectorAll("*")].filter((element) => element.hasAttribute("onerror"))).toEqual([]);
    expect(texts(page, "h1")).toEqual([HOSTILE]);
    expect(texts(page, "title")).toEqual([HOSTILE]);
    expect(texts(page, "#sae-1 h2")).toEqual([HOSTILE]);
    expect(texts(page, "#sae-1 h3")).toContain(`Codes of the ${HOSTILE}`);
    expect(page.querySelectorAll("section")).toHaveLength(4);
    expect(page.querySelectorAll("style")).toHaveLength(1);
  });

  it("keeps long runs small and their spikes visible", () => {
    const steps = Array.from({ length: 30_000 }, (_, i): ReportStep => ({
      tokens: i,
      loss: i === 12_345 ? 50 : 1 + (i % 2),
    }));
    const markup = renderReport({ ...minimal, runs: [{ name: "long", steps }] });
    const path = parseHTML(markup).document.querySelector('svg [aria-label="line"] path')!.getAttribute("d")!;
    expect(path.split("L").length).toBeLessThanOrEqual(2000);
    expect(markup.length).toBeLessThan(100_000);
    expect(texts(parseHTML(markup).document, "figure tbody td")).toEqual(["1", "1", "50", "2"]);
  });

  it("counts the values it had to leave out of a curve", () => {
    const steps = [NaN, 1, Infinity, 2].map((loss, i): ReportStep => ({ tokens: i, loss }));
    expect(texts(parsed({ ...minimal, runs: [{ name: "a", steps }] }), "figcaption p")[0]).toContain(
      "2 values that are not finite left out",
    );
  });

  it("refuses to report nothing, or at no time", () => {
    expect(() => renderReport(minimal)).toThrow(UsageError);
    expect(() => renderReport({ ...minimal, createdAt: new Date(NaN), saes: [{ name: "a" }] })).toThrow(UsageError);
  });

  it("renders whatever numbers it is given without NaN in the page", () => {
    const number = fc.oneof(fc.double(), fc.constantFrom(0, 1, -1, NaN, Infinity, 1e308, -1e308, 5e-324));
    const list = fc.array(number, { maxLength: 8 });
    const summary = fc.record(
      {
        fvu: number,
        l0: number,
        dead: number,
        tokens: number,
        d_in: number,
        d_sae: number,
        bits_per_weight: number,
        file_bits_per_weight: number,
        bytes: number,
        tokens_per_second: number,
      },
      { requiredKeys: [] },
    );
    const code = fc.record({ matrix: fc.constant("m"), firstCode: fc.integer({ min: -128, max: 127 }), counts: list });
    const l0 = fc.record({ mean: number, histogram: list.map((values) => Float64Array.from(values)) });
    const sae = fc.record(
      {
        name: fc.constantFrom("a", "b"),
        summary,
        l0,
        fvuByLevel: list,
        atomNorms: list,
        codes: fc.array(code, { maxLength: 2 }),
        quantizationError: list,
      },
      { requiredKeys: ["name"] },
    );
    const step = fc.record(
      {
        tokens: number,
        step: number,
        lr: number,
        loss: number,
        l0: number,
        dead: number,
        batchFvu: number,
        elapsedMs: number,
      },
      { requiredKeys: ["tokens"] },
    );
    const run = fc.record({ name: fc.constantFrom("a", "c"), steps: fc.array(step, { maxLength: 6 }) });
    fc.assert(
      fc.property(fc.array(sae, { minLength: 1, maxLength: 3 }), fc.array(run, { maxLength: 2 }), (saes, runs) => {
        expect(renderReport({ ...minimal, saes, runs })).not.toMatch(/NaN|undefined|Infinity/);
      }),
      { numRuns: 40 },
    );
  }, 30_000);
});
