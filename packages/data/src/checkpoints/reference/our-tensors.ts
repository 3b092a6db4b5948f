/** Tensors of the Python reference under our names and shapes: `W_enc [d_in, d_sae]`, `b_enc`, `W_dec [d_sae, d_in]`, `b_dec`. */
import type { HostTensor, HostTensors } from "@qsae/runtime";

import { type Recognised, type ReferenceVariant, withPrefix } from "./recognise.ts";

/**
 * - `baseline`, `binary-latent`: `W_enc`, `b_enc`, `W_dec`, `b_dec`.
 * - `binary`: `W_dec.bits [d_sae, d_in * n_bits]`, logits, least significant bit first, in place of `W_dec`.
 * - `ternary`: `W_dec` as trained (before the threshold) and `W_dec.mask [d_sae, d_in]`; no `b_dec`, as it has none.
 * - `quantized-matryoshka`: `W_dec` and `W_dec.mirror [d_sae, d_in]`, whose signs make the atoms.
 * - `residual-quantized`: the same, the levels one after the other along d_sae; `b_dec` is that of level 0, the only one the
 *   reference uses.
 */
export function ourTensors(variant: ReferenceVariant, tensors: HostTensors, found: Recognised): HostTensors {
  const decoderBias = { b_dec: tensors["decoder.bias"]! };
  switch (variant) {
    case "baseline":
    case "binary-latent":
      return { ...encoder(tensors), W_dec: transposed(tensors["decoder.weight"]!), ...decoderBias };
    case "binary":
      return { ...encoder(tensors), "W_dec.bits": tensors["decoder.weight"]!, ...decoderBias };
    case "ternary":
      return {
        ...encoder(tensors),
        W_dec: transposed(tensors["decoder.weight"]!),
        "W_dec.mask": transposed(tensors["decoder.mask"]!),
      };
    case "quantized-matryoshka":
      return { ...mirrored(tensors), ...decoderBias };
    case "residual-quantized": {
      const levels = found.levelSizes!.map((_, level) => withPrefix(tensors, `saes.${level}.`));
      const names = ["encoder.0.weight", "encoder.0.bias", "decoder.weight", "decoder.weight_mirror"];
      const joined = names.map((name) => [name, stacked(levels.map((tensorsOf) => tensorsOf[name]!))] as const);
      return { ...mirrored(Object.fromEntries(joined)), b_dec: tensors["saes.0.decoder.bias"]! };
    }
  }
}

function mirrored(tensors: HostTensors): HostTensors {
  return {
    ...encoder(tensors),
    W_dec: tensors["decoder.weight"]!,
    "W_dec.mirror": tensors["decoder.weight_mirror"]!,
  };
}

/** Blocks joined along the first axis. */
function stacked(blocks: readonly HostTensor[]): HostTensor {
  const data = new Float32Array(blocks.reduce((sum, block) => sum + block.data.length, 0));
  let offset = 0;
  for (const block of blocks) {
    data.set(block.data, offset);
    offset += block.data.length;
  }
  const rows = blocks.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return { shape: [rows, ...blocks[0]!.shape.slice(1)], data };
}

function encoder(tensors: HostTensors): HostTensors {
  return { W_enc: transposed(tensors["encoder.0.weight"]!), b_enc: tensors["encoder.0.bias"]! };
}

function transposed({ shape, data }: HostTensor): HostTensor {
  const [rows, columns] = shape as [number, number];
  const out = new Float32Array(data.length); // [columns, rows]
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  }
  return { shape: [columns, rows], data: out };
}
