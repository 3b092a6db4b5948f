/**
 * SAELens top-k SAEs with `rescale_acts_by_decoder_norm` select by `h_j |W_dec_j|` and decode `z_j / |W_dec_j|`
 * (sae_lens/saes/topk_sae.py). With the norms folded in, it is a plain top-k SAE:
 *
 *     W_enc[:, j] |W_dec_j|,   b_enc[j] |W_dec_j|,   W_dec_j / |W_dec_j|
 */
import type { HostTensor, HostTensors } from "@qsae/runtime";

/** Returns new tensors. An atom of norm 0 stays 0 and its latent never fires. */
export function foldDecoderNorm(tensors: HostTensors): HostTensors {
  const wDec = tensors["W_dec"]!; // [d_sae, d_in]
  const [dSae, dIn] = wDec.shape as [number, number];
  const norms = new Float64Array(dSae);
  for (let j = 0; j < dSae; j++) {
    let sum = 0;
    for (let i = 0; i < dIn; i++) sum += wDec.data[j * dIn + i]! ** 2;
    norms[j] = Math.sqrt(sum);
  }
  const mapped = (tensor: HostTensor, factor: (index: number) => number): HostTensor => ({
    shape: tensor.shape,
    data: Float32Array.from(tensor.data, (value, index) => value * factor(index)),
  });
  return {
    ...tensors,
    W_enc: mapped(tensors["W_enc"]!, (index) => norms[index % dSae]!), // [d_in, d_sae]
    b_enc: mapped(tensors["b_enc"]!, (index) => norms[index]!), // [d_sae]
    W_dec: mapped(wDec, (index) => 1 / (norms[Math.floor(index / dIn)]! || 1)),
  };
}
