/** What every variant promises, of the six. */
import type { HostTensors } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { describeVariants, SIZES } from "../test/conformance.ts";
import { baseline } from "./baseline.ts";
import { binary } from "./binary.ts";
import { binaryLatent } from "./binary-latent.ts";
import { quantizedMatryoshka } from "./quantized-matryoshka.ts";
import { residualQuantized } from "./residual-quantized.ts";
import { ternary } from "./ternary.ts";

const K = 4;
const resolve = quantizersByName();

/** Soft bits at their limits. */
const hardBits = (tensors: HostTensors): HostTensors => {
  const { shape, data } = tensors["W_dec.bits"]!;
  return { ...tensors, "W_dec.bits": { shape, data: Float32Array.from(data, (logit) => (logit > 0 ? 200 : -200)) } };
};

describeVariants([
  { name: "baseline topk", variant: baseline({ ...SIZES, k: K }, resolve) },
  {
    name: "baseline topk without b_dec in the encoder",
    variant: baseline({ ...SIZES, k: K, apply_b_dec_to_input: false }, resolve),
  },
  {
    name: "baseline with int4 on both sides",
    variant: baseline({ ...SIZES, k: K, encoder_quantizer: "int4", decoder_quantizer: "int4" }, resolve),
  },
  { name: "baseline, reference preset", variant: baseline({ ...SIZES, k: K, preset: "reference" }, resolve) },
  { name: "binary, 1 bit", variant: binary({ ...SIZES, k: K, n_bits: 1 }, resolve) },
  { name: "binary, 4 bits", variant: binary({ ...SIZES, k: K }, resolve) },
  {
    name: "binary, 1 bit, annealed",
    variant: binary({ ...SIZES, k: K, n_bits: 1, estimator: "annealed-sigmoid" }, resolve),
  },
  {
    name: "binary, 3 bits, annealed",
    variant: binary({ ...SIZES, k: K, n_bits: 3, estimator: "annealed-sigmoid" }, resolve),
  },
  {
    name: "binary, reference preset",
    variant: binary({ ...SIZES, k: K, preset: "reference" }, resolve),
    harden: hardBits,
  },
  { name: "binary-latent", variant: binaryLatent({ ...SIZES, k: K }, resolve) },
  {
    name: "binary-latent, L0 penalty, ternary atoms",
    variant: binaryLatent(
      { ...SIZES, activation: "binary", encoder_quantizer: "int8", decoder_quantizer: "ternary" },
      resolve,
    ),
  },
  {
    name: "binary-latent, batch-topk",
    variant: binaryLatent({ ...SIZES, k: K, activation: "binary-batch-topk", decoder_quantizer: "int4" }, resolve),
  },
  { name: "binary-latent, reference preset", variant: binaryLatent({ ...SIZES, preset: "reference" }, resolve) },
  { name: "quantized-matryoshka", variant: quantizedMatryoshka({ ...SIZES, k: K, n_bits: 3 }, resolve) },
  {
    name: "quantized-matryoshka, stage-wise, batch-topk",
    variant: quantizedMatryoshka({ ...SIZES, k: K, n_bits: 3, joint: false, activation: "batch-topk" }, resolve),
  },
  {
    name: "quantized-matryoshka, binary latents",
    variant: quantizedMatryoshka({ ...SIZES, activation: "binary", decoder_quantizer: "int4" }, resolve),
  },
  {
    name: "quantized-matryoshka, reference preset",
    variant: quantizedMatryoshka({ ...SIZES, preset: "reference" }, resolve),
  },
  { name: "residual-quantized", variant: residualQuantized({ ...SIZES, k: K, n_bits: 3 }, resolve) },
  {
    name: "residual-quantized, stage-wise, int4 encoders",
    variant: residualQuantized({ ...SIZES, k: 2 * K, joint: false, encoder_quantizer: "int4" }, resolve),
  },
  {
    name: "residual-quantized, binary-topk",
    variant: residualQuantized({ ...SIZES, k: 2 * K, activation: "binary-topk" }, resolve),
  },
  { name: "residual-quantized, binary", variant: residualQuantized({ ...SIZES, activation: "binary" }, resolve) },
  {
    name: "residual-quantized, reference preset",
    variant: residualQuantized({ ...SIZES, preset: "reference" }, resolve),
  },
  { name: "ternary", variant: ternary({ ...SIZES, k: K }, resolve) },
  { name: "ternary batch-topk", variant: ternary({ ...SIZES, k: K, activation: "batch-topk" }, resolve) },
  {
    name: "ternary gated with an int4 encoder",
    variant: ternary({ ...SIZES, activation: "gated", encoder_quantizer: "int4" }, resolve),
  },
  {
    name: "ternary, half of it masked",
    variant: ternary(
      { ...SIZES, k: K, sparsity: 0.5, f_decay: 0.5, mask_update_every: 2, mask_until_fraction: 1 },
      resolve,
    ),
  },
  { name: "ternary, reference preset", variant: ternary({ ...SIZES, preset: "reference", threshold: 0.25 }, resolve) },
  {
    name: "ternary with a ternary encoder",
    variant: ternary({ ...SIZES, k: K, encoder_quantizer: "ternary" }, resolve),
  },
]);
