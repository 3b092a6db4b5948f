/** What `qsae quantize` is to do, from its options and the configuration; what does not go together is said before anything is read. */
import type { Quantizer, QuantizerResolver } from "@qsae/core";
import { mixedMethods, quantizeMethods, type QuantizeMethod } from "@qsae/quantizers";
import { UsageError, unknownName } from "@qsae/runtime";
import type { QuantizeFlags } from "../commands/quantize.ts";
import type { QsaeConfig } from "../config/define-config.ts";
import { withoutAbsent } from "../config/without-absent.ts";
import { requireTargetsOnBothSides } from "../evaluation/targets-on-both-sides.ts";
import type { ActivationFiles } from "../files/open-activation-files.ts";

export interface QuantizationPlan {
  readonly method: QuantizeMethod;
  readonly encoder?: Quantizer;
  readonly dictionary?: Quantizer;
  /** Mixed precision: bits per weight of the dictionary. */
  readonly budget?: number;
  readonly data?: ActivationFiles;
  readonly heldout?: ActivationFiles;
  readonly calibrationTokens?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly rotate: boolean;
  readonly seed?: number;
}

/** Methods that train. */
const TRAINING: readonly QuantizeMethod[] = ["tune", "two-phase"];

/** Whether there has to be `data`. */
export const needsData = ({ method, budget }: Pick<QuantizationPlan, "method" | "budget">): boolean =>
  method !== "rtn" || budget !== undefined;

/** @throws UsageError saying what is missing, unknown or contradicts, and what is allowed */
export function quantizationPlan(
  flags: QuantizeFlags,
  config: QsaeConfig,
  resolveQuantizer: QuantizerResolver,
): QuantizationPlan {
  const { bits: budget } = flags;
  if (flags.encoder === undefined && flags.decoder === undefined && budget === undefined) {
    throw new UsageError(
      "quantize: nothing to do; give --encoder QUANTIZER, --decoder QUANTIZER or both (binary, ternary, int2 .. int8, ...; see qsae quantize --help), or --bits BUDGET for a dictionary of mixed precision",
    );
  }
  if (budget !== undefined && flags.decoder !== undefined) {
    throw new UsageError(
      `quantize: --bits ${budget} gives each atom a quantizer of its own, --decoder ${flags.decoder} the same to all; give one of them`,
    );
  }
  const method = methodOf(flags);
  const encoder = flags.encoder === undefined ? undefined : resolveQuantizer(flags.encoder);
  const dictionary = flags.decoder === undefined ? undefined : resolveQuantizer(flags.decoder);
  if (method === "two-phase" && !(encoder && dictionary)) {
    throw new UsageError(
      `quantize: --method two-phase quantizes both sides, but ${encoder ? "--decoder" : "--encoder"} QUANTIZER is missing; give it, or take --method tune for one side`,
    );
  }
  requireUsedOptions(flags, method);
  return {
    method,
    ...withoutAbsent({ encoder, dictionary, budget }),
    ...filesOf(flags, config, method),
    ...withoutAbsent({
      calibrationTokens: flags.calibrationTokens,
      steps: flags.steps,
      batchSize: flags.batchSize,
      seed: flags.seed,
    }),
    rotate: flags.rotate ?? false,
  };
}

function methodOf({ method, bits, data }: QuantizeFlags): QuantizeMethod {
  if (method === undefined) return data === undefined && bits === undefined ? "rtn" : "gptq";
  const known = quantizeMethods.find((name) => name === method);
  if (known === undefined) throw unknownName("method", method, quantizeMethods);
  if (bits !== undefined && !mixedMethods.some((name) => name === method)) {
    throw new UsageError(
      `quantize: --bits ${bits} does not go with --method ${method}; allowed with it: ${mixedMethods.join(", ")}`,
    );
  }
  return known;
}

/** An option without effect is a misunderstanding. */
function requireUsedOptions({ steps, batchSize, calibrationTokens }: QuantizeFlags, method: QuantizeMethod): void {
  const unused = (option: string, methods: readonly QuantizeMethod[]): UsageError =>
    new UsageError(
      `quantize: ${option} does nothing with --method ${method}; leave it out, or take --method ${methods.join(" or ")}`,
    );
  const trains = TRAINING.includes(method);
  if (steps !== undefined && !trains) throw unused(`--steps ${steps}`, TRAINING);
  if (batchSize !== undefined && !trains) throw unused(`--batch-size ${batchSize}`, TRAINING);
  if (calibrationTokens !== undefined && method === "rtn") {
    throw unused(`--calibration-tokens ${calibrationTokens}`, ["gptq", ...TRAINING]);
  }
}

/** Files of the options; where activations are needed, those of the configuration stand in. */
function filesOf(
  flags: QuantizeFlags,
  config: QsaeConfig,
  method: QuantizeMethod,
): Pick<QuantizationPlan, "data" | "heldout"> {
  const needed = needsData({ method, ...withoutAbsent({ budget: flags.bits }) });
  const configured = needed ? config : {};
  const path = flags.data ?? configured.data;
  if (path === undefined) {
    if (needed) {
      const what = flags.bits === undefined ? `--method ${method}` : `--bits ${flags.bits}`;
      throw new UsageError(
        `quantize: ${what} needs activations to look at; give --data FILE (training activations of the SAE's hook), or leave it out to round to the nearest level`,
      );
    }
    requireOwner(flags, "data", ["tensor", "target", "targetTensor"]);
  }
  const heldoutPath = flags.heldout ?? configured.heldout;
  if (heldoutPath === undefined) requireOwner(flags, "heldout", ["heldoutTarget"]);

  const own = flags.data === undefined ? configured : {};
  const target = flags.target ?? own.target;
  const heldoutTarget = flags.heldoutTarget ?? (flags.heldout === undefined ? configured.heldoutTarget : undefined);
  if (path !== undefined) {
    requireTargetsOnBothSides("quantize", withoutAbsent({ target, heldout: heldoutPath, heldoutTarget }));
  }
  const details = withoutAbsent({
    tensor: flags.tensor ?? own.tensor,
    target,
    targetTensor: flags.targetTensor ?? own.targetTensor,
  });
  return {
    ...(path === undefined ? {} : { data: { data: path, ...details } }),
    ...(heldoutPath === undefined
      ? {}
      : { heldout: { data: heldoutPath, ...withoutAbsent({ target: heldoutTarget }) } }),
  };
}

/** Options that say something about another one's file. */
function requireOwner(
  flags: QuantizeFlags,
  owner: "data" | "heldout",
  options: readonly ("tensor" | "target" | "targetTensor" | "heldoutTarget")[],
): void {
  const lone = options.find((option) => flags[option] !== undefined);
  if (lone === undefined) return;
  const written = lone.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new UsageError(
    `quantize: --${written} ${flags[lone]} is given, but --${owner} FILE is missing; give both or none`,
  );
}
