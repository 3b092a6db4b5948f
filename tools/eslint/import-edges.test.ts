import { ESLint } from "eslint";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { importGraph } from "../import-graph.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// The workspace's own configuration, so that a rule switched off there fails here. Type information is off: the
// pretend files are in no program.
const eslint = new ESLint({
  cwd: root,
  ruleFilter: ({ ruleId }) => ruleId === "qsae/import-edges",
  overrideConfig: { languageOptions: { parserOptions: { projectService: false, project: null } } },
});

const problems = async (path: string, code: string): Promise<string[]> => {
  const results = await eslint.lintText(code, { filePath: `${root}${path}` });
  return results.flatMap(({ messages }) => messages.map(({ message }) => message));
};

describe("the import-edges rule", { timeout: 60_000 }, () => {
  const names = Object.keys(importGraph);

  it.each(names)("allows packages/%s exactly the edges of the graph", async (from) => {
    for (const to of names) {
      const found = await problems(`packages/${from}/src/x.ts`, `import { a } from "@qsae/${to}"; a();`);
      if (to === from || importGraph[from]?.includes(to)) expect(found, `${from} -> ${to}`).toEqual([]);
      else expect(found, `${from} -> ${to}`).toEqual([expect.stringContaining(`must not import @qsae/${to}`)]);
    }
  });

  it.each([
    ["a type import", 'import type { A } from "@qsae/variants"; export type B = A;'],
    ["a re-export", 'export { a } from "@qsae/variants";'],
    ["a star re-export", 'export * from "@qsae/variants";'],
    ["a dynamic import", 'export const a = await import("@qsae/variants");'],
    ["an import type", 'export type A = import("@qsae/variants").A;'],
    ["an import in a test", 'import { a } from "@qsae/variants"; a();', "packages/data/src/x.test.ts"],
    ["a subpath", 'import { a } from "@qsae/variants/extra"; a();'],
  ])("reports a wrong edge made by %s", async (_, code, path = "packages/data/src/x.ts") => {
    expect(await problems(path, code)).toEqual([
      "@qsae/data must not import @qsae/variants; it may import @qsae/runtime, @qsae/core (tools/import-graph.ts).",
    ]);
  });

  it("reports a relative path into another package", async () => {
    expect(await problems("packages/data/src/x.ts", 'export * from "../../core/src/index.ts";')).toEqual([
      expect.stringContaining("leaves packages/data"),
    ]);
    expect(await problems("packages/data/src/a/x.ts", 'export * from "../b/y.ts";')).toEqual([]);
  });

  it("reports a package that does not exist", async () => {
    expect(await problems("packages/cli/src/x.ts", 'export * from "@qsae/utils";')).toEqual([
      expect.stringContaining("there is no package @qsae/utils"),
    ]);
  });

  it.each(["node:fs", "fs", "node:fs/promises", "worker_threads"])("keeps %s out of browser packages", async (name) => {
    const code = `export const a = () => import("${name}");`;
    for (const from of ["runtime", "core"]) {
      expect(await problems(`packages/${from}/src/x.ts`, code)).toEqual([expect.stringContaining("Node built-in")]);
      expect(await problems(`packages/${from}/src/x.test.ts`, code)).toEqual([]);
    }
    expect(await problems("packages/data/src/x.ts", code)).toEqual([]);
  });

  it("keeps test helpers out of libraries", async () => {
    const code = 'export * from "@qsae/core/testing";';
    expect(await problems("packages/quantizers/src/x.ts", code)).toEqual([expect.stringContaining("is for tests")]);
    expect(await problems("packages/quantizers/src/x.test.ts", code)).toEqual([]);
  });
});
