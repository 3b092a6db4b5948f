/** The report in a real browser: opened from disk, as people do. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { renderReport, reportCharts } from "@qsae/analysis";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sampleReport } from "../src/report/report-input.fixture.ts";
import { CHROMIUM, chromiumHere } from "./chromium.ts";
import { withWatchedPage } from "./watched-page.ts";

const sample = renderReport(sampleReport);
const sampleCharts = reportCharts(sampleReport);
const missing = !chromiumHere("report-in-browser.test.ts");

describe.skipIf(missing)("a report opened from disk", { timeout: 30_000 }, () => {
  let folder: string;
  let browser: Browser;
  let path: string;
  let address: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "qsae-report-"));
    path = join(folder, "report.html");
    address = pathToFileURL(path).href;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  }, 60_000);

  beforeEach(() => writeFileSync(path, sample));

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the report and runs `look` on it, as `withWatchedPage` does. */
  async function withReport(options: BrowserContextOptions, look: (page: Page) => Promise<void>): Promise<void> {
    await withWatchedPage(browser, address, options, look);
  }

  const sizesOf = (page: Page, selector: string): Promise<readonly (readonly [number, number])[]> =>
    page.$$eval(selector, (elements) =>
      elements.map((element) => {
        const { width, height } = element.getBoundingClientRect();
        return [width, height] as const;
      }),
    );

  it.each([
    ["on a wide screen", { width: 1280, height: 900 }],
    ["on a phone", { width: 390, height: 844 }],
  ])("shows every chart %s, and nothing wider than the window", async (_, viewport) => {
    await withReport({ viewport }, async (page) => {
      const sizes = await sizesOf(page, "svg.chart");
      expect(sizes.length).toBe(sampleCharts.length);
      for (const [width, height] of sizes) {
        expect(width).toBeGreaterThan(300);
        expect(height).toBeGreaterThan(120);
      }
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
    });
  });

  it.each(["light", "dark"] as const)("keeps text and series readable in %s", async (colorScheme) => {
    await withReport({ colorScheme }, async (page) => {
      const colors = await page.evaluate(() => {
        const read = (name: string): number[] => {
          const probe = document.body.appendChild(document.createElement("i"));
          probe.style.color = `var(${name})`;
          const rgb = getComputedStyle(probe)
            .color.match(/[\d.]+/g)!
            .slice(0, 3)
            .map(Number);
          probe.remove();
          return rgb;
        };
        const series = Array.from({ length: 8 }, (_, i) => read(`--series-${i + 1}`));
        const heat = Array.from({ length: 6 }, (_, i) => read(`--heat-${i + 1}`));
        const [paper, panel, ink, soft] = ["--paper", "--panel", "--ink", "--soft"].map(read);
        const verdicts = ["--better", "--worse"].map(read);
        return { paper: paper!, panel: panel!, ink: ink!, soft: soft!, series, heat, verdicts };
      });
      expect(luminance(colors.paper) > 0.5).toBe(colorScheme === "light");
      expect(contrast(colors.ink, colors.paper)).toBeGreaterThan(7);
      expect(contrast(colors.soft, colors.paper)).toBeGreaterThan(4.5);
      for (const color of colors.series) expect(contrast(color, colors.paper)).toBeGreaterThan(3);
      for (const color of colors.verdicts) expect(contrast(color, colors.paper)).toBeGreaterThan(4.5);
      // every class of heat is told from the next, and much is further from the paper than little
      [colors.panel, ...colors.heat].forEach((color, i, all) => {
        if (i > 0) expect(contrast(color, all[i - 1]!)).toBeGreaterThan(1.12);
        if (i > 1) expect(contrast(color, colors.paper)).toBeGreaterThan(contrast(all[i - 1]!, colors.paper));
      });
      const [bar] = await page.$$eval("#sae-2 svg rect", (rects) => rects.map((rect) => getComputedStyle(rect).fill));
      expect(bar).toBe(`rgb(${colors.series[1]!.join(", ")})`);
    });
  });

  it("can be read with the keyboard alone", async () => {
    await withReport({}, async (page) => {
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement!.textContent)).toBe("Skip to content");
      const [, height] = (await sizesOf(page, ".skip"))[0]!;
      expect(height).toBeGreaterThan(20);
      await page.focus("#training summary");
      await page.keyboard.press("Enter");
      expect((await sizesOf(page, "#training details[open] table")).length).toBe(1);
    });
  });

  it("leads from the contents to every part, and through every table and its numbers, by Tab and Enter", async () => {
    await withReport({}, async (page) => {
      const expected = await page.evaluate(() => {
        const all = [...document.querySelectorAll("a, summary, [tabindex]")];
        document.addEventListener("focusin", ({ target }) => {
          if (all.includes(target as Element)) reached.add(target as Element);
        });
        const reached = new Set<Element>();
        Object.assign(globalThis, { reached });
        return all.length;
      });
      for (let i = 0; i < expected + 1; i++) await page.keyboard.press("Tab");
      const reached = await page.evaluate(() => (globalThis as unknown as { reached: Set<Element> }).reached.size);
      const closed = await page.$$eval("details:not([open]) [tabindex]", (elements) => elements.length);
      expect(reached).toBe(expected - closed);
      await page.focus('nav a[href="#sae-2-3"]');
      await page.keyboard.press("Enter");
      const top = await page.$eval("#sae-2-3", (group) => group.getBoundingClientRect().top);
      expect(Math.abs(top)).toBeLessThan(40);
    });
  });

  it("has charts that open as files of their own, without a message", async () => {
    const chosen = sampleCharts.filter(({ name }) =>
      /fvu-against|fire-together|training-loss|cross-entropy/.test(name),
    );
    const page = await browser.newPage({ viewport: { width: 500, height: 700 } });
    const messages: string[] = [];
    page.on("console", (message) => messages.push(message.text()));
    for (const { name, svg } of chosen) {
      writeFileSync(join(folder, name), svg);
      await page.goto(pathToFileURL(join(folder, name)).href);
      const outside = await page.evaluate(() => {
        const { width, height } = document.documentElement.getBoundingClientRect();
        return [...document.querySelectorAll("text, circle, rect")]
          .map((element) => [element.textContent, element.getBoundingClientRect()] as const)
          .filter(([, box]) => box.left < 0 || box.top < 0 || box.right > width || box.bottom > height)
          .map(([text]) => text);
      });
      expect([name, outside]).toEqual([name, []]);
    }
    expect(chosen.length).toBeGreaterThan(10);
    expect(messages).toEqual([]);
    await page.close();
  });

  it("shows hostile names as text", async () => {
    const name = `</svg></style></title>"'><script>document.title="run"</script><img src=x onerror="alert(1)">`;
    const [sae, other] = sampleReport.saes!;
    const reference = { ...other!.reference!, name };
    const saes = [
      { ...sae!, name },
      { ...other!, reference },
    ];
    writeFileSync(
      path,
      renderReport({ ...sampleReport, title: name, saes, runs: [{ ...sampleReport.runs![0]!, name }] }),
    );
    await withReport({}, async (page) => {
      expect(await page.$$eval("script, img, iframe, [onerror]", (elements) => elements.length)).toBe(0);
      expect(await page.title()).toBe(name);
      expect(await page.textContent("h1")).toBe(name);
      expect(await page.$$eval("section", (sections) => sections.length)).toBe(4);
    });
  });

  it("prints on a few pages", async () => {
    await withReport({ colorScheme: "dark" }, async (page) => {
      await page.emulateMedia({ media: "print", colorScheme: "dark" });
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(paper).toBe("rgb(255, 255, 255)");
      const pdf = await page.pdf({ format: "A4" });
      const pages = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g)!.length;
      expect(pages).toBeGreaterThan(8);
      expect(pages).toBeLessThan(20);
    });
  });
});

/** Relative luminance and contrast ratio, WCAG 2.2. */
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((value) => (value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}
