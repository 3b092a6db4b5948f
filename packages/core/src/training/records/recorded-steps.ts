/** Which steps of a run leave records of their gradients. */

/** Comparing straight-through gradients takes forward passes: one record in so many has it. */
const COMPARED_EVERY = 20;

/**
 * Whether gradients are recorded at `step` (1 for the first of `steps`): the first, every `every`-th and the last; 0: none.
 * `compared`: together with the straight-through mismatch, which is every twentieth of those, and again the first and the last.
 */
export function recordedAt(
  step: number,
  steps: number,
  every: number,
): { readonly recorded: boolean; readonly compared: boolean } {
  if (every === 0) return { recorded: false, compared: false };
  const isEnd = step === 1 || step === steps;
  return { recorded: isEnd || step % every === 0, compared: isEnd || step % (COMPARED_EVERY * every) === 0 };
}
