import { defineConfig } from "@qsae/cli";
import { powersOfTwo } from "./powers-of-two.ts";

export default defineConfig({
  data: "train.safetensors",
  heldout: "heldout.safetensors",
  quantizers: [powersOfTwo],
  variant: { id: "topk", d_sae: 512, k: 16, encoder_quantizer: "powers-of-two", decoder_quantizer: "powers-of-two" },
  training: { steps: 400, batch_size: 256, lr: 4e-3 },
  out: "runs/powers-of-two",
});
