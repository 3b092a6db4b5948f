import type { DataSource } from "@qsae/core";
import { openActivations } from "@qsae/data";
import { UsageError } from "@qsae/runtime";
import type { QsaeConfig } from "../config/define-config.ts";

export interface HeldoutFlags {
  readonly data?: string;
  readonly tensor?: string;
  readonly tokens?: number;
}

/** The activations to evaluate on, from the options or else the configuration. @throws UsageError if neither says */
export async function openHeldout(command: string, flags: HeldoutFlags, { heldout }: QsaeConfig): Promise<DataSource> {
  const path = flags.data ?? heldout;
  if (path === undefined) {
    throw new UsageError(`${command}: --data FILE is missing (activations to evaluate on); see qsae ${command} --help`);
  }
  return openActivations(path, {
    ...(flags.tensor !== undefined && { tensor: flags.tensor }),
    ...(flags.tokens !== undefined && { tokens: flags.tokens }),
  });
}
