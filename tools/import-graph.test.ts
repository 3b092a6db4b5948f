import { expect, it } from "vitest";

import { importGraph } from "./import-graph.ts";
import { publishedPackages } from "./packages.ts";

it("names every package", () => {
  expect(Object.keys(importGraph).sort()).toEqual(publishedPackages().map(({ folder }) => folder));
});

it.each(publishedPackages().map(({ manifest }) => manifest))(
  "holds what $name depends on",
  ({ name, dependencies }) => {
    const workspaceDependencies = Object.keys(dependencies ?? {}).filter((dependency) =>
      dependency.startsWith("@qsae/"),
    );
    const allowed = importGraph[name.replace("@qsae/", "")]?.map((folder) => `@qsae/${folder}`);
    expect(allowed).toEqual(expect.arrayContaining(workspaceDependencies));
  },
);

it("has no cycle: each package may import only what stands before it", () => {
  const names = Object.keys(importGraph);
  for (const [index, name] of names.entries()) {
    expect(names.slice(0, index)).toEqual(expect.arrayContaining([...importGraph[name]!]));
  }
});
