/**
 * ESLint rule: imports between packages follow the import graph.
 *
 * Reports, for a file under `packages/<name>/`:
 * - `@qsae/<other>` that the graph does not allow (values and types alike: a type edge is an edge);
 * - a relative import that leaves the package, which would slip past its `exports`;
 * - a Node built-in in a package that runs in browsers (tests are exempt: they run in Node);
 * - `@qsae/<name>/testing` outside tests, which would drag the test runner into what users install.
 */
import { isBuiltin } from "node:module";
import { posix, sep } from "node:path";

import type { JSSyntaxElement, Rule } from "eslint";

import { browserPackages, importGraph } from "../import-graph.ts";

/** The source of an import: a string literal, or an expression when the import is dynamic. */
type Source = JSSyntaxElement & { readonly value?: unknown };

const isTest = (path: string): boolean => /\.(test|fixture)\.ts$|\/test\/|\/testing\//.test(path);
/** Programs that build a package; they run in Node and are no part of it. */
const isBuild = (path: string): boolean => /\/assembly\/build\//.test(path);

export const importEdges: Rule.RuleModule = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      edge: "@qsae/{{from}} must not import @qsae/{{to}}; it may import {{allowed}} (tools/import-graph.ts).",
      unknownPackage: "there is no package @qsae/{{to}}; the packages are {{allowed}} (tools/import-graph.ts).",
      leavesPackage: "'{{specifier}}' leaves packages/{{from}}; import the other package by its name.",
      builtin:
        "'{{specifier}}' is a Node built-in, and @qsae/{{from}} runs in browsers; take what it gives as an argument.",
      testing: "'{{specifier}}' is for tests; move what the library needs out of it.",
    },
  },
  create(context) {
    const path = context.filename.split(sep).join("/");
    const [, packagePath, from] = /^(.*\/packages\/([^/]+))\//.exec(path) ?? [];
    if (packagePath === undefined || from === undefined) return {};

    const report = (node: Source, messageId: string, data: Record<string, string>): void =>
      context.report({ node, messageId, data: { from, ...data } });

    const check = (node: Source | null | undefined): void => {
      if (typeof node?.value !== "string") return;
      const specifier = node.value;

      if (specifier.startsWith(".")) {
        const target = posix.join(posix.dirname(path), specifier);
        if (!target.startsWith(`${packagePath}/`)) report(node, "leavesPackage", { specifier });
        return;
      }
      if (isBuiltin(specifier) && browserPackages.includes(from) && !isTest(path) && !isBuild(path)) {
        report(node, "builtin", { specifier });
        return;
      }
      const [, to, entry] = /^@qsae\/([^/]+)(?:\/(.*))?$/.exec(specifier) ?? [];
      if (to === undefined) return;
      const allowed = importGraph[from] ?? [];
      if (importGraph[to] === undefined) {
        report(node, "unknownPackage", { to, allowed: Object.keys(importGraph).join(", ") });
      } else if (to !== from && !allowed.includes(to)) {
        const names = allowed.map((name) => `@qsae/${name}`).join(", ");
        report(node, "edge", { to, allowed: names || "no other package" });
      } else if (entry === "testing" && !isTest(path)) {
        report(node, "testing", { specifier });
      }
    };

    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node: { readonly source: Source }) => check(node.source),
    };
  },
};
