/**
 * Which latents fire on each token, in bounded memory: all tokens while they fit, then a sample of ever fewer. A token stays
 * at level l while its row number hashes to a number with at least l trailing zeros (a share of 2^-l), and the level rises
 * when memory is full. So the sample is a function of the tokens seen, whatever their order.
 */
import { QsaeError } from "@qsae/runtime";
import { mixSeeds } from "@qsae/core";

export interface TokenSample {
  /** Entries of one token; values of 0 do not fire. */
  add(row: number, indices: Int32Array, values: Float32Array): void;
  tokensSeen(): number;
  /**
   * Tokens kept, and the latents of those that fire: ascending within a token, each token ended by a negative number.
   *
   * @throws QsaeError if no token is left
   */
  kept(): { readonly tokens: number; readonly firings: Int32Array };
}

const HASH_BITS = 32;
const FIRST_CAPACITY = 2 ** 16;

/** @param most numbers that are kept: one per firing and one per token */
export function tokenSample(most: number): TokenSample {
  const tokensOfLevel = new Float64Array(HASH_BITS + 1); // whose hash has exactly so many trailing zeros
  let firings = new Int32Array(Math.min(most, FIRST_CAPACITY));
  let length = 0;
  let level = 0;

  const raiseLevel = (): void => {
    level++;
    let kept = 0;
    for (let from = 0, to = 0; to < length; to++) {
      if (firings[to]! >= 0) continue;
      if (levelOfEnd(firings[to]!) >= level) {
        firings.copyWithin(kept, from, to + 1);
        kept += to + 1 - from;
      }
      from = to + 1;
    }
    length = kept;
  };
  const makeRoom = (needed: number, tokenLevel: number): void => {
    while (length + needed > most && tokenLevel >= level) raiseLevel();
    if (length + needed <= firings.length || tokenLevel < level) return;
    const larger = new Int32Array(Math.min(most, Math.max(2 * firings.length, length + needed)));
    larger.set(firings.subarray(0, length));
    firings = larger;
  };

  return {
    add(row, indices, values) {
      const tokenLevel = trailingZeros(mixSeeds(row));
      tokensOfLevel[tokenLevel]! += 1;
      if (tokenLevel < level) return;
      const needed = values.reduce((count, value) => (value === 0 ? count : count + 1), 1);
      if (needed > most) {
        throw new QsaeError(`coactivation: row ${row} fires ${needed - 1} latents; maxFirings=${most} must be larger`);
      }
      if (needed === 1) return;
      makeRoom(needed, tokenLevel);
      if (tokenLevel < level) return;
      for (let e = 0; e < indices.length; e++) if (values[e] !== 0) firings[length++] = indices[e]!;
      firings[length++] = endOfToken(tokenLevel);
    },
    tokensSeen: () => tokensOfLevel.reduce((sum, count) => sum + count, 0),
    kept() {
      const tokens = tokensOfLevel.subarray(level).reduce((sum, count) => sum + count, 0);
      if (tokens === 0) {
        throw new QsaeError(`coactivation: no token is left in a sample of ${most} firings; raise maxFirings`);
      }
      return { tokens, firings: firings.subarray(0, length) };
    },
  };
}

function endOfToken(level: number): number {
  return -1 - level;
}

function levelOfEnd(end: number): number {
  return -1 - end;
}

/** 32 for 0. */
function trailingZeros(hash: number): number {
  return hash === 0 ? HASH_BITS : 31 - Math.clz32(hash & -hash);
}
