/**
 * Fewer points for the same picture: the curve is cut into stretches of equally many points, and of each the lowest and
 * the highest point stay, in order. Spikes survive, which a mean or a stride would hide.
 */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * At most `limit` of `points`, in their order: the first, the last, and the extremes of every stretch. Fewer points are
 * returned as they are.
 *
 * @param limit at least 4; default 2000, about two per pixel of a wide chart
 */
export function downsample(points: readonly Point[], limit = 2000): readonly Point[] {
  if (points.length <= limit) return points;
  const last = points.length - 1;
  const stretches = Math.floor((limit - 2) / 2);
  const kept = [points[0]!];
  for (let s = 0; s < stretches; s++) {
    const from = 1 + Math.floor((s * (last - 1)) / stretches);
    const to = 1 + Math.floor(((s + 1) * (last - 1)) / stretches);
    let low = from;
    let high = from;
    for (let i = from; i < to; i++) {
      if (points[i]!.y < points[low]!.y) low = i;
      if (points[i]!.y > points[high]!.y) high = i;
    }
    kept.push(points[Math.min(low, high)]!);
    if (low !== high) kept.push(points[Math.max(low, high)]!);
  }
  kept.push(points[last]!);
  return kept;
}
