/**
 * What quickstart trains: small enough for two cores and two minutes, large enough to mean something. The figures behind the
 * choices were measured on the shipped model, on held-out text.
 */
import type { TrainingInput } from "@qsae/core";

/** The residual stream in the middle of the model. */
export const HOOK = "blocks.1";
/** What the model was trained with. */
export const CONTEXT = 128;
/** 800 windows of 127 kept positions. */
export const TRAIN_TOKENS = 101_600;
/** 120 windows. */
export const HELDOUT_TOKENS = 15_240;

export const SAE_KEYS = { d_sae: 1024, k: 32 } as const;

export const FLOAT_TRAINING: TrainingInput = { epochs: 3, batch_size: 512, lr: 2e-3 };
export const TERNARY_TRAINING: TrainingInput = { epochs: 3, batch_size: 512, lr: 2e-3 };
