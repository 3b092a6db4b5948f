/** Harvesting from the shipped language model, and what inspect says about it. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { jsonOf } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

const shipped = fileURLToPath(new URL("../../../examples/tiny-lm", import.meta.url));
const model = join(shipped, "model.onnx");
const folder = temporaryFolder();

beforeAll(async () => {
  const text = await readFile(join(shipped, "heldout.txt"), "utf8");
  await writeFile(folder.at("one.txt"), text.slice(0, 2_000));
  await writeFile(folder.at("two.txt"), text.slice(2_000, 4_000));
  await writeFile(folder.at("latin.txt"), Uint8Array.of(0xe9, 0xe8, 0x20, 0xff));
});

const harvest = (...args: readonly string[]) => callMain(["harvest", "--model", model, "--context", "64", ...args]);

describe("qsae harvest", () => {
  it("takes a layer by number or name, with the tokenizer beside the model", async () => {
    const out = (name: string): readonly string[] => [
      "--text",
      folder.at("one.txt"),
      "--out",
      folder.at(name),
      "--max-tokens",
      "100",
      "--json",
    ];
    const byName = await harvest(...out("a.safetensors"), "--hook", "blocks.1");
    expect(byName, byName.stderr).toMatchObject({ code: 0 });
    expect(byName.stderr).toMatch(/^harvest: 100 %/m);
    expect(jsonOf(byName)).toMatchObject({ tokens: 100, d_in: 128, windows: 2, hook: "/blocks.1/Add_3_output_0" });
    expect(await harvest(...out("b.safetensors"), "--hook", "1")).toMatchObject({ code: 0 });
    const [a, b] = await Promise.all(["a", "b"].map((name) => readFile(folder.at(`${name}.safetensors`))));
    expect(a!.equals(b!)).toBe(true);
    const { stdout } = await callMain(["inspect", folder.at("a.safetensors"), "--json"]);
    expect(jsonOf({ stdout })).toMatchObject({
      kind: "activations",
      tokens: 100,
      provenance: { hook: "/blocks.1/Add_3_output_0", context: "64" },
    });
  });

  it("takes several texts; no window spans two", async () => {
    const both = [
      "--text",
      folder.at("one.txt"),
      "--text",
      folder.at("two.txt"),
      "--hook",
      "2",
      "--out",
      folder.at("both.safetensors"),
    ];
    const windows = async (...args: readonly string[]): Promise<number> =>
      jsonOf(await harvest(...args, "--json"))["windows"] as number;
    const one = await windows("--text", folder.at("one.txt"), "--hook", "2", "--out", folder.at("one.safetensors"));
    const two = await windows("--text", folder.at("two.txt"), "--hook", "2", "--out", folder.at("two.safetensors"));
    expect(await windows(...both)).toBe(one + two);
  });

  it("names an unknown hook with those that come near, and text that is none", async () => {
    const out = ["--out", folder.at("x.safetensors")];
    const hook = await harvest("--text", folder.at("one.txt"), "--hook", "block.1", ...out);
    expect(hook).toMatchObject({ code: 2 });
    expect(hook.stderr).toMatch(/no tensor "block.1"; nearest: blocks.1, /);
    const text = await harvest("--text", folder.at("one.txt"), "--text", folder.at("latin.txt"), "--hook", "1", ...out);
    expect(text).toMatchObject({ code: 1 });
    expect(text.stderr).toMatch(/latin.txt: not UTF-8 text/);
  });

  it("lists the hooks of a model with inspect", async () => {
    const { stdout } = await callMain(["inspect", model, "--json"]);
    const { kind, hooks } = jsonOf({ stdout }) as { kind: string; hooks: { alias?: string }[] };
    expect(kind).toBe("model");
    expect(hooks.flatMap(({ alias }) => alias ?? [])).toEqual(["blocks.0", "blocks.1", "blocks.2", "blocks.3"]);
    expect((await callMain(["inspect", model])).stdout).toContain("blocks.3");
  });
});
