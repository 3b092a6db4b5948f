import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));
// Tests run from sources: no build is needed first, and coverage and stack traces point at what was written.
const conditions = ["@qsae/source", "node"];

export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: "node",
          environment: "node",
          include: ["packages/*/{src,test,assembly}/**/*.test.ts", "test/**/*.test.ts", "tools/**/*.test.ts"],
        },
      },
    ],
  },
});
