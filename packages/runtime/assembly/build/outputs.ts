/**
 * What `pnpm build:kernels` writes and its test compares: one TypeScript module per compiled variant, holding it as base64
 * (so that no bundler needs a rule for assets), and the kernels' signatures as a type.
 */
import { compile, fingerprint, variants, type Compiled } from "./compile.ts";

const header = "// Written by `pnpm build:kernels` from packages/runtime/assembly. Do not edit.\n";

/** The line by which a test sees, without compiling, that a module was made from the sources as they are. */
export const sourcesLine = (): string => `// Sources: sha256 ${fingerprint()}\n`;

/** Module name in src/engine/generated -> contents. */
export async function outputs(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const variant of variants) {
    const compiled = await compile(variant);
    files.set(variant.name, generatedModule(compiled));
    files.set("kernels", signatureModule(compiled));
  }
  return files;
}

export const generatedModule = ({ wasm }: Compiled): string =>
  `${header}${sourcesLine()}export const wasmBase64 =\n  "${Buffer.from(wasm).toString("base64")}";\n`;

/** `export function gemm(thread: number, a: number, ...): void` -> the arguments after `thread`, as a labelled tuple. */
export function signatureModule({ declarations }: Compiled): string {
  const entries = [...declarations.matchAll(/export function (\w+)\(([^)]*)\): void;/g)].map(([, name, parameters]) => {
    const [thread, ...rest] = parameters!.split(", ");
    if (thread !== "thread: number") throw new Error(`kernel ${name}: the first parameter must be \`thread: usize\``);
    const tuple = rest.map((parameter) => parameter.replace("boolean", "number"));
    return `  readonly ${name}: readonly [${tuple.join(", ")}];`;
  });
  const exported = declarations.match(/export function /g)?.length;
  if (exported !== entries.length) throw new Error("every exported kernel must return void and take numbers");
  const comment = "/** Arguments of each kernel, less the thread's number, which the engine passes. */";
  return `${header}${comment}\nexport interface Kernels {\n${entries.join("\n")}\n}\n`;
}
