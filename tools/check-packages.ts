/**
 * Checks the tarballs a release would publish: publint (manifest and files agree) and attw (types resolve as the code
 * does). Name one of them to run it alone; both run by default.
 */
import { readFile } from "node:fs/promises";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

import { packAll, type PackedPackage } from "./pack.ts";
import { runBin } from "./run.ts";
import { withTemporaryFolder } from "./temporary-folder.ts";

type Check = (packed: PackedPackage) => Promise<readonly string[]>;

const checkPublint: Check = async ({ tarball }) => {
  const bytes = await readFile(tarball);
  const pack = { tarball: Uint8Array.from(bytes).buffer };
  const { messages, pkg } = await publint({ pack, strict: true });
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
};

const checkAttw: Check = async ({ tarball }) => {
  const { status, output } = await runBin("attw", [
    tarball,
    "--profile",
    "esm-only",
    "--no-definitely-typed",
    "--no-color",
    "--no-emoji",
  ]);
  return status === 0 ? [] : [output.trim()];
};

const checks: Readonly<Record<string, Check>> = { publint: checkPublint, attw: checkAttw };

const main = async (names: readonly string[]): Promise<number> => {
  const unknown = names.find((name) => checks[name] === undefined);
  if (unknown !== undefined) {
    console.error(`unknown check '${unknown}'; there are ${Object.keys(checks).join(", ")}`);
    return 2;
  }
  return withTemporaryFolder(async (folder) => {
    let failed = 0;
    for (const packed of await packAll(folder)) {
      for (const [name, check] of Object.entries(checks)) {
        if (names.length > 0 && !names.includes(name)) continue;
        const problems = await check(packed);
        for (const problem of problems) console.error(`${packed.manifest.name}: ${name}: ${problem}`);
        if (problems.length === 0) console.log(`${packed.manifest.name}: ${name}: ok`);
        failed += problems.length;
      }
    }
    return failed === 0 ? 0 : 1;
  });
};

process.exitCode = await main(process.argv.slice(2));
