/** The bundle that vite makes for production of a page's program. */
import { fileURLToPath } from "node:url";
import { build, createLogger, defaultClientConditions, type Rolldown } from "vite";

export interface ViteBundle {
  /** Text by path, `/page.js`. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths of modules that are loaded with the page, and of those that only an `import()` loads. */
  readonly modules: { readonly atOnce: readonly string[]; readonly later: readonly string[] };
  /** Modules that ask for a built-in of Node, for which vite puts something empty in its place. */
  readonly askingForNode: readonly string[];
  readonly warnings: readonly string[];
}

const root = fileURLToPath(new URL("./", import.meta.url));

/** `entries`: paths relative to this folder, by the name of their output. */
export async function bundleWithVite(entries: Readonly<Record<string, string>>): Promise<ViteBundle> {
  const warnings: string[] = [];
  const askingForNode: string[] = [];
  const logger = createLogger("silent");
  const warn = (message: string): void => void warnings.push(message);
  const input = Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, `${root}${path}`]));
  const built = await build({
    root,
    configFile: false,
    customLogger: { ...logger, warn, warnOnce: warn },
    resolve: { conditions: ["@qsae/source", ...defaultClientConditions] },
    plugins: [
      {
        name: "who-asks-for-node",
        buildEnd() {
          askingForNode.push(
            ...[...this.getModuleIds()].filter(isEmptied).flatMap((id) => this.getModuleInfo(id)!.importers),
          );
        },
      },
    ],
    build: {
      write: false,
      target: "es2022",
      chunkSizeWarningLimit: Infinity,
      rolldownOptions: { input, output: { entryFileNames: "[name].js" } },
    },
  });
  const { output } = built as Rolldown.RolldownOutput;
  const chunks = output.filter((file) => file.type === "chunk");
  const atOnce = reachable(chunks);
  const modulesOf = (some: readonly Rolldown.OutputChunk[]): readonly string[] =>
    some.flatMap(({ moduleIds }) => moduleIds);
  return {
    files: new Map(chunks.map(({ fileName, code }) => [`/${fileName}`, code])),
    modules: { atOnce: modulesOf(atOnce), later: modulesOf(chunks.filter((chunk) => !atOnce.includes(chunk))) },
    askingForNode,
    warnings,
  };
}

const isEmptied = (id: string): boolean => id.includes("__vite-browser-external");

/** Entries and what they import at once. */
function reachable(chunks: readonly Rolldown.OutputChunk[]): readonly Rolldown.OutputChunk[] {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const found = new Set<Rolldown.OutputChunk>();
  const visit = (chunk: Rolldown.OutputChunk | undefined): void => {
    if (chunk === undefined || found.has(chunk)) return;
    found.add(chunk);
    for (const name of chunk.imports) visit(byName.get(name));
  };
  for (const chunk of chunks) if (chunk.isEntry) visit(chunk);
  return [...found];
}
