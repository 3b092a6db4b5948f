import { expect, it } from "vitest";

import { codeBlocks } from "./code-blocks.ts";

it("finds ts blocks with their lines and passes over other languages", () => {
  const markdown = "# A\n\n```ts\nconst a = 1;\n```\n\n```sh\nls\n```\n~~~typescript run\nb();\n\nc();\n~~~\n";
  expect(codeBlocks(markdown)).toEqual([
    { language: "ts", line: 3, code: "const a = 1;", runs: false },
    { language: "ts", line: 10, code: "b();\n\nc();", runs: true },
  ]);
});

it("finds command lines that run, and no others", () => {
  expect(codeBlocks("```sh\nls\n```\n```sh run\nqsae --help\n```\n")).toEqual([
    { language: "sh", line: 4, code: "qsae --help", runs: true },
  ]);
});

it("does not look inside other blocks", () => {
  expect(codeBlocks("````md\n```ts\nconst a = 1;\n```\n````\n")).toEqual([]);
});

it("reads Windows line ends and indented fences", () => {
  expect(codeBlocks("  ```ts\r\n  a();\r\n    b();\r\n  ```\r\n")).toEqual([
    { language: "ts", line: 1, code: "a();\n  b();", runs: false },
  ]);
});

it("refuses a block that is not closed and a word it does not know", () => {
  expect(() => codeBlocks("text\n```ts\na();\n")).toThrow("line 2: the code block is not closed");
  expect(() => codeBlocks("```ts rum\n```\n")).toThrow("line 1: 'rum' after ts; only 'run' is known");
});
