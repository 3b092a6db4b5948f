/**
 * A training checkpoint as one `.safetensors` file: parameters as `param/NAME`, the rest of the run's state as
 * `state/NAME`, everything else as JSON in `__metadata__`. Any safetensors reader opens it.
 */
import type { TrainingCheckpoint } from "@qsae/core";
import { FormatError, type HostTensor, type HostTensors } from "@qsae/runtime";
import { z } from "zod";

import { readSafetensorsFile } from "../safetensors/read-tensors.ts";
import { streamSafetensors } from "../safetensors/stream-tensors.ts";
import { firstIssue } from "./first-issue.ts";

const FORMAT = "qsae-training-checkpoint";
const FORMAT_VERSION = "1";
const PARAM = "param/";
const STATE = "state/";

const json = z.record(z.string(), z.unknown());
const schema = z.object({
  spec: z.object({ variant: z.string().min(1), config: json }),
  step: z.int().nonnegative(),
  training: json,
  provenance: z.record(z.string(), z.string()),
});

/** Pieces of the file, for an atomic write. */
export function encodeCheckpoint({ sae, step, state, training }: TrainingCheckpoint): Iterable<Uint8Array> {
  const tensors = { ...prefixed(PARAM, sae.tensors), ...prefixed(STATE, state) };
  return streamSafetensors(tensors, {
    format: FORMAT,
    format_version: FORMAT_VERSION,
    spec: JSON.stringify(sae.spec),
    step: JSON.stringify(step),
    training: JSON.stringify(training),
    provenance: JSON.stringify(sae.provenance),
  });
}

/** @throws FormatError if the file is missing, damaged, of another kind, or of a version not known here */
export async function readCheckpointFile(path: string): Promise<TrainingCheckpoint> {
  const { tensors, metadata } = await readSafetensorsFile(path, "a training checkpoint");
  if (metadata["format"] !== FORMAT) {
    throw new FormatError(
      path,
      `not a training checkpoint: format is ${metadata["format"] ?? "absent"}; expected ${FORMAT}`,
    );
  }
  if (metadata["format_version"] !== FORMAT_VERSION) {
    throw new FormatError(
      path,
      `training checkpoint of version ${metadata["format_version"] ?? "(absent)"}; known: ${FORMAT_VERSION}; ` +
        "read it with the release that wrote it",
    );
  }
  const parsed = schema.safeParse(
    Object.fromEntries(Object.keys(schema.shape).map((key) => [key, parseJson(metadata[key], key, path)])),
  );
  if (!parsed.success) throw new FormatError(path, `damaged training checkpoint: ${firstIssue(parsed.error)}`);
  const { spec, step, training, provenance } = parsed.data;
  const [params, state] = split(tensors, path);
  return { sae: { spec, tensors: params, provenance }, step, state, training };
}

function prefixed(prefix: string, tensors: HostTensors): HostTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

function split(tensors: HostTensors, path: string): readonly [params: HostTensors, state: HostTensors] {
  const params: [string, HostTensor][] = [];
  const state: [string, HostTensor][] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name.startsWith(PARAM)) params.push([name.slice(PARAM.length), tensor]);
    else if (name.startsWith(STATE)) state.push([name.slice(STATE.length), tensor]);
    else
      throw new FormatError(path, `damaged training checkpoint: tensor "${name}" is neither param/... nor state/...`);
  }
  return [Object.fromEntries(params), Object.fromEntries(state)];
}

function parseJson(text: string | undefined, key: string, path: string): unknown {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch {
    throw new FormatError(path, `damaged training checkpoint: ${key} in its metadata is not JSON`);
  }
}
