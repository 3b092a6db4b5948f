/**
 * `rotated`: TopK with a dictionary that is quantized in another basis. A few dimensions of a language model's activations
 * are much larger than the rest, and quantized atoms spend their levels on those. A fixed random rotation R spreads them over
 * all dimensions first (Ashkboos et al. 2024, "QuaRot"):
 *
 *     u = R x;   z = relu(top_k(u W_enc + b_enc));   xhat = R^T (z Q(W_dec) + b_dec);   loss = mean (xhat - target)^2
 */
import { fakeQuantize, packMatrix, type Quantizer, type Variant, type VariantFactory } from "@qsae/core";
import { UsageError, type HostTensor } from "@qsae/runtime";
import { hadamardRotation } from "./rotation.ts";

const defaults = { d_in: 0, d_sae: 0, k: 32, quantizer: "ternary", rotation_seed: 0 };

export const rotated: VariantFactory = {
  id: "rotated",
  fromConfig(given, resolveQuantizer) {
    const config = { ...defaults, ...given };
    const unknown = Object.keys(given).filter((key) => !(key in defaults));
    if (unknown.length === 0) return variantOf(config, resolveQuantizer(config.quantizer));
    throw new UsageError(`variant rotated: unknown ${unknown.join()}; allowed: ${Object.keys(defaults).join(", ")}`);
  },
};

function variantOf(config: typeof defaults, quantizer: Quantizer): Variant {
  const { d_in: dIn, d_sae: dSae, k, rotation_seed: rotationSeed } = config;
  const { signs, matrix } = hadamardRotation(dIn, rotationSeed);
  return {
    ...{ id: rotated.id, config, dIn, dSae },
    init(ops, { seed, center, warmStart }) {
      if (warmStart) throw new UsageError("variant rotated: its weights live in a basis of its own; leave out --from");
      return ops.tidy(() => {
        const atoms = ops.normalizeRows(ops.randomNormal([dSae, dIn], 1, seed), 1e-8); // [d_sae, d_in]
        const rotatedCenter = ops.matMul(ops.tensor(matrix, [dIn, dIn]), ops.tensor(center, [dIn, 1])); // [d_in, 1]
        return {
          encoder: ops.mul(atoms, 1), // [d_sae, d_in], one row per latent as packed files have it
          b_enc: ops.neg(ops.reshape(ops.matMul(atoms, rotatedCenter), [dSae])),
          W_dec: atoms,
          log_scale: ops.log(quantizer.calibrate(ops, atoms).scale),
          b_dec: ops.reshape(rotatedCenter, [dIn]),
        };
      });
    },
    forward(ops, params, { x, target }) {
      const rotation = ops.tensor(matrix, [dIn, dIn]);
      const u = ops.matMul(x, rotation, false, true); // [n, d_in]
      const selected = ops.encodeTopK(u, ops.transpose(params["encoder"]!), params["b_enc"]!, k);
      const latents = { ...selected, values: ops.relu(selected.values) };
      const atoms = fakeQuantize(ops, quantizer, params["W_dec"]!, { scale: ops.exp(params["log_scale"]!) });
      const reconstruction = ops.matMul(ops.add(ops.decodeSparse(latents, atoms), params["b_dec"]!), rotation);
      const mse = ops.mean(ops.square(ops.sub(reconstruction, target ?? x)));
      return { reconstructions: [reconstruction], losses: { mse }, fired: ops.countFired(latents), latents };
    },
    async lower(ops, params) {
      const { encoder, b_enc, W_dec, log_scale, b_dec } = params as Record<string, HostTensor<Float32Array>>;
      const scale = { shape: log_scale!.shape, data: log_scale!.data.map(Math.exp) };
      const stage = {
        ...({ dSae, input: { kind: "x" }, subtractBDec: false, outputWeight: 1 } as const),
        encoder: { kind: "float32", rows: dSae, cols: dIn, values: encoder!.data } as const,
        bEnc: b_enc!.data,
        selection: { kind: "topk", k, relu: true } as const,
        dictionary: await packMatrix(ops, quantizer, W_dec!, { scale }),
        bDec: b_dec!.data,
      };
      const description = { variant: rotated.id, config, provenance: {}, metrics: {} };
      return { dIn, rotation: { kind: "hadamard", signs }, stages: [stage], description };
    },
  };
}
