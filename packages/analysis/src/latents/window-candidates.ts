/** Which contexts of one window may be among the strongest of a latent. */
import type { WindowFirings } from "./open-windows.ts";
import type { StrongestContexts } from "./strongest-contexts.ts";

/**
 * Offers the contexts of a window to `strongest`: of each latent the strongest firing first, then the strongest that shares no
 * token with those before, and so on.
 */
export function windowCandidates(
  dSae: number,
  perLatent: number,
  before: number,
  after: number,
  strongest: StrongestContexts,
): (window: WindowFirings) => void {
  const NONE = -1;
  const firstOf = new Int32Array(dSae).fill(NONE); // first firing of each latent in the window
  const lastOf = new Int32Array(dSae);
  const largestOf = new Float32Array(dSae);
  const picked = new Int32Array(perLatent); // rows

  return ({ count, rows, latents, values }) => {
    const next = new Int32Array(count); // the next firing of the same latent
    const fired: number[] = [];
    for (let e = 0; e < count; e++) {
      const latent = latents[e]!;
      next[e] = NONE;
      if (firstOf[latent] === NONE) {
        fired.push(latent);
        firstOf[latent] = e;
        largestOf[latent] = values[e]!;
      } else {
        next[lastOf[latent]!] = e;
        if (values[e]! > largestOf[latent]!) largestOf[latent] = values[e]!;
      }
      lastOf[latent] = e;
    }

    /** The strongest firing that shares no token with `picks` contexts picked before; NONE if there is no other. */
    const strongestApart = (latent: number, picks: number): number => {
      let best = NONE;
      for (let e = firstOf[latent]!; e !== NONE; e = next[e]!) {
        const weaker =
          best !== NONE && (values[e]! < values[best]! || (values[e] === values[best] && rows[e]! > rows[best]!));
        if (weaker) continue;
        let apart = true;
        for (let p = 0; p < picks && apart; p++) apart = Math.abs(rows[e]! - picked[p]!) > before + after;
        if (apart) best = e;
      }
      return best;
    };

    for (const latent of fired) {
      const least = strongest.least(latent);
      if (largestOf[latent]! >= least) {
        for (let picks = 0; picks < perLatent; picks++) {
          const peak = strongestApart(latent, picks);
          if (peak === NONE || values[peak]! < least) break;
          const row = rows[peak]!;
          picked[picks] = row;
          const around = strongest.offer(latent, values[peak]!, row);
          if (around === undefined) continue;
          for (let e = firstOf[latent]!; e !== NONE; e = next[e]!) {
            const at = rows[e]! - row + before;
            if (at >= 0 && at < around.length) around[at] = values[e]!;
          }
        }
      }
      firstOf[latent] = NONE;
    }
  };
}
