import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { browserParts } from "../browser-parts.ts";
import { PAGE_SCRIPT } from "../generated/page-script.ts";
import { bundledScript, generatedModule } from "./bundle.ts";

it("is written anew when the page's sources change: pnpm --filter @qsae/analysis build:page", async () => {
  const committed = readFileSync(new URL("../generated/page-script.ts", import.meta.url), "utf8");
  expect(generatedModule(await bundledScript())).toBe(committed);
});

it("is allowed by its hash, whatever else is not", () => {
  const { policy, script } = browserParts([{}, { latents: {} }]);
  const text = /^<script>(.*)<\/script>$/s.exec(script.toString())![1]!;
  expect(text).toBe(PAGE_SCRIPT);
  expect(policy).toBe(`; script-src 'sha256-${createHash("sha256").update(text).digest("base64")}'`);
});

it("is plain ASCII without markup, and writes no markup into the page", () => {
  expect(/^[\x20-\x7e\n\t]+$/.test(PAGE_SCRIPT)).toBe(true);
  const markup = /<\/?script|<!--|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|fetch\(/i;
  expect(markup.exec(PAGE_SCRIPT)).toBeNull();
});

it("is left out of pages that need none", () => {
  const { policy, script, style } = browserParts([{}, {}]);
  expect([policy, String(script), String(style)]).toEqual(["", "", ""]);
});
