import { NonFiniteError, type PackedMatrix, type PackedStage } from "@qsae/runtime";

/** @throws NonFiniteError naming the first number of a stage that is NaN or infinite, before anything is computed from it */
export function requireFiniteWeights({ encoder, dictionary, bEnc, bDec, selection }: PackedStage): void {
  requireFiniteMatrix("encoder", encoder);
  requireFiniteMatrix("dictionary", dictionary);
  requireFinite("b_enc", bEnc);
  requireFinite("b_dec", bDec);
  if (selection.kind === "threshold") requireFinite("threshold", selection.threshold);
  if (selection.kind === "gate") {
    requireFinite("mag_scale", selection.magScale);
    requireFinite("mag_bias", selection.magBias);
  }
}

/** Codes are finite, so that of quantized rows the scales decide. */
function requireFiniteMatrix(name: string, matrix: PackedMatrix): void {
  switch (matrix.kind) {
    case "float32":
      return requireFinite(name, matrix.values, matrix.cols);
    case "codes":
      for (const { scale, scaleShape } of matrix.planes) requireFinite(`scale of the ${name}`, scale, scaleShape[1]);
      return;
    case "mixed":
      for (const [index, part] of matrix.parts.entries()) requireFiniteMatrix(`${name}, part ${index}`, part);
  }
}

/** @param cols of a matrix; absent for a vector */
function requireFinite(name: string, values: Float32Array, cols?: number): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const place = cols === undefined ? `entry ${bad}` : `row ${Math.floor(bad / cols)}, column ${bad % cols}`;
  throw new NonFiniteError(
    `post-training: ${name}: ${place} is ${values[bad]}; only finite weights can be quantized (did training diverge?)`,
  );
}
