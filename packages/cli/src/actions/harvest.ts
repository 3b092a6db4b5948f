/** `qsae harvest`: activations of a language model on text. */
import { dirname, resolve } from "node:path";
import { harvest as harvestActivations, type HarvestText } from "@qsae/data";
import { FormatError } from "@qsae/runtime";
import type { HarvestFlags } from "../commands/harvest.ts";
import { interruptible } from "../errors/interrupted.ts";
import { readBytes } from "../files/read-bytes.ts";
import { bytes, count } from "../terminal/format.ts";
import type { Progress } from "../terminal/progress.ts";
import { openTerminal } from "../terminal/terminal.ts";

export async function harvest(flags: HarvestFlags): Promise<void> {
  const terminal = openTerminal(flags);
  const text = await textOf(flags.text);
  let progress: Progress | undefined;
  const result = await interruptible("stopping; nothing is written", (signal) =>
    harvestActivations({
      ...text,
      modelPath: flags.model,
      tokenizerDir: flags.tokenizer ?? dirname(flags.model),
      hook: hookOf(flags.hook),
      contextLength: flags.context,
      dropFirst: flags.dropFirst,
      outPath: flags.out,
      dtype: flags.dtype,
      ...(flags.maxTokens !== undefined && { maxTokens: flags.maxTokens }),
      ...(flags.batchSize !== undefined && { batchSize: flags.batchSize }),
      onProgress: ({ tokens, totalTokens }) => {
        progress ??= terminal.progress({ label: "harvest", total: totalTokens });
        progress.update(tokens);
      },
      signal,
    }),
  ).finally(() => progress?.stop());
  terminal.print(
    `wrote ${flags.out}: ${count(result.tokens)} tokens of width ${count(result.dIn)} at ${result.tensor} (${bytes(result.bytes)})`,
  );
  terminal.result({
    out: resolve(flags.out),
    tokens: result.tokens,
    d_in: result.dIn,
    windows: result.windows,
    hook: result.tensor,
    bytes: result.bytes,
  });
}

/** A number is a layer. */
function hookOf(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}

async function textOf(paths: readonly string[]): Promise<HarvestText> {
  const [first, ...more] = paths;
  if (more.length === 0) return { textPath: first! };
  return { texts: await Promise.all(paths.map(readText)) };
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readBytes(path, "plain text in UTF-8"));
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError(path, "not UTF-8 text; expected plain text in UTF-8");
    throw error;
  }
}
