/** Activations of any opened file, wherever it is. */
import type { DataSource } from "@qsae/core";
import { FormatError, UsageError } from "@qsae/runtime";

import type { OpenFile } from "../files/open-file.ts";
import { batches } from "./batches.ts";
import { readNpyLayout } from "./npy-layout.ts";
import { resolveRange, type RowLayout, type RowRange } from "./row-layout.ts";
import { readSafetensorsLayout } from "./safetensors-layout.ts";

export interface OpenActivationsOptions extends RowRange {
  /** Which tensor of a `.safetensors` file. Default: the only float one with 2 or 3 axes. */
  readonly tensor?: string;
  /**
   * Memory for shuffling, in bytes, rows counted as float32: rows within this window are permuted freely. Default 128 MiB;
   * data that fits is permuted as a whole. Files of the same shape and another type or format are shuffled alike.
   */
  readonly shuffleBytes?: number;
}

const DEFAULT_SHUFFLE_BYTES = 128 * 1024 * 1024;

const SUPPORTED = ".safetensors (F32, F16, BF16) or .npy (float32, float16)";

/**
 * Throws as `openActivations`.
 * @param path name of the file, whose ending tells the format
 * @param open given what errors say is expected
 */
export async function activationsOf(
  path: string,
  open: (expected: string) => Promise<OpenFile>,
  options: OpenActivationsOptions,
): Promise<DataSource> {
  const readLayout = layoutReader(path, options.tensor);
  const file = await open(`activations: ${SUPPORTED}`);
  try {
    const layout = await readLayout(file);
    return sourceOf(file, layout, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function layoutReader(path: string, tensor: string | undefined): (file: OpenFile) => Promise<RowLayout> {
  switch (extensionOf(path).toLowerCase()) {
    case ".safetensors":
      return (file) => readSafetensorsLayout(file, tensor);
    case ".npy":
      if (tensor !== undefined) {
        throw new UsageError(`${path}: a .npy file holds one array without a name; leave out tensor="${tensor}"`);
      }
      return readNpyLayout;
    default:
      throw new FormatError(path, `unknown kind of file "${extensionOf(path)}"; supported: ${SUPPORTED}`);
  }
}

function sourceOf(file: OpenFile, layout: RowLayout, options: OpenActivationsOptions): DataSource {
  const range = resolveRange(options, layout.rows, file.path);
  const shuffleBytes = options.shuffleBytes ?? DEFAULT_SHUFFLE_BYTES;
  if (!Number.isSafeInteger(shuffleBytes) || shuffleBytes < 1) {
    throw new UsageError(`${file.path}: shuffleBytes=${shuffleBytes}; expected a positive integer`);
  }
  let closed = false;
  return {
    dIn: layout.dIn,
    tokens: range.tokens,
    provenance: {
      ...layout.metadata,
      file: nameOf(file.path),
      ...(layout.tensor === undefined ? {} : { tensor: layout.tensor }),
      rows: `${range.from}..${range.from + range.tokens} of ${layout.rows}`,
    },
    batches: (batchOptions) => {
      if (closed) throw new UsageError(`${file.path}: batches() after close()`);
      return batches({ file, layout, range, shuffleBytes }, batchOptions);
    },
    close: async () => {
      closed = true;
      await file.close();
    },
  };
}

/** `a/b.npy` -> `b.npy` */
function nameOf(path: string): string {
  return path.replace(/^.*[/\\]/s, "");
}

/** `a/b.npy` -> `.npy`; empty where there is none. */
function extensionOf(path: string): string {
  return /.(\.[^.]*)$/s.exec(nameOf(path))?.[1] ?? "";
}
