import type { HostTensors } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { cfg, D, F, folderOf, numbers, weights } from "../../test/saelens-folder.ts";
import { importSae } from "./import-sae.ts";

/** Reconstruction by a top-k SAE of one token, in float64. */
function topK(tensors: HostTensors, x: readonly number[], k: number, rescale: boolean): number[] {
  const at = (name: string, index: number): number => tensors[name]!.data[index]!;
  const norm = (j: number): number => (rescale ? Math.hypot(...x.map((_, i) => at("W_dec", j * D + i))) : 1);
  const scores = Array.from({ length: F }, (_, j) => {
    const h = x.reduce((sum, value, i) => sum + (value - at("b_dec", i)) * at("W_enc", i * F + j), at("b_enc", j));
    return h * norm(j);
  });
  const active = [...scores.keys()].sort((a, b) => scores[b]! - scores[a]!).slice(0, k);
  return x.map((_, i) =>
    active.reduce((sum, j) => sum + (Math.max(scores[j]!, 0) / norm(j)) * at("W_dec", j * D + i), at("b_dec", i)),
  );
}

describe("rescale_acts_by_decoder_norm", () => {
  it("is folded in: the plain SAE computes what the rescaled one did", async () => {
    // Atoms of very different norms: 1, 4, 9 and 16 times as long.
    const long = weights["W_dec"]!.data.map((value, i) => value * (1 + Math.floor(i / D)) ** 2) as Float32Array;
    const rescaled = { ...weights, W_dec: { shape: [F, D], data: long } };
    const imported = await importSae(await folderOf({ ...cfg, rescale_acts_by_decoder_norm: true }, rescaled));
    const norms = [0, 1, 2, 3].map((j) => Math.hypot(...imported.tensors["W_dec"]!.data.slice(j * D, j * D + D)));
    for (const norm of norms) expect(norm).toBeCloseTo(1, 6);
    let choseOthers = 0;
    for (let sample = 0; sample < 50; sample++) {
      const x = [...numbers(D, 7 * sample)].map((value) => 3 * value);
      const expected = topK(rescaled, x, 2, true);
      topK(imported.tensors, x, 2, false).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
      if (topK(rescaled, x, 2, false).some((value, i) => Math.abs(value - expected[i]!) > 1e-3)) choseOthers++;
    }
    // Otherwise the samples would not tell folding from ignoring.
    expect(choseOthers).toBeGreaterThan(5);
  });

  it("keeps an atom of norm 0 silent and finite", async () => {
    const wDec = numbers(F * D, 200).fill(0, D, 2 * D);
    const imported = await importSae(
      await folderOf(
        { ...cfg, rescale_acts_by_decoder_norm: true },
        { ...weights, W_dec: { shape: [F, D], data: wDec } },
      ),
    );
    expect([...imported.tensors["W_dec"]!.data.slice(D, 2 * D)]).toEqual([0, 0, 0]);
    expect(imported.tensors["b_enc"]!.data[1]).toBe(0);
    expect(imported.tensors["W_dec"]!.data.every(Number.isFinite)).toBe(true);
  });
});
