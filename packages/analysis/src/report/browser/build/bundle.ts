/** The sources of page/ as one script, and the module that carries it. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const header = "// Written by `pnpm build:page` from packages/analysis/src/report/browser/page. Do not edit.\n";

/** The script that a page runs. */
export async function bundledScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../page/main.ts", import.meta.url))],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    conditions: ["@qsae/source"],
    charset: "ascii", // whatever encoding a copy of the page is read in
    minify: true,
    legalComments: "none",
    logLevel: "silent",
  });
  const script = outputFiles[0]!.text.trim();
  // either would end the script, or change how it is read, inside a page
  if (/<\/script|<script|<!--/i.test(script)) throw new Error("the page's script holds markup of scripts or comments");
  return script;
}

export function generatedModule(script: string): string {
  const sha256 = createHash("sha256").update(script).digest("base64");
  return (
    `${header}export const PAGE_SCRIPT_SHA256 = ${JSON.stringify(sha256)};\n` +
    `export const PAGE_SCRIPT =\n  ${JSON.stringify(script)};\n`
  );
}
