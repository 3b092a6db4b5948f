import type { Measured, StoredCell } from "./cell.ts";

/** A measured cell with the figures that a test is about. */
export const storedCell = (measured: Partial<Measured> = {}, key = "key"): StoredCell => ({
  key,
  variant: "baseline",
  config: { k: 32 },
  training: { lr: 0.001 },
  made_with: "a test",
  measured: {
    fvu: 0.1,
    l0: 32,
    dead_in_training: 0,
    dead_heldout: 0,
    bits_per_weight: 32,
    code_bits_per_weight: 32,
    steps: 3000,
    seconds: 60,
    ...measured,
  },
});
