import { availableParallelism } from "node:os";
import { beforeAll, expect, it } from "vitest";
import { backendNames } from "@qsae/core";
import { callMain } from "./call-main.ts";
import { jsonOf, type Outcome } from "./run-cli.ts";

const others = backendNames.filter((name) => name !== "auto");
const TFJS_NODE = /the package @tensorflow\/tfjs-node(-gpu)? is not installed; run: npm install @tensorflow\/tfjs-node/;

let asJson: Outcome;
beforeAll(async () => {
  asJson = await callMain(["doctor", "--json"]);
});

it("says of every backend whether it opens, and of those that do not what to install", () => {
  expect(asJson.code).toBe(0);
  const { backends, ...machine } = jsonOf(asJson);
  expect(machine).toEqual({
    node: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    cores: availableParallelism(),
    memory_bytes: expect.any(Number) as number,
    free_memory_bytes: expect.any(Number) as number,
  });
  const byName = new Map((backends as { name: string }[]).map((backend) => [backend.name, backend]));
  expect([...byName.keys()]).toEqual([...others, "auto"]);
  expect(byName.get("wasm")).toMatchObject({
    opens: true,
    description: expect.stringMatching(/^WebAssembly/) as string,
  });
  expect(byName.get("cpu")).toMatchObject({ opens: true });
  for (const name of ["cuda", "tensorflow"]) {
    expect(byName.get(name)).toEqual({ name, opens: false, problem: expect.stringMatching(TFJS_NODE) as string });
  }
  expect(byName.get("auto")).toMatchObject({
    opens: true,
    picks: expect.stringMatching(/^(wasm|webgpu)$/) as string,
    description: expect.stringMatching(/ \(auto: .*\)$/) as string,
  });
});

it("says the same to people, a line each, the machine first", async () => {
  const { code, stdout } = await callMain(["doctor"]);
  expect(code).toBe(0);
  const [machine, ...lines] = stdout.trimEnd().split("\n");
  expect(machine).toMatch(/^Node \d+\.\d+\.\d+ on \S+ \S+, \d+ cores, [\d.]+ [MGT]B of memory \([\d.]+ [MGT]B free\)$/);
  expect(lines.map((line) => line.split(/\s+/)[0])).toEqual([...others, "auto"]);
  const { backends } = jsonOf(asJson) as { backends: { description?: string; problem?: string }[] };
  lines.forEach((line, i) => expect(line.endsWith(backends[i]!.description ?? backends[i]!.problem!), line).toBe(true));
});
