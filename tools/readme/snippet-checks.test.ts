import { describe, expect, it } from "vitest";

import { commandLines, runCommands } from "./run-commands.ts";
import { runSnippet } from "./run-snippet.ts";
import { typeCheck } from "./type-check.ts";

describe("typeCheck", () => {
  it("reports errors under the document's own lines, and only in the snippet that has them", () => {
    const found = typeCheck([
      { document: "A.md", line: 10, code: "const a: number = 1;\nconst b: string = a;\n" },
      { document: "A.md", line: 20, code: "const a = 2;\nexport default a;\n" },
      { document: "B.md", line: 1, code: 'import { nothingOfThatName } from "@qsae/runtime";\n' },
      { document: "B.md", line: 5, code: "const = ;\n" },
    ]);
    expect(found.map((messages) => messages.length > 0)).toEqual([true, false, true, true]);
    expect(found[0]).toEqual(["A.md:12: Type 'number' is not assignable to type 'string'."]);
    expect(found[2]?.[0]).toMatch(/^B.md:2: .*no exported member 'nothingOfThatName'/);
  }, 60_000);
});

describe("runSnippet", () => {
  it("tells success from failure", async () => {
    expect(await runSnippet('import { existsSync } from "node:fs";\nconsole.log(existsSync("examples"));')).toEqual({
      status: 0,
      output: "true\n",
    });
    const failed = await runSnippet('throw new Error("on purpose");');
    expect(failed.status).toBe(1);
    expect(failed.output).toContain("on purpose");
  }, 60_000);

  it("resolves packages to their sources", async () => {
    const { output } = await runSnippet('console.log(import.meta.resolve("@qsae/runtime"));');
    expect(output).toMatch(/packages\/runtime\/src\/index\.ts\n$/);
  }, 60_000);
});

describe("runCommands", () => {
  it("runs one after the other and ends with the first that fails", async () => {
    const { status, output } = await runCommands(
      "# versions\nqsae --version\nqsae inspect nothing # fails\nqsae --help\n",
    );
    expect(status).toBe(1);
    expect(output).toMatch(/^\d+\.\d+\.\d+\nerror: nothing: no such file/);
    expect(output).not.toContain("Usage");
  }, 60_000);

  it("knows lines that go on, and refuses what it cannot run", () => {
    expect(commandLines("qsae eval \\\n  --sae a.b\n\nqsae --help")).toEqual([["eval", "--sae", "a.b"], ["--help"]]);
    expect(() => commandLines("rm x")).toThrow("'rm x': only qsae commands run");
    expect(() => commandLines("qsae eval > x")).toThrow("there is no shell to read it");
  });
});
