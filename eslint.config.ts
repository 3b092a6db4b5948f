import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

import { importEdges } from "./tools/eslint/import-edges.ts";

/** Globals that exist only in Node; packages for browsers must not lean on them. */
const nodeGlobals = ["process", "Buffer", "require", "module", "exports", "__dirname", "__filename", "setImmediate"];

export default defineConfig(
  globalIgnores(["**/dist/", "docs/api/", "runs/", ".nx/", "coverage/"]),
  // AssemblyScript: the same syntax with other types, checked by its own compiler.
  globalIgnores(["packages/runtime/assembly/kernels/"]),
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    plugins: { qsae: { rules: { "import-edges": importEdges } } },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "qsae/import-edges": "error",
      eqeqeq: "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // An interface may promise asynchrony that one implementation does not need.
      "@typescript-eslint/require-await": "off",
    },
  },
  {
    files: ["packages/{runtime,core}/src/**/*.ts"],
    ignores: ["**/*.{test,fixture}.ts"],
    rules: { "no-restricted-globals": ["error", ...nodeGlobals] },
  },
  {
    // Libraries report through values and reporters; a warning is the one thing they may say on their own.
    files: ["packages/{runtime,core,quantizers,variants,data,analysis}/src/**/*.ts"],
    ignores: ["**/*.{test,fixture}.ts"],
    rules: { "no-console": ["error", { allow: ["warn"] }] },
  },
  {
    // Their own tsconfig.json finds packages as they are installed; from here their types are those of the sources.
    files: ["examples/**/*.ts"],
    languageOptions: { parserOptions: { projectService: false, project: "./tsconfig.json" } },
  },
  {
    files: ["**/*.{js,mjs}"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { console: "readonly", process: "readonly", URL: "readonly" } },
  },
);
