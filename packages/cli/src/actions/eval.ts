/** `qsae eval`: the figures of one SAE on held-out activations, and in the place of a language model's own. */
import type { EvaluationSummary } from "@qsae/analysis";
import { withBackend } from "../backend.ts";
import { catalogOf } from "../catalog.ts";
import type { EvalFlags } from "../commands/eval.ts";
import { loadConfig } from "../config/load-config.ts";
import { interruptible } from "../errors/interrupted.ts";
import { levelsTable } from "../evaluation/levels-table.ts";
import { evaluatePacked } from "../evaluation/evaluate-packed.ts";
import { openSae } from "../open-sae.ts";
import { bytes, count, fvu } from "../terminal/format.ts";
import { renderTable } from "../terminal/table.ts";
import { evaluateSpliced } from "../spliced/evaluate-spliced.ts";
import { splicePlan } from "../spliced/splice-plan.ts";
import { withEvaluationData } from "../spliced/with-evaluation-data.ts";
import { splicedLines } from "../spliced/spliced-lines.ts";
import { openTerminal } from "../terminal/terminal.ts";

export async function evaluate(flags: EvalFlags): Promise<void> {
  const terminal = openTerminal(flags);
  const config = await loadConfig(flags.config);
  const opened = await openSae(flags.sae, catalogOf(config));
  const plan = await splicePlan(flags, config, [opened]);
  const result = await interruptible("stopping", (signal) =>
    withEvaluationData({ command: "eval", flags, config, plan, terminal, signal }, async ({ source, path, files }) => {
      const { summary } = await withBackend(({ ops }) =>
        evaluatePacked(opened, source, { terminal, label: opened.name, signal, ops }),
      );
      const [splice] = plan ? await evaluateSpliced(plan, [opened.packed], { terminal, data: path, signal }) : [];
      return { summary, splice, files };
    }),
  );

  const { summary, splice, files } = result;
  terminal.print([...lines(summary), ...(splice ? splicedLines(splice) : [])].join("\n"));
  if (summary.by_level) {
    terminal.print(renderTable(levelsTable(summary.by_level), { width: terminal.columns, colors: terminal.colors }));
  }
  terminal.result({
    ...summary,
    ...(splice && { splice }),
    sae: flags.sae,
    kind: opened.kind,
    ...(files && { data: files.data }),
    ...(files?.target !== undefined && { target: files.target }),
    ...(flags.text && { text: flags.text }),
  });
}

function lines(summary: EvaluationSummary): readonly string[] {
  const { tokens, d_sae, d_in, bits_per_weight, file_bits_per_weight, bytes: size, tokens_per_second } = summary;
  return [
    `FVU              ${fvu(summary.fvu)}`,
    `L0               ${summary.l0.toFixed(2)}`,
    `dead latents     ${count(summary.dead)} of ${count(d_sae)} in ${count(tokens)} tokens`,
    `dense latents    ${count(summary.dense)} (fire on more than a tenth of tokens)`,
    ...(summary.shrinkage === undefined ? [] : [`shrinkage        ${summary.shrinkage.toFixed(4)} (1: unbiased)`]),
    `shape            ${count(d_sae)} latents of width ${count(d_in)}`,
    `bits per weight  ${bits_per_weight?.toFixed(2)} (in the file: ${file_bits_per_weight?.toFixed(2)})`,
    `packed file      ${bytes(size ?? 0)}`,
    ...(tokens_per_second === undefined ? [] : [`speed            ${count(tokens_per_second)} tokens/s`]),
  ];
}
