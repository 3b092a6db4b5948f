/**
 * An SAE of `scale * x` as one of x. Where latents grow with their input, biases and thresholds are divided by the scale; atoms
 * keep their norms. Where latents are 0 or 1, encoder and atoms take the scale: `h` stays what it was.
 */
import { UsageError, type HostTensors } from "@qsae/runtime";
import type { AutoencoderParts } from "./autoencoder.ts";

/**
 * @returns undefined where the weights cannot be scaled
 */
export function inputScaleFolding({
  activation,
  encoder,
  dictionary,
}: Pick<AutoencoderParts, "activation" | "encoder" | "dictionary">):
  ((params: HostTensors, scale: number) => HostTensors) | undefined {
  if (activation.latents === "magnitudes") {
    return (params, scale) => {
      requireScale(scale);
      return { ...params, ...divided(params, ["b_enc", "b_dec", ...activation.scaled], scale) };
    };
  }
  if (!encoder.scaled || !dictionary.scaled) return undefined;
  return (params, scale) => {
    requireScale(scale);
    return {
      ...params,
      ...encoder.scaled!(params, scale),
      ...dictionary.scaled!(params, 1 / scale),
      ...divided(params, ["b_dec", ...activation.scaled], scale),
    };
  };
}

function divided(params: HostTensors, names: readonly string[], scale: number): HostTensors {
  const present = names.filter((name) => params[name]);
  return Object.fromEntries(
    present.map((name) => {
      const { shape, data } = params[name]!;
      return [name, { shape, data: Float32Array.from(data, (value) => value / scale) }];
    }),
  );
}

function requireScale(scale: number): void {
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new UsageError(`input scale: ${scale} is not allowed; it must be over 0 and finite`);
  }
}
