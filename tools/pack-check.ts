/**
 * Installs the packed packages as a stranger would: plain npm, outside the workspace, in copies of the examples that extend
 * QSAE from outside; then imports every entry that `exports` promises, runs every `bin`, and the commands that each example's
 * README gives.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { checkExample } from "./check-example.ts";
import { copyExampleProjects } from "./example-projects.ts";
import { packAll, type PackedPackage } from "./pack.ts";
import type { Manifest } from "./packages.ts";
import { run } from "./run.ts";
import { withTemporaryFolder } from "./temporary-folder.ts";

const manifestOf = async (folder: string, { manifest }: PackedPackage): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, "node_modules", manifest.name, "package.json"), "utf8")) as Manifest;

const install = async (folder: string, packed: readonly PackedPackage[]): Promise<readonly string[]> => {
  const specifiers = packed.map(({ tarball }) => tarball);
  const args = ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  // onnxruntime-node's install script downloads CUDA libraries; the CPU provider is in its tarball already.
  const env = { ONNXRUNTIME_NODE_INSTALL: "skip" };
  const { status, output } = await run("npm", [...args, ...specifiers], { cwd: folder, env });
  return status === 0 ? [] : [`npm install failed with status ${status}\n${output}`];
};

const checkManifest = ({ name, exports, dependencies = {}, peerDependencies = {} }: Manifest): readonly string[] => {
  const ranges = Object.entries({ ...dependencies, ...peerDependencies });
  return [
    ...ranges
      .filter(([, range]) => range.startsWith("workspace:"))
      .map(([dependency, range]) => `${name}: depends on ${dependency} ${range}, which npm cannot resolve`),
    ...(JSON.stringify(exports).includes("/src/") ? [`${name}: exports sources, which are not in the tarball`] : []),
  ];
};

const checkImports = async (folder: string, { name, exports }: Manifest): Promise<readonly string[]> => {
  const problems: string[] = [];
  for (const entry of Object.keys(exports)) {
    const specifier = entry.replace(".", name);
    const attributes = specifier.endsWith(".json") ? ', { with: { type: "json" } }' : "";
    const code = `const names = Object.keys(await import(${JSON.stringify(specifier)}${attributes}));
      if (names.length === 0) throw new Error("exports nothing");`;
    const { status, output } = await run("node", ["--input-type=module", "--eval", code], { cwd: folder });
    if (status === 0) console.log(`import ${specifier}: ok`);
    else problems.push(`import ${specifier} failed\n${output}`);
  }
  return problems;
};

const checkBins = async (folder: string, { name, version, bin = {} }: Manifest): Promise<readonly string[]> => {
  const problems: string[] = [];
  for (const command of Object.keys(bin)) {
    for (const option of ["--help", "--version"]) {
      const { status, output } = await run(join(folder, "node_modules", ".bin", command), [option], { cwd: folder });
      const expected = option === "--version" ? version : command;
      if (status === 0 && output.includes(expected)) console.log(`${command} ${option}: ok`);
      else
        problems.push(`${name}: \`${command} ${option}\` should print '${expected}', ended with ${status}:\n${output}`);
    }
  }
  return problems;
};

const check = async (folder: string): Promise<readonly string[]> => {
  const packed = await packAll(folder);
  const examples = await copyExampleProjects(folder);
  const problems = [...(await install(folder, packed))];
  if (problems.length > 0) return problems;
  for (const workspacePackage of packed) {
    const manifest = await manifestOf(folder, workspacePackage);
    problems.push(...checkManifest(manifest));
    problems.push(...(await checkImports(folder, manifest)));
    problems.push(...(await checkBins(folder, manifest)));
  }
  for (const example of examples) problems.push(...(await checkExample(example)));
  return problems;
};

const problems = await withTemporaryFolder(check);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
