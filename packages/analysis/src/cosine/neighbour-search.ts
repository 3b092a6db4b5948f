/** The few nearest atoms of every atom of one dictionary, from blocks of cosines. */
import type { LatentNeighbours } from "../latents/latent-table.ts";
import type { CosineBlock } from "./cosine-blocks.ts";
import { clipped, NO_ATOM } from "./nearest-atoms.ts";

export interface NeighbourSearch {
  /** Blocks must come in the order of `cosineBlocks`: an atom meets its partners in ascending order. */
  update(block: CosineBlock): void;
  /**
   * By latent, from positions among non-zero atoms.
   *
   * @param latents latent of each atom
   */
  finish(dSae: number, latents: Int32Array): LatentNeighbours;
}

/** @param count atoms that are compared */
export function neighbourSearch(count: number, perLatent: number): NeighbourSearch {
  const positions = new Int32Array(count * perLatent).fill(NO_ATOM); // [count, perLatent], the nearest first
  const cosines = new Float32Array(count * perLatent).fill(-Infinity);
  const least = new Float32Array(count).fill(-Infinity); // the last of each row

  const insert = (atom: number, partner: number, cosine: number): void => {
    const first = atom * perLatent;
    let at = first + perLatent - 1;
    for (; at > first && cosines[at - 1]! < cosine; at--) {
      cosines[at] = cosines[at - 1]!;
      positions[at] = positions[at - 1]!;
    }
    cosines[at] = cosine;
    positions[at] = partner;
    least[atom] = cosines[first + perLatent - 1]!;
  };

  return {
    update({ firstRow, rows, firstCol, cols, values }) {
      for (let r = 0; r < rows; r++) {
        const i = firstRow + r;
        let leastOfRow = least[i]!;
        const start = firstRow === firstCol ? r + 1 : 0; // on the diagonal a pair is in the block twice
        for (let j = firstCol + start, at = r * cols + start; j < firstCol + cols; j++, at++) {
          const value = values[at]!;
          if (value > leastOfRow) {
            insert(i, j, value);
            leastOfRow = least[i]!;
          }
          if (value > least[j]!) insert(j, i, value);
        }
      }
    },
    finish(dSae, latents) {
      const neighbours = {
        perLatent,
        latents: new Int32Array(dSae * perLatent).fill(NO_ATOM),
        cosines: new Float32Array(dSae * perLatent),
      };
      latents.forEach((latent, atom) => {
        for (let rank = 0; rank < perLatent; rank++) {
          const position = positions[atom * perLatent + rank]!;
          if (position === NO_ATOM) break;
          neighbours.latents[latent * perLatent + rank] = latents[position]!;
          neighbours.cosines[latent * perLatent + rank] = clipped(cosines[atom * perLatent + rank]!);
        }
      });
      return neighbours;
    },
  };
}
