/**
 * How codes become weights, as data. The runtime interprets these and nothing else, so a packed file never needs the
 * code of the quantizer that made it.
 *
 * - `affine`: `(code + offset) * scale` (offset defaults to 0)
 * - `table`: `levels[code - min] * scale`
 * - `sum`: residual stacks; the sum of `planes` code planes, each with codes and a scale of its own, each read by `each`
 *
 * Every product is rounded to float32, planes are added in order in float32: the same bits on every backend.
 */
export type DequantizeRule = PlaneRule | { readonly kind: "sum"; readonly planes: number; readonly each: PlaneRule };

/** The rule of one code plane. */
export type PlaneRule =
  | { readonly kind: "affine"; readonly offset?: number }
  | { readonly kind: "table"; readonly levels: readonly number[] };
