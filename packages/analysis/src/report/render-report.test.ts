import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { Coactivation } from "../sparsity/coactivation.ts";
import type { ReportInput, ReportStep } from "./report-input.ts";
import { sampleReport, sampleRun, sampleSae } from "./report-input.fixture.ts";
import { renderReport } from "./render-report.ts";
import { anyRuns, anySaes } from "./any-report.fixture.ts";

const HOSTILE = `</title></style></svg>"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;`;
const createdAt = new Date("2025-11-24T05:42:00Z");
const minimal = { title: "t", createdAt };

const parsed = (input: ReportInput): Document => parseHTML(renderReport(input)).document;
const texts = (root: ParentNode, selector: string): string[] =>
  [...root.querySelectorAll(selector)].map((element) => element.textContent.replace(/\s+/g, " ").trim());

/** The part of a section under one heading. */
function groupOf(document: Document, section: string, title: string): Element {
  return [...document.querySelectorAll(`${section} .group`)].find((group) => texts(group, "h3")[0] === title)!;
}

function factsOf(group: Element): Record<string, string> {
  const values = texts(group, ".facts dd");
  return Object.fromEntries(texts(group, ".facts dt").map((name, i) => [name, values[i]!]));
}

const pair = { a: 7, b: 1200, together: 31, jaccard: 0.5, lift: 12 };
const together: Coactivation = {
  tokens: 100,
  tokensSeen: 100,
  pairs: 1,
  byCount: [pair],
  byJaccard: [pair],
  byLift: [],
  among: {
    latents: Int32Array.of(7, 1200, 9),
    jaccard: Float64Array.of(...[1, 0.5, 0], ...[0.5, 1, 0.07], ...[0, 0.07, 1]),
  },
};

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
      "0.9391",
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
    const curves = groupOf(document, "#training", "Curves");
    expect(texts(curves, "h4")).toEqual(["Loss", "Batch FVU", "L0", "Dead latents", "Learning rate"]);
    for (const figure of curves.querySelectorAll("figure")) {
      expect(figure.querySelectorAll('svg [aria-label="line"] path')).toHaveLength(2);
      expect(figure.querySelectorAll("tbody tr")).toHaveLength(2);
      expect(texts(figure, ".legend li")).toEqual(["float topk", "ternary, trained"]);
    }
    expect(texts(curves, "figcaption p")[0]).toContain("log scale");
  });

  it("draws what gradients did in every run, a line per parameter", () => {
    const float = groupOf(document, "#training", "Gradients of float topk");
    expect(texts(float, "h4")).toEqual(["Gradient norm", "Update ratio", "Zero gradients"]);
    const quantized = groupOf(document, "#training", "Gradients of ternary, trained");
    expect(texts(quantized, "h4").slice(3)).toEqual([
      "Changed codes",
      "Sign flips",
      "Straight-through direction",
      "Straight-through error",
    ]);
    const [norm, , , changed] = [...quantized.querySelectorAll("figure")];
    expect(texts(norm!, ".legend li")).toEqual(["W_enc", "b_enc", "W_dec", "b_dec"]);
    expect(texts(norm!, "figcaption p")[0]).toContain("log scale");
    expect(texts(changed!, ".legend li")).toEqual(["W_enc", "W_dec"]);
    expect(texts(changed!, "tbody th")).toEqual(["W_enc", "W_dec"]);
    const without = parsed({ ...minimal, runs: [sampleRun("a", 0.1, 1, { steps: 20 })] });
    expect(texts(without, "#training h3")).toEqual(["Curves"]);
  });

  it("counts the zeros that a logarithmic axis cannot show", () => {
    const steps = [0, 0, 0.5, 0.25].map((changedCodes, i): ReportStep => ({
      tokens: i,
      gradients: { W: { norm: 1, zeroShare: 0, changedCodes } },
    }));
    const gradients = groupOf(parsed({ ...minimal, runs: [{ name: "a", steps }] }), "#training", "Gradients of a");
    expect(texts(gradients, "figcaption p")[3]).toBeUndefined();
    expect(texts(gradients, "figcaption p")[2]).toBe(
      "Share of the codes that a step changed; log scale; 2 zeros left out",
    );
  });

  it("groups what is known of every SAE", () => {
    expect(texts(document.querySelector("#sae-1")!, "h3")).toEqual([
      "Reconstruction",
      "Latents",
      "Weights",
      "Language model",
    ]);
    expect(texts(document.querySelector("#sae-2")!, "h3")).toEqual([
      "Reconstruction",
      "Latents",
      "Weights",
      "Against float topk",
      "Language model",
    ]);
    const groups = [...document.querySelector("#sae-2")!.querySelectorAll(".group")];
    expect(groups.map((group) => texts(group, "h4"))).toEqual([
      [],
      [
        "Latent density",
        "L0 per token",
        "Nearest neighbours",
        "Cosines of all pairs",
        "Latents that fire together",
        "Pairs by Jaccard index",
        "Pairs by count",
        "Pairs by lift",
      ],
      ["Atom norms", "Codes of the encoder", "Codes of the dictionary"],
      [
        "Errors of weights",
        "Quantization error per atom",
        "FVU increase by latent",
        "Latents that suffer most",
        "Atoms found in each other",
        "Support overlap by latent",
      ],
      ["Cross-entropy of the model", "What it loses"],
    ]);
    expect(texts(groupOf(document, "#sae-2", "Latents"), "figcaption p")[0]).toContain("37 dead in 2,000 tokens");
    expect(texts(groupOf(document, "#sae-1", "Reconstruction"), "h4")).toEqual(["FVU by bits"]);
  });

  it("puts the figures of a group into words", () => {
    expect(factsOf(groupOf(document, "#sae-2", "Reconstruction"))).toEqual({
      FVU: "0.1109 2,000 tokens",
      MSE: "0.189",
      Shrinkage: "0.9933 1 is unbiased",
    });
    expect(factsOf(groupOf(document, "#sae-4", "Latents"))).toMatchObject({
      "Mean L0": "40.1",
      "L0 quantiles": "11 · 26 · 34 · 40 · 46 · 55 · 75 min, 5, 25, 50, 75, 95%, max",
      "Dead latents": "37 in 2,000 tokens",
      "Dense latents": "32 above 10%",
      "Zero atoms": "0",
    });
    expect(factsOf(groupOf(document, "#sae-2", "Against float topk"))).toMatchObject({
      "Output error": "0.0440 FVU of one as the other",
      "FVU increase": "+0.0333 predicted +0.0266",
      "Support overlap": "0.449 differs on 99.9% of tokens",
    });
    expect(factsOf(groupOf(document, "#sae-2", "Language model"))).toEqual({
      "CE recovered": "0.9391 mean ablation",
      "KL to clean": "0.223 nats per token",
      Windows: "64 of 128 tokens",
      "Predicted tokens": "8,128",
    });
  });

  it("shows which latents fire together as a heat map, without the diagonal, and as lists", () => {
    const saes = [{ name: "a", coactivation: together }];
    const group = groupOf(parsed({ ...minimal, saes }), "#sae-1", "Latents");
    const heat = group.querySelector("figure svg")!;
    expect(heat.querySelectorAll("g[fill='var(--line)'] rect")).toHaveLength(3);
    const filled = [...heat.querySelectorAll("g[fill^='var(--heat-']")].map((g) => [
      g.getAttribute("fill"),
      g.querySelectorAll("rect").length,
    ]);
    expect(filled.filter(([, cells]) => cells !== 0)).toEqual([
      ["var(--heat-2)", 2],
      ["var(--heat-5)", 2],
    ]);
    expect(texts(group, ".legend li")).toEqual([
      "1% to 5%",
      "5% to 10%",
      "10% to 20%",
      "20% to 40%",
      "40% to 70%",
      "70% to 100%",
    ]);
    const list = [...group.querySelectorAll('[aria-label="Pairs by Jaccard index"] tr')].map((tr) =>
      texts(tr, "th, td"),
    );
    expect(list).toEqual([
      ["Latents", "Together", "Jaccard", "Lift"],
      ["7, 1200", "31", "0.500", "12"],
    ]);
  });

  it("shows the errors of weights of every matrix, the worst one with its codes, and by bits where widths differ", () => {
    const rowsOf = (sae: string, label: string): string[][] =>
      [...document.querySelectorAll(`${sae} [aria-label="${label}"] tbody tr`)].map((tr) => texts(tr, "th, td"));
    expect(rowsOf("#sae-2", "Errors of weights")[0]).toEqual([
      "encoder",
      "524,288",
      "0.000961",
      "0.0248",
      "0.136",
      "22.4",
      "0.0412 for 0.178",
      "row 1207, column 88 1.58 bits, code 1",
    ]);
    expect(rowsOf("#sae-2", "Errors of weights by bits")).toEqual([]);
    expect(rowsOf("#sae-4", "Errors of weights by bits").map((row) => row.slice(0, 4))).toEqual([
      ["dictionary", "3", "512", "131,072"],
      ["dictionary", "4", "512", "131,072"],
      ["dictionary", "5", "512", "131,072"],
      ["dictionary", "6", "512", "131,072"],
    ]);
  });

  it("names the latents that suffer", () => {
    const [worst] = sampleReport.saes![1]!.reference!.fvuIncrease!.predicted.worst;
    const row = document.querySelector('#sae-2 [aria-label="Latents that suffer most"] tbody tr')!;
    expect(texts(row, "th")).toEqual([String(worst!.latent)]);
    const figure = [...document.querySelectorAll("#sae-2 figure")].find((one) =>
      texts(one, "h4").includes("FVU increase by latent"),
    )!;
    const counts = texts(figure, "tbody th");
    expect([counts[0], counts[1], counts.at(-1)]).toEqual(["the worst", "the worst 2", "the worst 2,011"]);
    expect(texts(figure, "tbody tr:last-child td")[1]).toBe("100%");
    expect(texts(figure, "figcaption p")[0]).toContain("37 add nothing");
  });

  it("says how every SAE differs from the first, and whether that is good, in words too", () => {
    const rows = [...document.querySelectorAll('[aria-label="Differences from float topk"] tr')];
    expect(texts(rows[0]!, "th")).toEqual(
      ["SAE", "FVU", "L0", "Dead", "Bits per weight", "File size", "CE recovered", "KL"], // prettier-ignore
    );
    expect(texts(rows[3]!, "th, td")).toEqual([
      "4 bits, jumprelu",
      "+0.0050 worse",
      "+8.1",
      "±0",
      "−27.94 better",
      "−3.66 MB better",
      "−0.0020 worse",
      "+0.00718 worse",
    ]);
    const two = [
      { name: "a", summary: { fvu: 0.2, tokens: 10 } },
      { name: "b", summary: { fvu: 0.1, tokens: 20 } },
    ];
    const panel = parsed({ ...minimal, saes: two }).querySelector("#summary .panel")!;
    expect(texts(panel, "tbody td")).toEqual(["−0.1000 better"]);
    expect(texts(panel, ".caption")[0]).toContain("different numbers of tokens");
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
    expect(texts(page, "#sae-1 h4")).toEqual(["Levels", "FVU by level"]);
    expect(page.querySelectorAll("#sae-1 circle")).toHaveLength(3);
    const rows = [...page.querySelectorAll('[aria-label="Levels"] tr')].map((tr) => texts(tr, "th, td"));
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

  it("plots the frontier in bits and in bytes, only where there are several SAEs to compare", () => {
    const group = groupOf(document, "#summary", "Size against quality");
    expect(texts(group, "h4")).toEqual(["FVU against bits", "FVU against bytes"]);
    // four SAEs, and seven widths to which the first was rounded
    for (const svg of group.querySelectorAll("svg")) expect(svg.querySelectorAll("circle")).toHaveLength(11);
    expect(texts(parsed({ ...minimal, saes: [sampleReport.saes![0]!] }), "#summary h3")).toEqual([]);
  });

  it("gives every chart a description, a caption and its numbers, and hides the drawing from screen readers", () => {
    const figures = [...document.querySelectorAll("figure")];
    expect(figures.length).toBeGreaterThan(60);
    for (const figure of figures) {
      const plot = figure.querySelector(".plot")!;
      expect(plot.getAttribute("role")).toBe("img");
      expect(plot.getAttribute("aria-label")!.length).toBeGreaterThan(20);
      expect(plot.querySelector("svg")!.getAttribute("aria-hidden")).toBe("true");
      expect(figure.querySelector("figcaption h4")!.textContent).not.toBe("");
      expect(figure.querySelectorAll("details tbody tr").length).toBeGreaterThan(0);
    }
  });

  it("links to every section when there are more than two, and to nothing that does not exist", () => {
    const linksOf = (selector: string): string[] =>
      [...document.querySelectorAll(selector)].map((a) => a.getAttribute("href")!);
    expect(linksOf("nav > ol > li > a")).toEqual(["#summary", "#training", "#sae-1", "#sae-2", "#sae-3", "#sae-4"]);
    expect(texts(document, "nav ol ol a").slice(0, 3)).toEqual(["Size against quality", "Side by side", "Curves"]);
    for (const link of linksOf("nav a")) expect(document.querySelectorAll(link)).toHaveLength(1);
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
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
          reference: {
            ...ternary!.reference!,
            name: HOSTILE,
            weights: [{ ...ternary!.reference!.weights![0]!, matrix: HOSTILE }],
          },
          rounded: [{ quantizer: HOSTILE, bits_per_weight: 2, fvu: 0.1, tokens: 9 }],
        },
        { ...float!, name: `2${HOSTILE}` },
      ],
      runs: [
        {
          name: HOSTILE,
          steps: [
            { tokens: 1, gradients: { [HOSTILE]: { norm: 1, zeroShare: 0 }, __proto__x: { norm: 2, zeroShare: 0 } } },
          ],
        },
      ],
    };
    const page = parsed(hostile);
    expect(page.querySelectorAll("script, img")).toHaveLength(0);
    expect([...page.querySelectorAll("*")].filter((element) => element.hasAttribute("onerror"))).toEqual([]);
    expect(texts(page, "h1")).toEqual([HOSTILE]);
    expect(texts(page, "title")).toEqual([HOSTILE]);
    expect(texts(page, "#sae-1 h2")).toEqual([HOSTILE]);
    expect(texts(page, "#sae-1 h4")).toContain(`Codes of the ${HOSTILE}`);
    expect(texts(page, "#sae-1 h3")).toContain(`Against ${HOSTILE}`);
    expect(texts(page, "#training .legend li")).toContain(HOSTILE);
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
    fc.assert(
      fc.property(anySaes, anyRuns, (saes, runs) => {
        expect(renderReport({ ...minimal, saes, runs })).not.toMatch(/NaN|undefined|Infinity/);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
