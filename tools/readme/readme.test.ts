/**
 * The code in the documents is true: every ` ```ts ` block type checks against the sources, and every ` ```ts run ` and
 * ` ```sh run ` block runs.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { root } from "../root.ts";
import { codeBlocks } from "./code-blocks.ts";
import { documents } from "./documents.ts";
import { runCommands } from "./run-commands.ts";
import { runSnippet } from "./run-snippet.ts";
import { typeCheck } from "./type-check.ts";

const typeCheckTimeoutMs = 60_000;
const runTimeoutMs = 120_000;

const snippets = documents().flatMap((document) =>
  codeBlocks(readFileSync(root + document, "utf8")).map((block) => ({ document, ...block })),
);

it("reads the README", () => {
  expect(documents()).toContain("README.md");
});

it("type checks every ts block", { timeout: typeCheckTimeoutMs }, () => {
  expect(typeCheck(snippets.filter(({ language }) => language === "ts")).flat()).toEqual([]);
});

const running = snippets.filter(({ runs }) => runs);
describe.runIf(running.length > 0)("runs", () => {
  it.each(running)("$document:$line", { timeout: runTimeoutMs }, async ({ language, code }) => {
    const { status, output } = await (language === "ts" ? runSnippet(code) : runCommands(code));
    expect(status, output).toBe(0);
  });
});
