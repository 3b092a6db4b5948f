/** SAEs from all sides: alone, beside a reference, rounded to few bits, and in the place of a language model's activations. */
import type { ReportSae } from "@qsae/analysis";
import { withBackend } from "../backend.ts";
import type { DataFlags, ModelFlags } from "../commands/shared-options.ts";
import type { QsaeConfig } from "../config/define-config.ts";
import { withoutAbsent } from "../config/without-absent.ts";
import { interruptible } from "../errors/interrupted.ts";
import type { ActivationFiles } from "../files/open-activation-files.ts";
import type { OpenedSae } from "../open-sae.ts";
import { evaluateSpliced } from "../spliced/evaluate-spliced.ts";
import { splicePlan } from "../spliced/splice-plan.ts";
import { withEvaluationData } from "../spliced/with-evaluation-data.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { analyzeAll } from "./analyze-all.ts";
import { roundedReferences } from "./rounded-references.ts";
import { tokenTextsOf } from "./token-texts.ts";

export interface AnalysisJob {
  /** For errors. */
  readonly command: string;
  readonly flags: DataFlags & ModelFlags;
  readonly config: QsaeConfig;
  /** Under names of their own. */
  readonly saes: readonly OpenedSae[];
  /** What the others are compared with; may be one of them. */
  readonly reference?: OpenedSae;
  /** Whether to round float SAEs to few bits. */
  readonly rounds: boolean;
  readonly terminal: Terminal;
}

export interface Analyses {
  readonly saes: readonly ReportSae[];
  /** What they were made on, for people. */
  readonly provenance: Readonly<Record<string, string>>;
}

/** Throws as `splicePlan`, `withEvaluationData`, `analyzeSae` and `evaluateSpliced`. */
export async function analyzeOpened(job: AnalysisJob): Promise<Analyses> {
  const { command, flags, config, saes, reference, terminal } = job;
  const plan = await splicePlan(ofModel(flags), config, saes);
  return interruptible("stopping; nothing is written", (signal) =>
    withEvaluationData({ command, flags, config, plan, terminal, signal }, ({ source, path, files }) =>
      withBackend(async (backend) => {
        const texts = await tokenTextsOf(path, flags, plan);
        const options = { ...withoutAbsent({ reference, texts }), terminal, signal };
        const reports = await analyzeAll(backend.ops, saes, source, options);
        const rounded = job.rounds ? await roundedReferences(backend, saes, source, options) : [];
        const packed = saes.map((sae) => sae.packed);
        const spliced = plan ? await evaluateSpliced(plan, packed, { terminal, data: path, signal }) : [];
        return {
          saes: reports.map((report, i) => ({
            ...report,
            ...withoutAbsent({ rounded: rounded[i], crossEntropy: spliced[i] }),
          })),
          provenance: {
            ...(files ? dataOf(files, source.provenance) : { text: (flags.text ?? []).join(", ") }),
            ...(plan && { model: plan.modelPath, hook: spliced[0]!.hook }),
          },
        };
      }),
    ),
  );
}

/** A tokenizer without texts to run the model on is one for the tokens of the data. */
function ofModel({ tokenizer, ...flags }: AnalysisJob["flags"]): AnalysisJob["flags"] {
  return flags.text === undefined || tokenizer === undefined ? flags : { ...flags, tokenizer };
}

function dataOf({ target }: ActivationFiles, provenance: Readonly<Record<string, string>>): Record<string, string> {
  return {
    data: provenance["file"] ?? "",
    rows: provenance["rows"] ?? "",
    ...(target !== undefined && { target: provenance["target_file"] ?? "" }),
  };
}
