/** Vectors of fewer than four numbers: the ends of rows. */

/** The first n of four lanes, n in 1 .. 3; the others are 1, a harmless operand of every operation. */
export function loadPart(at: usize, n: usize): v128 {
  let v = v128.load32_lane(at, f32x4.splat(1), 0);
  if (n > 1) v = v128.load32_lane(at, v, 1, 4);
  if (n > 2) v = v128.load32_lane(at, v, 2, 8);
  return v;
}

/** Stores the first n lanes, n in 1 .. 3. */
export function storePart(at: usize, v: v128, n: usize): void {
  v128.store32_lane(at, v, 0);
  if (n > 1) v128.store32_lane(at, v, 1, 4);
  if (n > 2) v128.store32_lane(at, v, 2, 8);
}
