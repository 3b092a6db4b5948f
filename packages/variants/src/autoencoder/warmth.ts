/** From 0 to 1 over the first `fraction` of the run. */
export const warmth = (fraction: number, progress: number): number =>
  fraction > 0 ? Math.min(1, progress / fraction) : 1;
