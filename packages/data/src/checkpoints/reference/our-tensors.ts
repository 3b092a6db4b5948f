/** Tensors of the Python reference under our names and shapes: `W_enc [d_in, d_sae]`, `b_enc`, `W_dec [d_sae, d_in]`, `b_dec`. */
import type { HostTensor, HostTensors } from "@qsae/runtime";

import { type Recognised, type ReferenceVariant, withPrefix } from "./recognise.ts";

/**
 * - `baseline`, `binary-latent`: `W_enc`, `b_enc`, `W_dec`, `b_dec`.
 * - `binary`: `bit_logits [d_sae, d_in, n_bits]`, least significant bit first, in place of `W_dec`.
 * - `ternary`: `W_dec` as trained (before the threshold) and `mask [d_sae, d_in]`; no `b_dec`, as it has none.
 * - `quantized-matryoshka`: `W_dec` and `W_dec_mirror [d_sae, d_in]`, whose signs make the atoms.
 * - `residual-quantized`: the four of each level but `b_dec` as `levels.0.W_enc`, ...; `b_dec` is that of level 0, the only
 *   one the reference uses.
 */
export function ourTensors(variant: ReferenceVariant, tensors: HostTensors, found: Recognised): HostTensors {
  const decoderBias = { b_dec: tensors["decoder.bias"]! };
  switch (variant) {
    case "baseline":
    case "binary-latent":
      return { ...encoder(tensors), W_dec: transposed(tensors["decoder.weight"]!), ...decoderBias };
    case "binary": {
      const { data } = tensors["decoder.weight"]!;
      return {
        ...encoder(tensors),
        bit_logits: { shape: [found.dSae, found.dIn, found.nBits!], data },
        ...decoderBias,
      };
    }
    case "ternary":
      return {
        ...encoder(tensors),
        W_dec: transposed(tensors["decoder.weight"]!),
        mask: transposed(tensors["decoder.mask"]!),
      };
    case "quantized-matryoshka":
      return { ...mirrored(tensors), ...decoderBias };
    case "residual-quantized": {
      const levels = found.levelSizes!.flatMap((_, level) =>
        Object.entries(mirrored(withPrefix(tensors, `saes.${level}.`))).map(
          ([name, tensor]) => [`levels.${level}.${name}`, tensor] as const,
        ),
      );
      return { ...Object.fromEntries(levels), b_dec: tensors["saes.0.decoder.bias"]! };
    }
  }
}

function mirrored(tensors: HostTensors): HostTensors {
  return {
    ...encoder(tensors),
    W_dec: tensors["decoder.weight"]!,
    W_dec_mirror: tensors["decoder.weight_mirror"]!,
  };
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
