/** The page as vite builds and serves it. */
import { fileURLToPath } from "node:url";
import { build, createLogger, preview, type PreviewServer, type Rolldown } from "vite";

export interface BuiltPage {
  readonly outDir: string;
  /** Names and contents of its scripts. */
  readonly scripts: ReadonlyMap<string, string>;
  /** Names of all its files. */
  readonly files: readonly string[];
  /** Modules that ask for a built-in of Node, for which vite puts something empty in its place. */
  readonly askingForNode: readonly string[];
  readonly warnings: readonly string[];
}

const root = fileURLToPath(new URL("../", import.meta.url));

export async function buildPage(outDir: string): Promise<BuiltPage> {
  // vite takes this, which test runners set otherwise, for a wish; packages print warnings in their builds for development.
  process.env["NODE_ENV"] = "production";
  const warnings: string[] = [];
  const askingForNode: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const who: Rolldown.Plugin = {
    name: "who-asks-for-node",
    buildEnd() {
      const emptied = [...this.getModuleIds()].filter((id) => id.includes("__vite-browser-external"));
      askingForNode.push(...emptied.flatMap((id) => this.getModuleInfo(id)!.importers));
    },
  };
  const built = await build({
    root,
    customLogger: { ...createLogger("silent"), warn, warnOnce: warn },
    plugins: [who],
    // Workers are bundled apart.
    worker: { format: "es", plugins: () => [who] },
    build: { outDir, emptyOutDir: true },
  });
  const { output } = built as Rolldown.RolldownOutput;
  const texts = output.map((file): [string, string] => [
    file.fileName,
    file.type === "chunk" ? file.code : String(file.source),
  ]);
  return {
    outDir,
    scripts: new Map(texts.filter(([name]) => /\.m?js$/.test(name))),
    files: output.map(({ fileName }) => fileName),
    askingForNode,
    warnings,
  };
}

export interface Site {
  readonly address: string;
  close(): Promise<void>;
}

/** @param headers default: those of the page's own configuration, with which it has threads */
export async function servePage({ outDir }: BuiltPage, headers?: Readonly<Record<string, string>>): Promise<Site> {
  const server: PreviewServer = await preview({
    root,
    logLevel: "silent",
    build: { outDir },
    preview: { host: "127.0.0.1", port: 0, ...(headers && { headers }) },
  });
  const [address] = server.resolvedUrls?.local ?? [];
  if (address === undefined) throw new Error("vite preview has no address");
  return { address, close: () => server.close() };
}
