import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";

/** Opens a page of its own and runs `look` on it; fails on any message in the console and on any request beyond the file. */
export async function withWatchedPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const messages: string[] = [];
    const requests: string[] = [];
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(error.message));
    page.on("request", (request) => requests.push(request.url()));
    await page.goto(address);
    await look(page);
    expect(messages).toEqual([]);
    const files = requests.filter((url) => url !== "data:,").map((url) => url.split("#")[0]);
    expect(files).toEqual([address.split("#")[0]]);
  } finally {
    await context.close();
  }
}
