import type { DataSource } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import type { QsaeConfig } from "../config/define-config.ts";
import { openActivationFiles, type ActivationFiles } from "../files/open-activation-files.ts";

export type HeldoutFlags = Partial<ActivationFiles>;

/** The activations to evaluate on, from the options or else the configuration. @throws UsageError if neither says */
export async function openHeldout(
  command: string,
  { data, tensor, target, targetTensor, tokens }: HeldoutFlags,
  { heldout }: QsaeConfig,
): Promise<DataSource> {
  const path = data ?? heldout;
  if (path === undefined) {
    throw new UsageError(`${command}: --data FILE is missing (activations to evaluate on); see qsae ${command} --help`);
  }
  return openActivationFiles({
    data: path,
    ...(tensor !== undefined && { tensor }),
    ...(target !== undefined && { target }),
    ...(targetTensor !== undefined && { targetTensor }),
    ...(tokens !== undefined && { tokens }),
  });
}
