import { defineConfig } from "@qsae/cli";
import { rotated } from "./rotated.ts";

export default defineConfig({
  data: "train.safetensors",
  heldout: "heldout.safetensors",
  variants: [rotated],
  variant: { id: "rotated", d_sae: 512, k: 16, quantizer: "ternary" },
  training: { steps: 400, batch_size: 256, lr: 4e-3 },
  out: "runs/rotated",
});
