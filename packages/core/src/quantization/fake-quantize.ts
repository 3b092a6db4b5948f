/**
 * Fake-quantization for training: forward uses the quantized weights, backward passes straight through to the float ones
 * (Bengio, Leonard & Courville 2013, "Estimating or propagating gradients through stochastic neurons") and exactly to the
 * grid, unless the quantizer brings a gradient of its own.
 */
import type { Grid, Quantizer } from "../contracts/quantizer.ts";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";
import { dequantize, scaleGradient } from "./dequantize.ts";

/** Quantized weights, as floats: `[d_sae, d_in]`. Differentiable in w and in every tensor of the grid. */
export function fakeQuantize<G extends Grid>(ops: TensorOps, quantizer: Quantizer<G>, w: Tensor, grid: G): Tensor {
  const names = Object.keys(grid) as (keyof G & string)[];
  const gridTensors = names.map((name) => grid[name] as Tensor);
  return ops.customGrad(
    [w, ...gridTensors],
    () => {
      const codes = quantizer.encode(ops, w, grid);
      return { value: dequantize(ops, quantizer, codes, grid.scale), saved: [w, codes, ...gridTensors] };
    },
    (dy, [savedW, codes, ...savedGrid]) => {
      const kept = Object.fromEntries(names.map((name, i) => [name, savedGrid[i]!])) as unknown as G;
      const own = quantizer.backward?.(ops, dy, savedW!, kept) as Record<string, Tensor> | undefined;
      const gridGradients = names.map((name) => {
        if (own) return own[name] ?? ops.zeros(kept[name]!.shape);
        if (name === "scale") return scaleGradient(ops, quantizer, dy, codes!, kept.scale);
        return ops.zeros(kept[name]!.shape); // thresholds and the like only decide codes, which are held fixed
      });
      return [own?.["w"] ?? ops.mul(dy, 1), ...gridGradients];
    },
  );
}
