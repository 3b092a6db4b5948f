/** A trained SAE outside any run: what importers return, what variants instantiate, what training saves. */
import type { HostTensors } from "@qsae/runtime";

export interface SaeSpec {
  /** Variant id, e.g. `baseline`. */
  readonly variant: string;
  /** The variant's config, JSON, with the field's names. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface SaeCheckpoint {
  readonly spec: SaeSpec;
  /** Parameters by name: `W_enc [d_in, d_sae]`, `b_enc [d_sae]`, `W_dec [d_sae, d_in]`, `b_dec [d_in]`, ... */
  readonly tensors: HostTensors;
  readonly provenance: Readonly<Record<string, string>>;
}

/** A checkpoint in the middle of a run: everything that resuming bit for bit needs. */
export interface TrainingCheckpoint {
  /** The SAE as it would be used now: averaged weights, input normalisation folded in, where the run has those. */
  readonly sae: SaeCheckpoint;
  /** Steps done. */
  readonly step: number;
  /** Adam moments, tokens since each latent fired, parameters where they differ from those of `sae`, ... by name. */
  readonly state: HostTensors;
  /** The training configuration the run was started with, JSON. */
  readonly training: Readonly<Record<string, unknown>>;
}

/** Where a run keeps its checkpoints. `save` is atomic: a reader sees the old one or the new one, whole. */
export interface CheckpointStore {
  /** Returns where it was written, for people. */
  save(checkpoint: TrainingCheckpoint): Promise<string>;
  /** The last saved one, if any. */
  load(): Promise<TrainingCheckpoint | undefined>;
}
