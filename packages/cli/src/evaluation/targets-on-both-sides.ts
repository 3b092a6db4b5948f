import { UsageError } from "@qsae/runtime";
import type { QsaeConfig } from "../config/define-config.ts";

/** @throws UsageError if one side of a transcoder's data has targets and the other has none */
export function requireTargetsOnBothSides(
  command: string,
  { target, heldout, heldoutTarget }: Pick<QsaeConfig, "target" | "heldout" | "heldoutTarget">,
): void {
  if (heldout === undefined || (target === undefined) === (heldoutTarget === undefined)) return;
  const [given, missing] =
    target === undefined
      ? [`--heldout-target ${heldoutTarget}`, "--target FILE"]
      : [`--target ${target}`, "--heldout-target FILE"];
  throw new UsageError(`${command}: ${given} is given, but ${missing} is missing; a transcoder needs targets for both`);
}
