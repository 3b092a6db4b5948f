import { UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import { inOurSpelling, type ReferenceSpelling } from "./reference-spelling.ts";

type Given = ReferenceSpelling & { readonly sae?: readonly string[]; readonly data?: string; readonly title?: string };

describe("inOurSpelling", () => {
  it.each<[Given, Given]>([
    [
      { model_path: "a.pth", sae_type: "baseline", k: 32, data_path: "x.npy", title: "t" },
      { sae: ["a.pth,variant=baseline,k=32"], data: "x.npy", title: "t" },
    ],
    [{ model_path: "a.pt", sae_type: "b_sae", gamma: 4, n_bits: 8, top_k: 3 }, { sae: ["a.pt,variant=binary,n_bits=8,gamma=4,k=3"] }], // prettier-ignore
    [{ model_path: "a.pth", sae_type: "bl_sae" }, { sae: ["a.pth,variant=binary-latent"] }],
    [{ model_path: "a.pth", sae_type: "rq_sae", gamma: 1.5 }, { sae: ["a.pth,variant=residual-quantized,gamma=1.5"] }],
    [{ model_path: "a.pth,gamma=2", sae_type: "q_sae" }, { sae: ["a.pth,gamma=2,variant=quantized-matryoshka"] }],
    [{ model_path: "runs/ternary" }, { sae: ["runs/ternary"] }],
    [
      { sae: ["a", "b"], data: "x.npy" },
      { sae: ["a", "b"], data: "x.npy" },
    ],
    [
      { sae: ["a"], data_path: "x.npy" },
      { sae: ["a"], data: "x.npy" },
    ],
  ])("%j", (given, ours) => {
    expect(inOurSpelling(given)).toEqual(ours);
  });

  it.each<[Given, string]>([
    [{ model_path: "a.pth", sae: ["b"] }, "--model_path a.pth and --sae b are two spellings of one option"],
    [{ data_path: "x", data: "y" }, "--data_path x and --data y are two spellings of one option"],
    [{ model_path: "a.pth", k: 1, top_k: 1 }, "--top_k 1 and --k 1 are two spellings"],
    [{ sae: ["a.pth"], sae_type: "baseline" }, "--sae_type baseline: --model_path FILE is missing"],
    [{ gamma: 0.5 }, "--gamma 0.5: --model_path FILE is missing"],
    [
      { model_path: "a.pth", sae_type: "t" },
      'unknown sae_type "t"; allowed: baseline, binary, binary-latent, ternary, quantized-matryoshka, residual-quantized, baseline_sae, b_sae',
    ],
    [{ model_path: "a.pth", sae_type: "__proto__" }, "unknown sae_type"],
    [{ model_path: "runs/float", k: 3 }, "--model_path runs/float: only a .pth or .pt file needs to be told"],
  ])("refuses %j", (given, message) => {
    expect(() => inOurSpelling(given)).toThrow(UsageError);
    expect(() => inOurSpelling(given)).toThrow(message);
  });
});
