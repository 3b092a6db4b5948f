/** Parameters under which a variant's forward pass selects and rounds as its packed form does. */
import type { TensorOps, Tensors, Variant } from "@qsae/core";
import { roundToF16, type HostTensor, type HostTensors } from "@qsae/runtime";

/** Less than scores lie apart, more than they are rounded by. */
const BELOW = 1e-5;

export const onDevice = (ops: TensorOps, tensors: HostTensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, ops.fromHost(tensor)]));

/**
 * Scales that F16 holds, as packed files have them, and where latents are selected over a batch the threshold of the batch x
 * `[n, d_in]`.
 */
export async function likeLowered(
  ops: TensorOps,
  variant: Variant,
  tensors: HostTensors,
  x: Float32Array,
): Promise<HostTensors> {
  const rounded = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, name.endsWith(".log_scale") ? asF16(tensor) : tensor]),
  );
  if (!rounded["inference_threshold"]) return rounded;
  const smallest = ops.tidy(() => {
    const context = { x: ops.tensor(x, [x.length / variant.dIn, variant.dIn]), progress: 1 };
    return variant.forward(ops, onDevice(ops, rounded), context).statistics!["inference_threshold"]!;
  });
  const data = Float32Array.from((await ops.read(smallest)).data, (value) => value - BELOW);
  ops.dispose(smallest);
  return { ...rounded, inference_threshold: { shape: [1], data } };
}

function asF16({ shape, data }: HostTensor): HostTensor {
  return { shape, data: Float32Array.from(data, (log) => Math.log(roundToF16(Math.exp(log)))) };
}

/** `||a - b|| / ||b||` */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const expected = Array.from(b);
  return Math.hypot(...expected.map((value, i) => value - a[i]!)) / Math.hypot(...expected);
}
