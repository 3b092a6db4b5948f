/** The few strongest contexts of every latent, none of which share a token, in flat arrays. */

export interface StrongestContexts {
  /** The value that a context of this latent has to reach to be kept; equal ones are kept where they come earlier. */
  least(latent: number): number;
  /**
   * Takes part with a context around `row`.
   *
   * @returns where its values are to be written, `[before + 1 + after]` zeros, if it is kept
   */
  offer(latent: number, value: number, row: number): Float32Array | undefined;
  /** Of one latent, the strongest first, equally strong ones in the order of their rows. */
  of(latent: number): readonly StrongContext[];
}

interface StrongContext {
  readonly row: number;
  readonly value: number;
  /** `[before + 1 + after]` of the latent; 0 where it does not fire. */
  readonly values: Float32Array;
}

export function strongestContexts(
  dSae: number,
  options: {
    readonly perLatent: number;
    readonly before: number;
    readonly after: number;
    readonly rowsPerWindow: number;
  },
): StrongestContexts {
  const { perLatent, before, after, rowsPerWindow } = options;
  const width = before + 1 + after;
  const sizes = new Int32Array(dSae);
  const rows = new Int32Array(dSae * perLatent);
  const values = new Float32Array(dSae * perLatent);
  const around = new Float32Array(dSae * perLatent * width); // [d_sae, perLatent, width]

  const isWeaker = (slot: number, value: number, row: number): boolean =>
    values[slot]! < value || (values[slot] === value && rows[slot]! > row);
  const sharesToken = (slot: number, row: number): boolean =>
    Math.abs(rows[slot]! - row) < width && Math.floor(rows[slot]! / rowsPerWindow) === Math.floor(row / rowsPerWindow);
  const weakest = (latent: number): number => {
    const first = latent * perLatent;
    let worst = first;
    for (let slot = first + 1; slot < first + sizes[latent]!; slot++) {
      if (isWeaker(slot, values[worst]!, rows[worst]!)) worst = slot;
    }
    return worst;
  };
  const remove = (latent: number, slot: number): void => {
    const last = latent * perLatent + --sizes[latent]!;
    rows[slot] = rows[last]!;
    values[slot] = values[last]!;
    around.copyWithin(slot * width, last * width, (last + 1) * width);
  };
  /** Where a context is to be put, rivals that are weaker removed; undefined where it is not to be kept. */
  const slotFor = (latent: number, value: number, row: number): number | undefined => {
    const first = latent * perLatent;
    const last = first + sizes[latent]! - 1;
    for (let slot = first; slot <= last; slot++) {
      if (sharesToken(slot, row) && !isWeaker(slot, value, row)) return undefined;
    }
    for (let slot = last; slot >= first; slot--) if (sharesToken(slot, row)) remove(latent, slot);
    if (sizes[latent]! < perLatent) return first + sizes[latent]!++;
    const worst = weakest(latent);
    return isWeaker(worst, value, row) ? worst : undefined;
  };

  return {
    least: (latent) => (sizes[latent]! < perLatent ? -Infinity : values[weakest(latent)]!),
    offer(latent, value, row) {
      const slot = slotFor(latent, value, row);
      if (slot === undefined) return undefined;
      rows[slot] = row;
      values[slot] = value;
      return around.subarray(slot * width, (slot + 1) * width).fill(0);
    },
    of(latent) {
      const slots = Array.from({ length: sizes[latent]! }, (_, i) => latent * perLatent + i);
      return slots
        .sort((p, q) => (isWeaker(p, values[q]!, rows[q]!) ? 1 : -1))
        .map((slot) => ({
          row: rows[slot]!,
          value: values[slot]!,
          values: around.subarray(slot * width, (slot + 1) * width),
        }));
    },
  };
}
