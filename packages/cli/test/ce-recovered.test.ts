/** CE recovered on real models: what a language model loses with an SAE in the place of its activations. */
import { ceRecoveredByEach } from "@qsae/analysis";
import { openBackend, type TokenWindows } from "@qsae/core";
import { openSplicedModel, readTokenIds, readTokenWindows, windowsOfText } from "@qsae/data";
import { int, roundToNearest, ternary } from "@qsae/quantizers";
import { loadSae, type DecodeOptions, type Latents } from "@qsae/runtime";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { catalogOf } from "../src/catalog.ts";
import { openSae } from "../src/open-sae.ts";
import { sharedData } from "./shared-data.ts";

vi.setConfig({ testTimeout: 120_000 });

const shipped = (path: string): string => fileURLToPath(new URL(`../../../examples/${path}`, import.meta.url));

const gpt = {
  model: sharedData("gpt", "gpt.onnx"),
  heldout: sharedData("gpt", "gpt_heldout20k.f16.safetensors"),
  sae: sharedData("gpt", "sae_gpt_d2048_k32"),
};
const s260k = {
  model: sharedData("s260k", "s260k.onnx"),
  heldout: sharedData("s260k", "s260k_heldout.safetensors"),
  sae: sharedData("s260k", "sae_s260k_d1024_k8"),
};

interface Case {
  readonly model: string;
  readonly hook: number;
  readonly windows: TokenWindows;
  readonly sae: string;
}

const IDENTITY = {
  encode: (): Latents => ({
    dSae: 0,
    offsets: Int32Array.of(0),
    indices: new Int32Array(0),
    values: new Float32Array(0),
  }),
  decode: (_: Latents, { x }: DecodeOptions = {}) => x!,
};

/** The activations themselves, the SAE as it is, with a 4-bit dictionary and with a ternary one, in one pass of the model. */
async function measure({ model: modelPath, hook, windows, sae }: Case) {
  const { packed } = await openSae(sae, catalogOf({}));
  const backend = await openBackend("wasm", { threads: 1 });
  const { ops } = backend;
  const forms = [
    packed,
    await roundToNearest(ops, packed, { dictionary: int(4) }),
    await roundToNearest(ops, packed, { dictionary: ternary() }),
  ];
  await backend.close();
  const model = await openSplicedModel({ modelPath, hook, threads: 2 });
  try {
    const saes = [{ ...IDENTITY, dIn: model.dIn }, ...forms.map((form) => loadSae(form))];
    const [identity, stored, fourBit, last] = await ceRecoveredByEach(model, saes, windows);
    return { identity: identity!, stored: stored!, fourBit: fourBit!, ternary: last! };
  } finally {
    await model.close();
  }
}

function expectFalling({ identity, stored, fourBit, ternary: last }: Awaited<ReturnType<typeof measure>>): void {
  expect(Math.abs(identity.ce_spliced - identity.ce_clean)).toBeLessThan(1e-5);
  expect(identity.kl_spliced).toBeLessThan(1e-5);
  expect(Math.abs(identity.ce_recovered - 1)).toBeLessThan(1e-5);
  expect(stored.ce_recovered).toBeLessThan(1);
  expect(fourBit.ce_recovered).toBeLessThan(stored.ce_recovered);
  expect(last.ce_recovered).toBeLessThan(fourBit.ce_recovered);
  // Mean ablation recovers 0.
  expect(last.ce_recovered).toBeGreaterThan(0.1);
  expect(stored.kl_spliced).toBeLessThan(fourBit.kl_spliced);
  expect(fourBit.kl_spliced).toBeLessThan(last.kl_spliced);
  expect(last.kl_spliced).toBeLessThan(last.kl_ablated);
}

const firstWindows = ({ ids, context }: TokenWindows, count: number): TokenWindows => ({
  ids: ids.slice(0, count * context),
  count,
  context,
});

describe("CE recovered is 1 for the activations themselves, and falls from float to 4-bit to ternary to mean-ablated", () => {
  it.skipIf(Object.values(gpt).includes(undefined))("on the larger GPT", async () => {
    const windows = firstWindows((await readTokenWindows(gpt.heldout!))!, 16);
    expectFalling(await measure({ model: gpt.model!, hook: 1, windows, sae: gpt.sae! }));
  });

  it.skipIf(Object.values(s260k).includes(undefined))("on stories260K", async () => {
    // The file has the tokens of the rows: every window is a BOS (1), which has none, and 255 of them.
    const tokens = (await readTokenIds(s260k.heldout!))!;
    const ids = Int32Array.from({ length: 8 * 256 }, (_, at) =>
      at % 256 === 0 ? 1 : tokens[at - Math.ceil(at / 256)]!,
    );
    const windows = { ids, count: 8, context: 256 };
    const results = await measure({ model: s260k.model!, hook: 2, windows, sae: s260k.sae! });
    expectFalling(results);
    // PyTorch, on more text of the same kind: clean 1.555, float SAE 1.705, mean-ablated 5.375
    expect(Math.abs(results.stored.ce_recovered - (5.375 - 1.705) / (5.375 - 1.555))).toBeLessThan(0.005);
  });

  it("on the shipped model, from the 8 bits that its SAE is stored in", async () => {
    const windows = await windowsOfText({
      textPath: shipped("tiny-lm/heldout.txt"),
      tokenizerDir: shipped("tiny-lm"),
      contextLength: 128,
      maxWindows: 16,
    });
    const sae = shipped("pretrained/topk.qsae.safetensors");
    expectFalling(await measure({ model: shipped("tiny-lm/model.onnx"), hook: 1, windows, sae }));
  });
});
