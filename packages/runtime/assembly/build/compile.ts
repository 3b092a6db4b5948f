/** Compiles the kernels with AssemblyScript, in memory: sources from disk, some of them from generators. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import asc, { version } from "assemblyscript/asc";

import { binarySource, unarySource } from "./generate-elementwise.ts";
import { dotTileSource } from "./generate-dot-tile.ts";
import { tileSource } from "./generate-tile.ts";

/**
 * One module per combination: instructions by what the machine validates, and memory that several threads share or one
 * thread owns (a module's import says which of the two it takes).
 */
export const variants = [
  { name: "simd-shared", features: ["simd", "threads"], shared: true },
  { name: "relaxed-shared", features: ["simd", "threads", "relaxed-simd"], shared: true },
  { name: "simd-single", features: ["simd"], shared: false },
  { name: "relaxed-single", features: ["simd", "relaxed-simd"], shared: false },
] as const;

export type Variant = (typeof variants)[number];

export interface Compiled {
  readonly wasm: Uint8Array;
  readonly text: string;
  /** AssemblyScript's own TypeScript declarations of the exports. */
  readonly declarations: string;
}

const kernels = fileURLToPath(new URL("../kernels", import.meta.url));

const generated: Readonly<Record<string, () => string>> = {
  "binary-loops.ts": binarySource,
  "dot-tile.ts": dotTileSource,
  "tile.ts": tileSource,
  "unary-loops.ts": unarySource,
};

/** A doc comment that ends in `@inline` stands for AssemblyScript's decorator, which formatters and editors do not parse. */
const inlined = (source: string): string =>
  source.replaceAll(/@inline \*\/\n(?=(export )?function)/g, (tag) => `${tag}@inline `);

function readSource(name: string): string | null {
  const source = generated[name];
  if (source) return source();
  const path = join(kernels, name);
  return existsSync(path) ? inlined(readFileSync(path, "utf8")) : null;
}

/** Of everything that the output depends on: sources, options and the compiler's version. */
export function fingerprint(): string {
  const hash = createHash("sha256").update(version);
  for (const variant of variants) hash.update(options(variant).join(" "));
  const names = [...readdirSync(kernels), ...Object.keys(generated)].sort();
  for (const name of names) hash.update(`${name}\n${readSource(name)}`);
  return hash.digest("hex");
}

function options({ shared, features }: Variant): string[] {
  return [
    "index.ts",
    ...["--runtime", "stub", "--noAssert", "-O3", "--converge", "--zeroFilledMemory"],
    ...["--importMemory", "--noExportMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
    ...(shared ? ["--sharedMemory"] : []),
    ...["--enable", features.join(",")],
    // Kernels pass v128 among themselves; AssemblyScript warns as if they were exported.
    ...["--disableWarning", "112"],
    ...["--outFile", "kernels.wasm", "--textFile", "kernels.wat", "--bindings", "raw"],
  ];
}

/** @throws Error with the compiler's messages */
export async function compile(variant: Variant): Promise<Compiled> {
  const written = new Map<string, string | Uint8Array>();
  const messages: string[] = [];
  const { error } = await asc.main(options(variant), {
    readFile: readSource,
    writeFile(name: string, contents: string | Uint8Array): void {
      written.set(name, contents);
    },
    listFiles: () => [],
    stderr: { write: (chunk: string | Uint8Array) => void messages.push(String(chunk)) },
    stdout: { write: () => undefined },
  });
  const wasm = written.get("kernels.wasm");
  if (error || !(wasm instanceof Uint8Array)) {
    throw new Error(`the kernels (${variant.name}) do not compile:\n${messages.join("")}`, { cause: error });
  }
  // The optimizer also says when its last round gained nothing.
  if (messages.some((message) => message.includes("WARNING")))
    throw new Error(`the kernels (${variant.name}) compile with warnings:\n${messages.join("")}`);
  return { wasm, text: String(written.get("kernels.wat")), declarations: String(written.get("kernels.d.ts")) };
}
