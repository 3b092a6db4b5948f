/** What `pnpm test` runs besides the tests, in order. */

/** A check that passes or fails as a whole. */
export interface Stage {
  readonly name: string;
  /** Programs of node_modules/.bin with their arguments; the stage fails at the first that does. */
  readonly commands: readonly (readonly [program: string, ...args: string[]])[];
  /** The stage looks at dist/, so it means nothing where the build failed. */
  readonly needsBuild?: boolean;
}

export const stagesBeforeTests: readonly Stage[] = [
  { name: "build", commands: [["nx", "run-many", "-t", "build"]] },
  {
    name: "typecheck",
    commands: [
      ["nx", "run-many", "-t", "typecheck"],
      ["tsc", "-p", "tsconfig.json"],
    ],
  },
  { name: "lint", commands: [["eslint", "."]] },
  { name: "format", commands: [["prettier", "--check", "--log-level=warn", "."]] },
];

export const stagesAfterTests: readonly Stage[] = [
  { name: "knip", commands: [["knip"]] },
  { name: "docs", commands: [["typedoc"]] },
  { name: "publint", commands: [["tsx", "tools/check-packages.ts", "publint"]], needsBuild: true },
  { name: "attw", commands: [["tsx", "tools/check-packages.ts", "attw"]], needsBuild: true },
  { name: "pack:check", commands: [["tsx", "tools/pack-check.ts"]], needsBuild: true },
];
