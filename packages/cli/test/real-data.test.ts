/** SAEs of other makers on real activations: the figures that their own tools give. */
import { describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { jsonOf } from "./run-cli.ts";
import { sharedData } from "./shared-data.ts";

vi.setConfig({ testTimeout: 120_000 });

const cases = [
  { sae: ["gpt", "sae_gpt_d2048_k32"], data: ["gpt", "gpt_heldout20k.f16.safetensors"], fvu: 0.0776, l0: 32 },
  { sae: ["s260k", "sae_s260k_d1024_k8"], data: ["s260k", "s260k_heldout.safetensors"], fvu: 0.0738, l0: 8 },
].map(({ sae, data, ...expected }) => ({
  ...expected,
  name: sae[1],
  sae: sharedData(...sae),
  data: sharedData(...data),
}));

describe("qsae eval on real data", () => {
  for (const { name, sae, data, fvu, l0 } of cases) {
    it.skipIf(sae === undefined || data === undefined)(`${name}: FVU ${fvu}, L0 ${l0}`, async () => {
      const outcome = await callMain(["eval", "--sae", sae!, "--data", data!, "--json"]);
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      const figures = jsonOf(outcome);
      expect(Math.abs((figures["fvu"] as number) - fvu)).toBeLessThanOrEqual(1e-4);
      expect(figures).toMatchObject({ l0, dead: 0, tokens: 20_000, kind: "saelens", bits_per_weight: 32 });
      for (const key of ["d_in", "d_sae", "bytes"]) expect(figures[key], key).toEqual(expect.any(Number));
    });
  }
});
