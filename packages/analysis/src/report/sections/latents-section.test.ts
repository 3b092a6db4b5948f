import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { LatentTable } from "../../latents/latent-table.ts";
import { latentRecords, latentTable, smallText } from "../browser/latents.fixture.ts";
import { renderReport } from "../render-report.ts";
import { sampleSae } from "../report-input.fixture.ts";

const createdAt = new Date("2025-11-24T05:42:00Z");
const pageOf = (latents: LatentTable, name = "float"): Document =>
  parseHTML(renderReport({ title: "t", createdAt, saes: [{ name, latents }] })).document;
const textOf = (root: ParentNode, selector: string): string =>
  root.querySelector(selector)!.textContent.replace(/\s+/g, " ").trim();
const choices = (page: Document, part: string): string[] =>
  [...page.querySelectorAll(`[data-part="${part}"] option`)].map((option) => option.getAttribute("value")!);

describe("latentsSection", () => {
  it("says what it shows, and what it needs", () => {
    const section = pageOf(latentTable(smallText)).querySelector("#sae-1-latents")!;
    expect(textOf(section, "h2")).toBe("Latents of float");
    expect(textOf(section, ".introduction")).toBe(
      "4 latents on 8 tokens, 1 dead. Of each: where it fires strongest, and the latents whose atoms are most like its own.",
    );
    expect(textOf(section, "noscript")).toBe("Browsing them needs JavaScript; all else in this report does without.");
    expect(section.querySelector(".browser")!.hasAttribute("hidden")).toBe(true);
  });

  it("is linked to, and lets one script run by its hash", () => {
    const page = pageOf(latentTable(smallText));
    expect([...page.querySelectorAll("nav a")].map((a) => a.getAttribute("href"))).toContain("#sae-1-latents");
    const policy = page.querySelector("meta[http-equiv]")!.getAttribute("content")!;
    expect(policy).toMatch(/^default-src 'none'; .*; script-src 'sha256-[\w+/]{43}='$/);
    const scripts = [...page.querySelectorAll("script")].map((script) => script.getAttribute("type"));
    expect(scripts).toEqual(["application/octet-stream", null]);
  });

  it("offers what changed where there is a reference", () => {
    const table = latentTable(smallText);
    expect(choices(pageOf(table), "shown")).toEqual(["firing", "dense", "dead", "all"]);
    const compared = pageOf({ ...table, reference: { name: "float", ...latentRecords(smallText) } });
    expect(choices(compared, "shown")).toContain("changed");
    expect(choices(compared, "order")).toContain("changed");
  });

  it("does not put more latents into a page than it can hold", () => {
    const dSae = 2 ** 18 + 1;
    const latents: LatentTable = {
      tokens: 2,
      counts: new Float64Array(dSae),
      largest: new Float32Array(dSae),
      neighbours: { perLatent: 0, latents: new Int32Array(), cosines: new Float32Array() },
    };
    const section = pageOf(latents).querySelector("#sae-1-latents")!;
    expect(textOf(section, ".nothing")).toBe("Too many to browse in one page: it holds 262,144.");
    expect(section.querySelector("script")).toBeNull();
  });

  it("leaves reports without latents as they were", () => {
    const markup = renderReport({ title: "t", createdAt, saes: [sampleSae("a", { fvu: 0.1, bits: 32, seed: 1 })] });
    expect(markup).not.toMatch(/<script|script-src|\.browser/);
  });

  it("lets no name become markup", () => {
    const hostile = `"></script><img src=x onerror=alert(1)>`;
    const page = pageOf(
      { ...latentTable(smallText), reference: { name: hostile, ...latentRecords(smallText) } },
      hostile,
    );
    expect(page.querySelectorAll("img")).toHaveLength(0);
    expect(textOf(page, "#sae-1-latents h2")).toBe(`Latents of ${hostile}`);
  });
});
