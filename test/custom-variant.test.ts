/** examples/custom-variant from source; that it works as installed, tools/pack-check.ts sees. */
import { arraySource, normals, openBackend, train } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { loadSae, UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import { rotated } from "../examples/custom-variant/rotated.ts";
import { hadamardRotation } from "../examples/custom-variant/rotation.ts";

const D_IN = 16;
const resolve = quantizersByName();
const config = { d_in: D_IN, d_sae: 48, k: 4, quantizer: "int4" };

/** Correlated, with a mean and one dimension that is much larger than the others. */
function activations(tokens: number, seed: number): Float32Array {
  const mix = normals(D_IN * D_IN, 1, 7);
  const z = normals(tokens * D_IN, 1, seed).map((value) => Math.max(0, value - 1));
  return Float32Array.from({ length: tokens * D_IN }, (_, at) => {
    const [row, d] = [Math.floor(at / D_IN), at % D_IN];
    let sum = 0.3;
    for (let j = 0; j < D_IN; j++) sum += z[row * D_IN + j]! * mix[j * D_IN + d]!;
    return d === 3 ? 10 * sum : sum;
  });
}

describe("the custom variant of the examples", () => {
  it("rotates by an orthogonal matrix", () => {
    const { matrix } = hadamardRotation(D_IN, 5);
    for (let i = 0; i < D_IN; i++) {
      for (let j = 0; j < D_IN; j++) {
        let dot = 0;
        for (let d = 0; d < D_IN; d++) dot += matrix[i * D_IN + d]! * matrix[j * D_IN + d]!;
        expect(dot).toBeCloseTo(Number(i === j), 6);
      }
    }
  });

  it("learns, and lowers to a packed SAE that reconstructs like its own forward pass", async () => {
    const backend = await openBackend("wasm", { threads: 1 });
    const variant = rotated.fromConfig(config, resolve);
    const fvu: number[] = [];
    const { checkpoint } = await train({
      backend,
      variant,
      source: arraySource(activations(2048, 1), D_IN),
      training: { steps: 120, batch_size: 256, lr: 1e-2 },
      reporters: [{ onStep: ({ batchFvu }) => void fvu.push(batchFvu) }],
    });
    expect(fvu.at(-1)!).toBeLessThan(0.6 * fvu[0]!);
    expect(backend.fallbacks()).toEqual([]);

    const { ops } = backend;
    const x = activations(50, 2);
    const own = ops.tidy(() => {
      const params = Object.entries(checkpoint.tensors).map(([name, tensor]) => [name, ops.fromHost(tensor)] as const);
      const pass = variant.forward(ops, Object.fromEntries(params), { x: ops.tensor(x, [50, D_IN]), progress: 1 });
      return pass.reconstructions[0]!;
    });
    const expected = (await ops.read(own)).data;
    const packed = await variant.lower(ops, checkpoint.tensors);
    const given = loadSae(packed).reconstruct(x);
    await backend.close();
    const norm = (values: ArrayLike<number>) => Math.hypot(...Array.from(values));
    // scales are stored as F16: 2^-11 of them may be rounded away
    expect(norm(given.map((value, i) => value - expected[i]!)) / norm(expected)).toBeLessThan(1e-3);
    expect(packed.description.config).toMatchObject({ ...config, rotation_seed: 0 });
  });

  it("refuses what it cannot do", () => {
    expect(() => rotated.fromConfig({ ...config, kk: 3 }, resolve)).toThrow(UsageError);
    expect(() => rotated.fromConfig({ ...config, kk: 3 }, resolve)).toThrow("unknown kk; allowed: d_in, d_sae, k, ");
    expect(() => rotated.fromConfig({ ...config, d_in: 12 }, resolve)).toThrow("needs a power of two");
  });
});
