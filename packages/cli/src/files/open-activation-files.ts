/** Activations to read, or pairs of them: what `--data`, `--target` and their relatives say. */
import { pairedSource, type DataSource } from "@qsae/core";
import { openActivations, type OpenActivationsOptions } from "@qsae/data";
import { UsageError } from "@qsae/runtime";

export interface ActivationFiles {
  /** What is encoded. */
  readonly data: string;
  /** Which tensor of it. Default: the only float one. */
  readonly tensor?: string;
  /** What is to be reconstructed, where that is something else (transcoders): the same tokens, row by row. */
  readonly target?: string;
  /** Which tensor of `target`. Default: the only float one. */
  readonly targetTensor?: string;
  /** Only the first n rows. */
  readonly tokens?: number;
}

/**
 * A source of activations, with targets where `target` is given. Closing it closes all files.
 *
 * @throws UsageError if `targetTensor` comes without `target`, or widths or numbers of tokens differ; FormatError as
 * `openActivations`
 */
export async function openActivationFiles(files: ActivationFiles): Promise<DataSource> {
  const { data, tensor, target, targetTensor, tokens } = files;
  const rows = { ...(tokens !== undefined && { tokens }) };
  if (target === undefined) {
    if (targetTensor === undefined) return openActivations(data, named(tensor, rows));
    throw new UsageError(
      `--target-tensor ${targetTensor}: --target FILE is missing; it may be the same file as --data`,
    );
  }
  const inputs = await openActivations(data, named(tensor, rows));
  try {
    const targets = await openActivations(target, named(targetTensor, rows));
    try {
      return pairedSource(inputs, targets);
    } catch (error) {
      await targets.close();
      throw namingFiles(error, files);
    }
  } catch (error) {
    await inputs.close();
    throw error;
  }
}

function named(tensor: string | undefined, rows: OpenActivationsOptions): OpenActivationsOptions {
  return tensor === undefined ? rows : { ...rows, tensor };
}

function namingFiles(error: unknown, { data, target }: ActivationFiles): unknown {
  return error instanceof UsageError ? new UsageError(`--data ${data}, --target ${target}: ${error.message}`) : error;
}
