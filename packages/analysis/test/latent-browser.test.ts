/** The latent browser of a report in a real browser: opened from disk, as people do. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { renderReport, type LatentTable, type ReportSae } from "@qsae/analysis";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { latentRecords, latentTable, type FiringText } from "../src/report/browser/latents.fixture.ts";
import { CHROMIUM, chromiumHere } from "./chromium.ts";
import { withWatchedPage } from "./watched-page.ts";

const missing = !chromiumHere("latent-browser.test.ts");

const HOSTILE = `</script><img src=x onerror="document.title='run'"><script>document.title='run'</script>`;

/**
 * 300 latents on 40 windows of 10 tokens. Latent 7 fires on " dog", 8 on " dog" too but most on " cat", 9 on the hostile token
 * alone; 10 to 19 are dead; of the others, latent j fires once, on row j.
 */
function sampleText(): FiringText {
  const sentence = [" the", " dog", " saw", " a", " cat", ".", "\n", "\u202eok", HOSTILE, " end"];
  const words = Array.from({ length: 400 }, (_, row) => (row === 12 ? " heard" : sentence[row % 10]!));
  const firings = words.map((word, row) => ({
    ...(row >= 20 && row < 300 && { [row]: 1 + row / 100 }),
    ...(word === " dog" && { 7: 3, 8: 1 }),
    ...(word === " cat" && { 8: 4 - row / 1000 }),
    ...(word === HOSTILE && row < 20 && { 9: 2 }),
    ...(row === 0 && { 0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1 }),
  }));
  return { words, rowsPerWindow: 10, firings, dSae: 300 };
}

/** Of the reference, latent 7 fires on " cat". */
function referenceText(): FiringText {
  const text = sampleText();
  const firings = text.firings.map((latents, row) => {
    const { 7: _, ...others } = latents;
    return row % 10 === 4 && row >= 300 ? { ...others, 7: 1 } : others;
  });
  return { ...text, firings };
}

