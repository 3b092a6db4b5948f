/**
 * `pnpm test`: build, type check, lint, format, all tests, package checks. Every stage runs even after a failure, so that
 * one run tells everything; those that need a build are failed unrun without one. The last line is `N passed, N failed`:
 * the tests, and one for each other stage. The exit status is 1 if anything failed.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { root } from "../root.ts";
import { run, runBin } from "../run.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";
import { kernelTests, node24 } from "./node24.ts";
import { stagesAfterTests, stagesBeforeTests, type Stage } from "./stages.ts";
import { summarize, type StageResult } from "./summary.ts";
import { countTests, type VitestReport } from "./vitest-report.ts";

const failure = 1;

const runStage = async ({ commands }: Stage): Promise<Omit<StageResult, "name" | "elapsedMs">> => {
  for (const [program, ...args] of commands) {
    const { status } = await runBin(program, args, { show: true });
    if (status !== 0) return { passed: 0, failed: 1, note: `${program} ended with status ${status}` };
  }
  return { passed: 1, failed: 0 };
};

/** All tests on this Node, or those in `paths` on another one. */
const runTests = (other?: {
  readonly node: string;
  readonly paths: readonly string[];
}): Promise<Omit<StageResult, "name" | "elapsedMs">> =>
  withTemporaryFolder(async (folder) => {
    const file = join(folder, "report.json");
    const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    const { status } = other
      ? await run(other.node, [join(root, "node_modules/vitest/vitest.mjs"), ...args, ...inNode, ...other.paths], {
          show: true,
        })
      : await runBin("vitest", args, { show: true });
    const report = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as VitestReport) : undefined;
    const { passed, failed, skipped } = countTests(report, status);
    return { passed, failed, note: `${passed} passed, ${failed} failed, ${skipped} skipped` };
  });

/** Tests of what a driver of WebGPU does. */
const driverTests = ["packages/core/src/backends", "packages/variants/test/webgpu.test.ts"];

/** Not the tests that run in a page: another Node changes nothing there. */
const inNode = ["--project=unit", "--project=whole"];

const timed = async (
  name: string,
  work: () => Promise<Omit<StageResult, "name" | "elapsedMs">>,
): Promise<StageResult> => {
  console.log(`\n=== ${name}`);
  const startMs = performance.now();
  const result = { name, ...(await work()), elapsedMs: performance.now() - startMs };
  console.log(`=== ${name}: ${result.failed === 0 ? "passed" : "FAILED"} in ${(result.elapsedMs / 1000).toFixed(1)} s`);
  return result;
};

const main = async (): Promise<number> => {
  const results: StageResult[] = [];
  for (const stage of stagesBeforeTests) results.push(await timed(stage.name, () => runStage(stage)));
  results.push(await timed("tests", () => runTests()));
  const newer = node24();
  if (newer) results.push(await timed("kernel tests on Node 24", () => runTests({ node: newer, paths: kernelTests })));
  else console.log(`\nkernel tests on Node 24: not run apart (Node ${process.versions.node}, no other one here)`);
  const withF16 = process.env["QSAE_NODE_WITH_F16"];
  if (withF16)
    results.push(await timed("webgpu tests with f16", () => runTests({ node: withF16, paths: driverTests })));
  else
    console.log(
      "\nwebgpu tests with f16: not run (QSAE_NODE_WITH_F16 names no program that runs Node on such a driver)",
    );
  const built = results.some(({ name, failed }) => name === "build" && failed === 0);
  for (const stage of stagesAfterTests) {
    const unrun = { name: stage.name, passed: 0, failed: 1, note: "not run: the build failed", elapsedMs: 0 };
    results.push(stage.needsBuild && !built ? unrun : await timed(stage.name, () => runStage(stage)));
  }
  const { lines, failed } = summarize(results);
  console.log(`\n${lines.join("\n")}`);
  return failed === 0 ? 0 : failure;
};

process.exitCode = await main();
