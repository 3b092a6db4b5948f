import type { CalibrationTokens } from "../calibration/tokens.ts";

/** `E[u u^T]` of what the encoder sees, `u = x - center`: `[d_in, d_in]`. */
export function inputGram({ tokens, dIn, x }: CalibrationTokens, center?: Float32Array): Float64Array {
  const gram = new Float64Array(dIn * dIn);
  const u = new Float64Array(dIn);
  for (let token = 0; token < tokens; token++) {
    for (let d = 0; d < dIn; d++) u[d] = x[token * dIn + d]! - (center?.[d] ?? 0);
    for (let a = 0; a < dIn; a++) {
      const ua = u[a]! / tokens;
      for (let b = a; b < dIn; b++) gram[a * dIn + b]! += ua * u[b]!;
    }
  }
  for (let a = 0; a < dIn; a++) for (let b = 0; b < a; b++) gram[a * dIn + b] = gram[b * dIn + a]!;
  return gram;
}
