import { beforeAll, describe, expect, it } from "vitest";
import { loadSae, NonFiniteError, UsageError, type PackedSae } from "@qsae/runtime";
import { arraySource, normals, openBackend, pairedSource, type DataSource, type TensorOps } from "@qsae/core";
import { floatSae, reconstructionError } from "../problems.fixture.ts";
import { weightsOf, workingSae } from "../working-sae.ts";
import { encodeTokens } from "./encode-tokens.ts";
import { latentCodes } from "./latent-codes.ts";
import { sampleTokens } from "./tokens.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const dIn = 16;
const activations = (tokens: number, seed = 3): Float32Array => normals(tokens * dIn, 1, seed);

/** Activations in the order in which a source shuffles them. */
async function shuffled(source: DataSource, seed: number) {
  const [x, target]: [number[], number[]] = [[], []];
  for await (const batch of source.batches({ batchSize: 100, seed })) {
    x.push(...batch.x);
    target.push(...(batch.target ?? batch.x));
  }
  return { x: Float32Array.from(x), target: Float32Array.from(target) };
}

describe("sampleTokens", () => {
  it("takes so many tokens of one shuffled pass, each at most once", async () => {
    const source = arraySource(activations(2500), dIn);
    const sample = await sampleTokens(floatSae(), source, { tokens: 2000, seed: 5 });
    expect(sample).toMatchObject({ tokens: 2000, dIn });
    const { x } = await shuffled(source, 5);
    expect(sample.x).toEqual(x.subarray(0, 2000 * dIn));
    expect(sample.target).toBe(sample.x);
    const again = await sampleTokens(floatSae(), source, { tokens: 2000, seed: 5 });
    expect(again.x).toEqual(sample.x);
    expect((await sampleTokens(floatSae(), source, { tokens: 2000, seed: 6 })).x).not.toEqual(sample.x);
  });

  it("takes all tokens where there are fewer", async () => {
    const source = arraySource(activations(30), dIn);
    const sample = await sampleTokens(floatSae(), source, { tokens: 1000, seed: 5 });
    expect(sample.tokens).toBe(30);
    expect(sample.x).toEqual((await shuffled(source, 5)).x);
  });

  it.each([
    ["plain", {}, false],
    ["scaled, rotated, with a skip connection", { wrapped: true }, false],
    ["of a transcoder", {}, true],
    ["of a transcoder, scaled, rotated, with a skip connection", { wrapped: true, subtractBDec: false }, true],
  ])("the error in the stage's space is that of the SAE's reconstructions: %s", async (_, shape, transcoder) => {
    const sae: PackedSae = floatSae(shape);
    const [tokens, seed] = [200, 9];
    const inputs = arraySource(activations(tokens), dIn);
    const source = transcoder ? pairedSource(inputs, arraySource(activations(tokens, 4), dIn)) : inputs;
    const sample = await sampleTokens(sae, source, { tokens, seed });

    const { x, target } = await shuffled(source, seed);
    const reconstruction = loadSae(sae).reconstruct(x);
    const error = reconstruction.reduce((sum, value, i) => sum + (value - target[i]!) ** 2, 0) / tokens;
    const working = workingSae(sae);
    const codes = latentCodes(await encodeTokens(ops, working, sample));
    const q = await weightsOf(ops, working, working.dictionary);
    const inSpace = reconstructionError(codes, q, working.bDec, sample);
    expect(inSpace / (sae.inputScale ?? 1) ** 2 / error).toBeCloseTo(1, 5);
  });

  it("names what does not fit", async () => {
    const sample = (source: DataSource) => sampleTokens(floatSae(), source, { tokens: 10, seed: 1 });
    await expect(sample(arraySource(new Float32Array(8), 8))).rejects.toThrow(
      "calibration: the data has d_in=8, the SAE d_in=16; they must be equal",
    );
    await expect(sample(arraySource(new Float32Array(0), dIn))).rejects.toThrow("the data has no tokens");
    const short = { ...arraySource(activations(4), dIn), tokens: 8 };
    await expect(sample(short)).rejects.toThrow(new UsageError("calibration: the data ended after 4 of 8 tokens"));
  });

  it("names the row of an activation that is not finite, also where the source did not look", async () => {
    const x = activations(40);
    x[17 * dIn + 2] = NaN;
    const checked = arraySource(x, dIn);
    await expect(sampleTokens(floatSae(), checked, { tokens: 40, seed: 1 })).rejects.toThrow(/row 17 holds NaN/);
    const careless: DataSource = {
      ...checked,
      async *batches(options) {
        for await (const batch of arraySource(activations(40), dIn).batches(options)) {
          const at = batch.rows.indexOf(17);
          if (at >= 0) batch.x[at * dIn + 2] = NaN;
          yield batch;
        }
      },
    };
    const read = sampleTokens(floatSae({ wrapped: true }), careless, { tokens: 40, seed: 1 });
    await expect(read).rejects.toThrow(NonFiniteError);
    await expect(read).rejects.toThrow("token row 17, column 2 is NaN");
  });
});
