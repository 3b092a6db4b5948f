import { UsageError } from "@qsae/runtime";
import type { QsaeConfig } from "../config/define-config.ts";
import { withoutAbsent } from "../config/without-absent.ts";
import type { ActivationFiles } from "../files/open-activation-files.ts";

/** Options as they are given; an absent one may be there as `undefined`. */
type HeldoutFlags = { readonly [K in keyof ActivationFiles]?: ActivationFiles[K] | undefined };

/**
 * The activations to evaluate on, from the options or else the configuration, whose targets belong to its own activations.
 *
 * @throws UsageError if neither says
 */
export function heldoutFiles(
  command: string,
  { data, tensor, target, targetTensor, tokens }: HeldoutFlags,
  { heldout, heldoutTarget }: QsaeConfig,
): ActivationFiles {
  const path = data ?? heldout;
  if (path === undefined) {
    throw new UsageError(`${command}: --data FILE is missing (activations to evaluate on); see qsae ${command} --help`);
  }
  const targets = target ?? (data === undefined ? heldoutTarget : undefined);
  return { data: path, ...withoutAbsent({ tensor, target: targets, targetTensor, tokens }) };
}
