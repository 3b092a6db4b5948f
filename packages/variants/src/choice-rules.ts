/** What variants check between their keys, as JSON Schema. A property test of the command holds these rules against what is parsed. */
import { z } from "zod";
import type { ActivationChoice } from "./activation-config.ts";
import { aliases } from "./config.ts";
import { movingKeys } from "./mask-config.ts";

type Rule = Readonly<Record<string, unknown>>;

/** Keys that belong to other activations than the chosen one are refused: `chooseActivation`. */
export function activationRules(
  shape: z.ZodRawShape,
  choices: Readonly<Record<string, ActivationChoice>>,
): readonly Rule[] {
  const { activation } = shape;
  if (activation === undefined) return [];
  const unlessGiven = z.parse(activation, undefined);
  const owned = new Set(Object.values(choices).flatMap(({ keys }) => Object.keys(keys)));
  return Object.entries(choices).map(([name, { keys }]) => {
    const foreign = Object.keys(shape).filter((key) => {
      const canonical = aliases[key] ?? key;
      return owned.has(canonical) && !(canonical in keys);
    });
    return {
      if: name === unlessGiven ? mayBe("activation", name) : is("activation", name),
      then: { properties: Object.fromEntries(foreign.map((key) => [key, false])) },
    };
  });
}

/** As `annealingOf` checks. */
export const annealingRules = (shape: z.ZodRawShape): readonly Rule[] =>
  "p_end" in shape ? [{ dependencies: { p_anneal_start_fraction: ["p_end"] } }] : [];

/** As `chooseMask` checks, in the preset whose masks are there only if they are asked for. */
export const maskRules = (shape: z.ZodRawShape): readonly Rule[] =>
  Object.keys(movingKeys).every((key) => key in shape)
    ? Object.keys(movingKeys).map((key) => ({
        dependencies: { [key]: { properties: { sparsity: { exclusiveMinimum: 0 } }, required: ["sparsity"] } },
      }))
    : [];

/** As `bDecAppliedToInput` checks. */
export const transcoderRules = (shape: z.ZodRawShape): readonly Rule[] =>
  "transcoder" in shape
    ? [
        { if: is("skip", true), then: is("transcoder", true) },
        { if: is("transcoder", true), then: mayBe("apply_b_dec_to_input", false) },
      ]
    : [];

const mayBe = (key: string, value: unknown): Rule => ({ properties: { [key]: { const: value } } });
const is = (key: string, value: unknown): Rule => ({ ...mayBe(key, value), required: [key] });
