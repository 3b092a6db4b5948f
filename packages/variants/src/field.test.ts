/** What every variant promises, of the field's. */
import { quantizersByName } from "@qsae/quantizers";
import { describeVariants, SIZES } from "../test/conformance.ts";
import { batchTopk, gated, jumpRelu, relu, topk } from "./field.ts";
import { matryoshka } from "./matryoshka.ts";

const K = 4;
const resolve = quantizersByName();

describeVariants([
  { name: "relu", variant: relu({ ...SIZES, l1_coefficient: 0.01 }, resolve) },
  { name: "relu, p-annealing", variant: relu({ ...SIZES, l1_coefficient: 0.01, p_end: 0.2 }, resolve) },
  { name: "topk", variant: topk({ ...SIZES, k: K }, resolve) },
  { name: "batch-topk", variant: batchTopk({ ...SIZES, k: K }, resolve) },
  { name: "jumprelu", variant: jumpRelu({ ...SIZES, l0_coefficient: 1e-4, bandwidth: 0.1 }, resolve) },
  { name: "gated", variant: gated({ ...SIZES, l1_coefficient: 0.01 }, resolve) },
  { name: "matryoshka", variant: matryoshka({ ...SIZES, k: K }, resolve) },
  {
    name: "matryoshka, topk with int4",
    variant: matryoshka({ ...SIZES, k: K, activation: "topk", prefixes: [8, 48], decoder_quantizer: "int4" }, resolve),
  },
  {
    name: "topk transcoder with a skip connection",
    variant: topk({ ...SIZES, k: K, transcoder: true, skip: true }, resolve),
  },
]);