describe.skipIf(missing)("the latent browser of a report opened from disk", { timeout: 30_000 }, () => {
  let folder: string;
  let browser: Browser;
  const text = sampleText();
  const table = latentTable(text);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "qsae-latents-"));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const reportOf = (saes: readonly ReportSae[]): string =>
    renderReport({ title: "Latents", createdAt: new Date("2025-11-24T05:42:00Z"), saes });
  const usual = reportOf([
    { name: "float", latents: table },
    { name: "ternary", latents: table },
  ]);

  function written(report: string): string {
    const path = join(folder, "report.html");
    writeFileSync(path, report);
    return pathToFileURL(path).href;
  }

  interface Opening extends BrowserContextOptions {
    readonly latents?: LatentTable;
    readonly hash?: string;
  }

  /** Opens the latents of two SAEs, as `withWatchedPage` does. */
  async function withPage({ latents = table, hash = "", ...options }: Opening, look: (page: Page) => Promise<void>) {
    const address = written(
      latents === table
        ? usual
        : reportOf([
            { name: "float", latents: table },
            { name: "ternary", latents },
          ]),
    );
    await withWatchedPage(browser, address + hash, options, async (page) => {
      if (options.javaScriptEnabled !== false) await page.waitForSelector("#sae-2-latents h3");
      await look(page);
    });
  }

  const one = "#sae-1-latents ";
  const chosen = (page: Page, section = one): Promise<string | null> => page.textContent(`${section}h3`);
  const status = (page: Page): Promise<string | null> => page.textContent(`${one}[data-part=status]`);
  const search = (page: Page, typed: string): Promise<void> => page.fill(`${one}[data-part=search]`, typed);
  const listed = (page: Page): Promise<string[]> =>
    page.$$eval(`${one}[role=option] .name`, (all) => all.map((o) => o.textContent));
  const focused = (page: Page): Promise<string> =>
    page.evaluate(() => (document.activeElement as HTMLElement).dataset["part"] ?? document.activeElement!.tagName);

  it("lists what fires, without the dead, and says how many that is", async () => {
    await withPage({}, async (page) => {
      expect(await status(page)).toBe("290 of 300 latents");
      expect((await listed(page)).slice(0, 12)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "20", "21"]);
      expect(await chosen(page)).toBe("Latent 0");
      expect(await page.$$eval(`${one}[data-part=shown] option`, (all) => all.map((o) => o.textContent))).toEqual([
        "Firing (290)",
        "Dense, above 10% (1)",
        "Dead (10)",
        "All (300)",
      ]);
      await page.selectOption(`${one}[data-part=shown]`, "dead");
      expect(await status(page)).toBe("10 of 300 latents");
      expect(await listed(page)).toEqual(["10", "11", "12", "13", "14", "15", "16", "17", "18", "19"]);
      await page.click(`${one}[data-latent="12"]`);
      expect(await page.textContent(`${one}article`)).toContain("It fired on no token.");
    });
  });

  it("finds a latent by its number, dead or not, and by text, the best match first", async () => {
    await withPage({}, async (page) => {
      await search(page, "13");
      expect(await listed(page)).toEqual(["13"]);
      await search(page, "#250");
      expect(await listed(page)).toEqual(["250"]);
      await search(page, "DOG SAW");
      expect((await listed(page)).slice(0, 2)).toEqual(["7", "8"]);
      expect(await page.textContent(`${one}[data-latent="7"] .line`)).toMatch(/^the dog saw a/);
      await search(page, "heard"); // in a context that is not the first
      expect(await page.textContent(`${one}[data-latent="7"] .line`)).toMatch(/^the dog heard a/);
      await search(page, "elephant");
      expect(await status(page)).toBe("0 of 300 latents");
      expect(await listed(page)).toEqual([]);
      await search(page, "");
      await page.selectOption(`${one}[data-part=order]`, "largest");
      expect((await listed(page)).slice(0, 3)).toEqual(["8", "299", "298"]);
    });
  });

  it("shows the contexts of a latent, the strongest token marked by more than colour", async () => {
    await withPage({}, async (page) => {
      await page.click(`${one}[data-latent="8"]`);
      const contexts = await page.$$eval(`${one}.contexts li`, (items) =>
        items.map((item) => ({
          text: item.querySelector(".context-text")!.textContent,
          peak: item.querySelector("strong")!.textContent,
          note: item.querySelector(".context-note")!.textContent,
          titles: [...item.querySelectorAll<HTMLElement>("[title]")].map(({ title }) => title),
        })),
      );
      expect(contexts).toHaveLength(5);
      expect(contexts[0]).toEqual({
        text: `the dog saw a cat.↵⟨U+202E⟩ok${HOSTILE} end`,
        peak: " cat",
        note: "4 at row 4",
        titles: ["about 1, 25% of the latent's largest value", "4, 100% of the latent's largest value"],
      });
      const [peak, weak, plain] = await page.$eval(`${one}.contexts li`, (item) =>
        [item.querySelector("strong")!, item.querySelector("span.fired")!, item].map((of) => {
          const { backgroundColor, textDecorationLine, fontWeight } = getComputedStyle(of);
          return { backgroundColor, underlined: textDecorationLine === "underline", bold: Number(fontWeight) > 500 };
        }),
      );
      expect([peak!, weak!].map(({ underlined, bold }) => [underlined, bold])).toEqual([
        [true, true],
        [false, false],
      ]);
      expect(new Set([peak, weak, plain].map((of) => of!.backgroundColor)).size).toBe(3);
    });
  });

  it.each(["light", "dark"] as const)("keeps highlighted text readable in %s", async (colorScheme) => {
    await withPage({ colorScheme }, async (page) => {
      await page.click(`${one}[data-latent="8"]`);
      // drawn by the browser itself, whatever way it writes mixed colours
      const [ink, back] = await page.evaluate(() => {
        const drawn = (colors: readonly string[]): number[] => {
          const context = document.createElement("canvas").getContext("2d")!;
          for (const color of colors) {
            context.fillStyle = color;
            context.fillRect(0, 0, 1, 1);
          }
          return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
        };
        const strong = document.querySelector("#sae-1-latents .contexts strong")!;
        const paper = getComputedStyle(document.body).backgroundColor;
        const { color, backgroundColor } = getComputedStyle(strong);
        return [drawn([color]), drawn([paper, backgroundColor])];
      });
      expect(contrast(ink, back)).toBeGreaterThan(4.5);
    });
  });

  it("goes by keyboard: from the search to the list, through it, to the neighbours, and back to the search", async () => {
    await withPage({}, async (page) => {
      await page.focus(`${one}[data-part=search]`);
      await page.keyboard.type("dog");
      await page.keyboard.press("Enter");
      expect(await chosen(page)).toBe("Latent 7");
      expect(await focused(page)).toBe("search");
      await search(page, "");
      await page.keyboard.press("ArrowDown");
      expect(await focused(page)).toBe("list");
      expect(await chosen(page)).toBe("Latent 7");
      await page.keyboard.press("ArrowDown");
      expect(await chosen(page)).toBe("Latent 8");
      const active = await page.getAttribute(`${one}[role=listbox]`, "aria-activedescendant");
      expect(await page.getAttribute(`#${active}`, "aria-selected")).toBe("true");
      expect(await page.getAttribute(`#${active}`, "aria-setsize")).toBe("290");
      expect(await page.getAttribute(`#${active}`, "aria-label")).toMatch(/^Latent 8, density 20%, /);
      await page.keyboard.press("End");
      expect(await chosen(page)).toBe("Latent 299");
      expect(await page.isVisible(`${one}[data-latent="299"]`)).toBe(true);
      await page.keyboard.press("PageUp");
      expect(Number((await chosen(page))!.split(" ")[1])).toBeLessThan(299);
      for (let step = 0; step < 30; step++) await page.keyboard.press("ArrowUp");
      const numbers = (await listed(page)).map(Number);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(numbers.length).toBeLessThan(60);
      await page.keyboard.press("Home");
      expect(await chosen(page)).toBe("Latent 0");
      await page.keyboard.press("ArrowUp");
      expect(await chosen(page)).toBe("Latent 0");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      expect(await chosen(page)).toBe("Latent 1");
      expect(await focused(page)).toBe("H3");
      await page.keyboard.press("/");
      expect(await focused(page)).toBe("search");
      const outline = await page.$eval(`${one}[data-part=search]`, (input) => getComputedStyle(input).outlineStyle);
      expect(outline).toBe("solid");
    });
  });

  it("jumps to neighbours, and back again as the web browser does", async () => {
    await withPage({}, async (page) => {
      await page.click(`${one}[data-latent="5"]`);
      expect(new URL(page.url()).hash).toBe("#sae-1/latent-5");
      const neighbours = await page.$$eval(`${one}.neighbours button`, (all) => all.map((b) => b.textContent));
      expect(neighbours.map((neighbour) => neighbour.replace(/^(\d+).* cosine /, "$1 "))).toEqual(["6 0.88", "7 0.25"]);
      await page.click(`${one}.neighbours button:nth-child(1)`);
      expect(await chosen(page)).toBe("Latent 6");
      await page.goBack();
      expect(await chosen(page)).toBe("Latent 5");
      await page.goForward();
      expect(await chosen(page)).toBe("Latent 6");
      expect(await chosen(page, "#sae-2-latents ")).toBe("Latent 0");
    });
  });

  it("opens at the latent that the address names, in whichever SAE", async () => {
    await withPage({ hash: "#sae-2/latent-12" }, async (page) => {
      expect(await chosen(page, "#sae-2-latents ")).toBe("Latent 12");
      expect(await chosen(page)).toBe("Latent 0");
      const top = await page.$eval("#sae-2-latents h2", (heading) => heading.getBoundingClientRect().top);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(top).toBeLessThan(300);
    });
    await withPage({ hash: "#sae-1/latent-300" }, async (page) => expect(await chosen(page)).toBe("Latent 0"));
  });

  it("shows hostile tokens as text", async () => {
    await withPage({}, async (page) => {
      await search(page, "onerror");
      expect((await listed(page))[0]).toBe("9");
      await page.keyboard.press("Enter");
      await page.click(`${one}[data-latent="9"]`);
      expect(await page.textContent(`${one}.contexts strong`)).toBe(HOSTILE);
      expect(await page.$$eval("img, iframe, [onerror]", (elements) => elements.length)).toBe(0);
      expect(await page.$$eval("script", (scripts) => scripts.map((s) => s.type))).toEqual([
        "application/octet-stream",
        "application/octet-stream",
        "",
      ]);
      expect(await page.title()).toBe("Latents");
    });
  });

  it("lets no other script run, not even one that is put into the file", async () => {
    const path = join(folder, "tampered.html");
    const intruder = `<script>document.title = "run"</script><p onclick="document.title = 'run'">click</p>`;
    writeFileSync(path, reportOf([{ name: "float", latents: table }]).replace("</main>", `${intruder}</main>`));
    const page = await browser.newPage();
    await page.goto(pathToFileURL(path).href);
    await page.waitForSelector(`${one}h3`);
    await page.click("main > p");
    expect(await page.title()).toBe("Latents");
    await page.close();
  });

  it("fits a phone", async () => {
    await withPage({ viewport: { width: 390, height: 844 } }, async (page) => {
      await page.click(`${one}[data-latent="9"]`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
      const heights = await page.$$eval(`${one}:is(.option, .neighbours button, input, select)`, (all) =>
        all.map((of) => of.getBoundingClientRect().height),
      );
      expect(Math.min(...heights)).toBeGreaterThanOrEqual(44);
    });
  });

  it("prints the chosen latent alone", async () => {
    await withPage({}, async (page) => {
      await page.emulateMedia({ media: "print" });
      expect(await page.isVisible(`${one}[role=listbox]`)).toBe(false);
      expect(await page.isVisible(`${one}form`)).toBe(false);
      expect(await page.isVisible(`${one}h3`)).toBe(true);
      expect(await page.isVisible(`${one}.contexts`)).toBe(true);
    });
  });

  it("says what it needs where scripts do not run", async () => {
    await withPage({ javaScriptEnabled: false }, async (page) => {
      expect(await page.isVisible(`${one}.browser`)).toBe(false);
      expect(await page.innerText(one)).toContain("Browsing them needs JavaScript");
    });
  });

  it("says what is wrong where it cannot unpack the latents", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, "DecompressionStream"));
    await page.goto(written(reportOf([{ name: "float", latents: table }])));
    expect(await page.innerText(`${one}[data-part=notice]`)).toMatch(/too old .* DecompressionStream/);
    await context.close();

    const path = join(folder, "damaged.html");
    const report = reportOf([{ name: "float", latents: table }]);
    writeFileSync(path, report.replace(/(data-part="data">.{100})..../, "$1AAAA"));
    const damaged = await browser.newPage();
    await damaged.goto(pathToFileURL(path).href);
    await damaged.waitForFunction(() => document.querySelector("[data-part=notice]")!.textContent !== "");
    expect(await damaged.innerText(`${one}[data-part=notice]`)).toContain("The latents in this file are damaged");
    expect(await damaged.isVisible(`${one}.browser`)).toBe(false);
    await damaged.close();
  });

  it("shows numbers, density and neighbours where the data come without tokens", async () => {
    const { contexts: _, ...bare } = table;
    await withPage({ latents: bare, hash: "#sae-2/latent-8" }, async (page) => {
      const article = (await page.textContent("#sae-2-latents article"))!;
      expect(article).toContain("The data came without their tokens.");
      expect(article).toContain("20%, 80 of 400 tokens");
      await page.fill("#sae-2-latents [data-part=search]", "dog");
      expect(await page.textContent("#sae-2-latents [data-part=status]")).toBe(
        "0 of 300 latents; without tokens only numbers can be found",
      );
    });
  });

  it("pairs latents with those of a reference, and finds those whose contexts changed", async () => {
    const latents = { ...table, reference: { name: "float", ...latentRecords(referenceText()) } };
    const two = "#sae-2-latents ";
    await withPage({ latents }, async (page) => {
      await page.selectOption(`${two}[data-part=shown]`, "changed");
      expect(await page.textContent(`${two}[data-part=status]`)).toBe("1 of 300 latents");
      await page.click(`${two}[data-latent="7"]`);
      expect(await page.$$eval(`${two}h4`, (all) => all.slice(0, 2).map((h) => h.textContent))).toEqual([
        "Strongest contexts",
        "In float",
      ]);
      const changed = await page.$$eval(`${two}.compared`, (sides) =>
        sides.map((side) => [side.querySelector("strong")!.textContent, side.querySelectorAll("li.changed em").length]),
      );
      expect(changed).toEqual([
        [" dog", 5],
        [" cat", 5],
      ]);
      expect(await page.textContent(`${two}.was`)).toBe("2.5%, 10 of 400 tokens in float");
    });
  });
});

function contrast(a: readonly number[], b: readonly number[]): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

/** Relative luminance (WCAG 2.2). */
function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((value) => {
    const channel = value / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
