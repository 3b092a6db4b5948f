/** qsae.config.ts, .js and .json: found, typed, checked, overridden by options, with quantizers and variants by value. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { jsonOf, runCli, type Outcome } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, writeTinyActivations } from "./tiny-activations.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();

beforeAll(async () => {
  await mkdir(folder.at("project"));
  await mkdir(folder.at("json"));
  await writeTinyActivations(folder.at("acts.safetensors"));
  await writeTinyActivations(folder.at("heldout.safetensors"), { tokens: 300, seed: 2 });
});

/** No package is installed beside it: `@qsae/*` are those of the command. */
const CUSTOM = `
import { defineConfig } from "@qsae/cli";
import { defineQuantizer, type VariantFactory } from "@qsae/core";
import { baselineFactory } from "@qsae/variants";

/** Signs times half of the largest weight of the atom, or zero. */
const coarse = defineQuantizer({
  id: "coarse",
  options: {},
  codes: [-1, 1],
  dequantize: { kind: "affine" },
  calibrate: (ops, w) => ({ scale: ops.add(ops.mul(ops.max(ops.abs(w), 1, true), 0.5), 1e-8) }),
  encode: (ops, w, { scale }) => ops.clipByValue(ops.round(ops.div(w, scale)), -1, 1),
});

const mine: VariantFactory = {
  id: "mine",
  fromConfig: (config, resolve) => ({
    ...baselineFactory.fromConfig({ ...config, decoder_quantizer: "coarse" }, resolve),
    id: "mine",
  }),
};

export default defineConfig({
  data: "../acts.safetensors",
  heldout: "../heldout.safetensors",
  variant: { id: "mine", d_sae: 32, k: 3 },
  training: { steps: 40, batch_size: 128, lr: 0.01 },
  quantizers: [coarse],
  variants: [mine],
  backend: "cpu",
  out: "runs/mine",
});
`;

async function callIn(cwd: string, args: readonly string[]): Promise<Outcome> {
  const before = process.cwd();
  process.chdir(cwd);
  try {
    return await callMain(args);
  } finally {
    process.chdir(before);
  }
}

describe("a configuration in TypeScript", () => {
  beforeAll(() => writeFile(folder.at("project", "qsae.config.ts"), CUSTOM));
  const qsae = (...args: readonly string[]) => callIn(folder.at("project"), args);

  it("trains a variant and a quantizer of its own, by value", async () => {
    const outcome = await runCli(["train", "--json"], { cwd: folder.at("project") });
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    expect(jsonOf(outcome)).toMatchObject({ variant: "mine", steps: 40, d_sae: 32, heldout: { tokens: 300 } });
    const stored = JSON.parse(await readFile(folder.at("project", "runs", "mine", "config.json"), "utf8")) as object;
    expect(stored).toMatchObject({
      data: "../../../acts.safetensors",
      variant: { id: "mine", d_in: D_IN },
      backend: "cpu",
    });
  });

  it("evaluates on its held-out data; the checkpoint needs the variant, the packed file nothing", async () => {
    const checkpoint = await qsae("eval", "--sae", "runs/mine/checkpoint.safetensors", "--json");
    expect(checkpoint, checkpoint.stderr).toMatchObject({ code: 0 });
    const alone = await callIn(folder.at(), [
      "eval",
      "--sae",
      "project/runs/mine",
      "--data",
      "heldout.safetensors",
      "--json",
    ]);
    expect(alone, alone.stderr).toMatchObject({ code: 0 });
    expect(jsonOf(alone)["fvu"]).toBe(jsonOf(checkpoint)["fvu"]);
    const without = await callIn(folder.at(), [
      "eval",
      "--sae",
      "project/runs/mine/checkpoint.safetensors",
      "--data",
      "heldout.safetensors",
    ]);
    expect(without).toMatchObject({ code: 2 });
    expect(without.stderr).toMatch(
      /unknown variant "mine"; allowed: baseline, binary, binary-latent, quantized-matryoshka, residual-quantized, ternary, relu, topk, batch-topk, jumprelu, gated, matryoshka$/m,
    );
  });

  it("knows its quantizers by name", async () => {
    const outcome = await qsae(
      "quantize",
      "--sae",
      "runs/mine",
      "--encoder",
      "coarse",
      "--out",
      "coarse.qsae.safetensors",
    );
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    const unknown = await qsae("quantize", "--sae", "runs/mine", "--encoder", "coarser", "--out", "x.qsae.safetensors");
    expect(unknown.stderr).toMatch(/unknown quantizer "coarser"; allowed: binary, ternary, int2 .. int8, .*, coarse$/m);
  });

  it("gives way to options of the command line", async () => {
    const outcome = await qsae(
      "train",
      "--variant",
      "ternary",
      "--k",
      "2",
      "--epochs",
      "1",
      "--out",
      "runs/other",
      "--json",
    );
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    // another variant brings none of the configured keys: d_sae is 8 d_in again; 2048 / 128 steps
    expect(jsonOf(outcome)).toMatchObject({ variant: "ternary", d_sae: 8 * D_IN, steps: 16 });
  });
});

