import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { program } from "../src/program.ts";
import { version } from "../src/version.ts";
import { callMain } from "./call-main.ts";
import { runCli, startCli } from "./run-cli.ts";

const commands = program().commands.map((command) => command.name());

describe("help", () => {
  it("knows the nine commands", () => {
    expect([...commands].sort()).toEqual([
      "analyze",
      "compare",
      "doctor",
      "eval",
      "harvest",
      "inspect",
      "quantize",
      "quickstart",
      "train",
    ]);
  });

  it.each(commands)("qsae %s --help has an example and --json", async (name) => {
    const { code, stdout, stderr } = await callMain([name, "--help"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ qsae ${name} ?`));
    expect(stdout).toContain("--json");
  });

  it("without a command prints the help and fails", async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect(code).toBe(2);
    expect(stdout + stderr).toContain("qsae quickstart");
  });

  it("--version prints the version of the package", async () => {
    expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `${version()}\n`, stderr: "" });
  });

  it("says nothing when the reader closes the pipe", async () => {
    const { process, outcome } = startCli(["train", "--help"]);
    process.stdout.destroy();
    expect(await outcome).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("loads nothing heavy to print it: tfjs, onnxruntime and charts come with the commands that need them", () => {
    expect([...packagesOf("../src/bin.ts")].sort()).toEqual(["@qsae/runtime", "commander", "picocolors"]);
  });
});

/** Packages that a source file imports at once, itself or through its neighbours; not those of `import()` and types. */
function packagesOf(start: string): ReadonlySet<string> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (url: URL): void => {
    if (seen.has(url.href)) return;
    seen.add(url.href);
    const source = readFileSync(url, "utf8");
    for (const [, clause, name] of source.matchAll(/^(?:import|export) ([^;]*?)from "([^"]+)";$/gms)) {
      if (clause!.startsWith("type ")) continue;
      if (name!.startsWith(".")) visit(new URL(name!, url));
      else if (!name!.startsWith("node:")) packages.add(name!);
    }
  };
  visit(new URL(start, import.meta.url));
  return packages;
}
