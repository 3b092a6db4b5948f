/** What a cell of the table is, and what measuring it gives. */
import type { TrainingInput } from "@qsae/core";
import { z } from "zod";

/** Configuration keys that L0 follows, and the power of L0's dependence on them that a search starts from. */
export const L0_KEYS = { k: 1, sparsity_lambda: -1 } as const;

/** Sets a key of the configuration such that L0 becomes that of another cell. */
export interface MatchL0 {
  /** Id of the cell whose L0 is the target. */
  readonly to: string;
  readonly key: keyof typeof L0_KEYS;
  /** Value tried first. Default for `k`: the target itself, rounded. */
  readonly start?: number;
}

/** One training run. */
export interface Cell {
  /** `GROUP/SEED`: cells of a group differ in their seed alone. */
  readonly id: string;
  /** Who trains it: this project, or the peer it is compared with, on the same recipe. */
  readonly trainer: "qsae" | "pytorch";
  readonly variant: string;
  /** The variant's, without d_in and d_sae, which all cells share. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly training: Omit<TrainingInput, "seed">;
  readonly seed: number;
  readonly matchL0?: MatchL0;
  /** Id of the cell whose trained parameters it starts from. */
  readonly warmStartFrom?: string;
}

/** Figures of a cell, on held-out tokens with the weights as they are stored where nothing else is said. */
export const measuredSchema = z.strictObject({
  fvu: z.number(),
  l0: z.number(),
  /** Latents that did not fire in the last `dead_after_tokens` tokens of training. */
  dead_in_training: z.number().int(),
  /** Latents that fired on no held-out token. */
  dead_heldout: z.number().int(),
  /** Of the dictionary, scales included; 32 for float. */
  bits_per_weight: z.number(),
  /** Of the dictionary's codes alone. */
  code_bits_per_weight: z.number(),
  /** FVU with the first m levels; absent where there is one. */
  fvu_by_level: z.array(z.number()).optional(),
  steps: z.number().int(),
  /** Steps of the run that it started from. */
  warm_start_steps: z.number().int().optional(),
  /** Time of training, data included. */
  seconds: z.number(),
  /** Training runs until L0 matched. */
  matching_runs: z.number().int().optional(),
  /** PyTorch: largest relative difference between both sides' losses over the first steps from equal weights. */
  first_losses_difference: z.number().optional(),
});

export type Measured = z.output<typeof measuredSchema>;

export const storedCellSchema = z.strictObject({
  /** Of everything that the figures depend on; see cell-key.ts. */
  key: z.string(),
  variant: z.string(),
  /** As trained, defaults and matched values included. */
  config: z.record(z.string(), z.unknown()),
  training: z.record(z.string(), z.unknown()),
  /** Versions of what it ran on. */
  made_with: z.string(),
  measured: measuredSchema,
});

export type StoredCell = z.output<typeof storedCellSchema>;

/** Cells measured so far, by id. */
export type Results = ReadonlyMap<string, StoredCell>;

export const groupOf = (id: string): string => id.slice(0, id.lastIndexOf("/"));
