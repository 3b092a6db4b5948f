import { count } from "../terminal/format.ts";
import type { SplicedEvaluation } from "./evaluate-spliced.ts";

/** For people, under the figures of the SAE itself. */
export function splicedLines(splice: SplicedEvaluation): readonly string[] {
  const { ablation, hook, tokens, windows, window_length } = splice;
  return [
    `CE recovered     ${splice.ce_recovered.toFixed(4)} of what ${ablation} ablation costs, at ${hook}`,
    `cross-entropy    ${nats(splice.ce_clean)} clean, ${nats(splice.ce_spliced)} with the SAE, ${nats(splice.ce_ablated)} ablated (nats per token)`,
    `KL from clean    ${nats(splice.kl_spliced)} with the SAE, ${nats(splice.kl_ablated)} ablated`,
    `in the model     ${count(tokens)} predicted tokens, ${count(windows)} windows of ${count(window_length)}`,
  ];
}

function nats(value: number): string {
  return value.toFixed(4);
}