describe("a configuration in JSON or JavaScript", () => {
  const config = (value: object): Promise<void> =>
    writeFile(folder.at("json", "qsae.config.json"), JSON.stringify(value));
  const qsae = (...args: readonly string[]) => callIn(folder.at("json"), args);

  it("does the same without values", async () => {
    await config({
      data: "../acts.safetensors",
      variant: { id: "ternary", d_sae: 32, k: 3 },
      training: { steps: 3 },
      out: "run",
    });
    expect(jsonOf(await qsae("train", "--json"))).toMatchObject({ variant: "ternary", steps: 3 });
  });

  it("says where its schema is, and takes the names of the Python reference", async () => {
    await config({
      $schema: "./qsae.config.schema.json",
      data: "../acts.safetensors",
      variant: { id: "ternary", hidden_dim: 32, top_k: 3 },
      training: { steps: 3 },
      out: "reference-names",
    });
    expect(jsonOf(await qsae("train", "--k", "2", "--json"))).toMatchObject({ variant: "ternary", d_sae: 32 });
    const stored = await readFile(folder.at("json", "reference-names", "config.json"), "utf8");
    expect(JSON.parse(stored)).toMatchObject({ variant: { d_sae: 32, k: 2 } });
  });

  it("refuses keys it does not know, and says which there are", async () => {
    await config({ dta: "acts.safetensors" });
    const outcome = await qsae("train");
    expect(outcome).toMatchObject({ code: 2 });
    expect(outcome.stderr).toMatch(
      /^error: qsae.config.json: .*"dta"; keys allowed: data, tensor, target, targetTensor, heldout, heldoutTarget, variant, .*, out, \$schema\n$/,
    );
    await config({ training: { learning_rate: 1 } });
    expect((await qsae("train")).stderr).toMatch(
      /qsae.config.json: training config: .*"learning_rate"; keys allowed: steps, epochs, .*\n$/,
    );
  });

  it("refuses quantizers that are none, and two of one name", async () => {
    const quantizer = (functions: string) =>
      `{ id: "mine", options: {}, codes: [-1, 1], dequantize: { kind: "affine" }, ${functions} }`;
    const whole = quantizer("calibrate() {}, encode() {}");
    let file = 0; // a module is loaded once
    const withQuantizers = async (...values: readonly string[]): Promise<Outcome> => {
      const name = `quantizers-${++file}.js`;
      await writeFile(folder.at("json", name), `export default { quantizers: [${values.join(", ")}] };`);
      return qsae("train", "--config", name);
    };
    const none = /^error: quantizers-\d.js: quantizers.0: expected a quantizer by value, e.g. defineQuantizer/;
    expectFailure(await withQuantizers(quantizer("encode() {}")), 2, none);
    expectFailure(await withQuantizers(`() => (${whole})`), 2, none);
    expectFailure(await withQuantizers(whole.replace("codes", "code")), 2, none);
    expectFailure(
      await withQuantizers(whole, whole),
      2,
      /^error: quantizers-4.js: quantizers: two are called "mine"; where they differ in options, put those into the ids: "mine-2"\n$/,
    );
  });

  it("names a file that is broken, empty or twice there", async () => {
    await writeFile(folder.at("json", "qsae.config.json"), "{");
    expectFailure(await qsae("train"), 1, /^error: qsae.config.json: not JSON: [^\n]*\n$/);
    await writeFile(folder.at("json", "broken.ts"), "export default {{");
    expectFailure(await qsae("train", "--config", "broken.ts"), 1, /^error: broken.ts: cannot be loaded: [^\n]*\n$/);
    await writeFile(folder.at("json", "empty.js"), "const nothing = 1;");
    expectFailure(
      await qsae("train", "--config", "empty.js"),
      1,
      /^error: empty.js: exports nothing; write `export default/,
    );
    await writeFile(folder.at("json", "qsae.config.mjs"), "export default {};");
    expectFailure(await qsae("train"), 2, /qsae.config.mjs and qsae.config.json lie in one folder/);
  });
});

function expectFailure({ code, stderr }: Outcome, expected: number, says: RegExp): void {
  expect(code).toBe(expected);
  expect(stderr).toMatch(says);
}
