/** SAEs that the Python reference (ASSERT-KTH/QuantizedSAE) saved: a state_dict in a `.pth` file. */
import { basename } from "node:path";

import { fromReference, type SaeCheckpoint } from "@qsae/core";
import type { HostTensors } from "@qsae/runtime";

import { fileSha256 } from "../../files/sha256.ts";
import { requireFinite } from "../require-finite.ts";
import { readTorchFile } from "../torch/read-torch-file.ts";
import { recognise, STRAY, withPrefix } from "./recognise.ts";
import { type ImportSaeOptions, specOf } from "./reference-options.ts";

/** Put before every name by `torch.nn.DataParallel` and `torch.compile`. */
const MODULE_PREFIXES = ["module.", "_orig_mod."];

/**
 * @param expected what the file should be, for the error when it is missing
 * @throws FormatError naming the file, and what is missing, damaged or not stored in it; UsageError for options that do not
 * belong to the variant; NonFiniteError if a weight is NaN or Inf
 */
export async function importReference(
  path: string,
  options: ImportSaeOptions,
  expected: string,
): Promise<SaeCheckpoint> {
  const { tensors } = await readTorchFile(path, expected);
  const stateDict = MODULE_PREFIXES.reduce(withoutPrefix, tensors);
  const found = recognise(stateDict, path);
  const spec = specOf(found, options, path);
  const parameters = Object.entries(stateDict).filter(([name]) => !STRAY.includes(name));
  const ours = fromReference(spec.variant, Object.fromEntries(parameters));
  for (const [name, tensor] of Object.entries(ours)) requireFinite(path, name, tensor);
  return {
    spec,
    tensors: ours,
    provenance: {
      imported: basename(path),
      layout: "Python reference",
      weights_sha256: await fileSha256(path),
    },
  };
}

function withoutPrefix(tensors: HostTensors, prefix: string): HostTensors {
  return Object.keys(tensors).every((name) => name.startsWith(prefix)) ? withPrefix(tensors, prefix) : tensors;
}
