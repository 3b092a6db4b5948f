/** The language model of examples/tiny-lm, fetched from where the page is. */
import type { NamedBytes } from "@qsae/data/browser";
import { QsaeError } from "@qsae/runtime";
import heldoutUrl from "../../../../examples/tiny-lm/heldout.txt?url";
import modelUrl from "../../../../examples/tiny-lm/model.onnx?url";
import tokenizerUrl from "../../../../examples/tiny-lm/tokenizer.json?url";
import tokenizerConfigUrl from "../../../../examples/tiny-lm/tokenizer_config.json?url";
import trainUrl from "../../../../examples/tiny-lm/train.txt?url";

/** Where `qsae quickstart` harvests too (packages/cli/src/quickstart/recipe.ts). */
export const HOOK = "blocks.1";
/** Tokens per window: as many as the model has positions. */
export const CONTEXT = 128;

export async function fetchModel(): Promise<Readonly<Record<"model" | "tokenizer" | "tokenizerConfig", NamedBytes>>> {
  const [model, tokenizer, tokenizerConfig] = await Promise.all([
    fetched("model.onnx", modelUrl),
    fetched("tokenizer.json", tokenizerUrl),
    fetched("tokenizer_config.json", tokenizerConfigUrl),
  ]);
  return { model, tokenizer, tokenizerConfig };
}

export const fetchTrainText = (): Promise<NamedBytes> => fetched("train.txt", trainUrl);
export const fetchHeldoutText = (): Promise<NamedBytes> => fetched("heldout.txt", heldoutUrl);

async function fetched(name: string, url: string): Promise<NamedBytes> {
  const response = await fetch(new URL(url, import.meta.url)).catch((error: unknown) => {
    throw new QsaeError(
      `${name}: could not be fetched: ${(error as Error).message}; is the page's server still there?`,
    );
  });
  if (!response.ok) throw new QsaeError(`${name}: could not be fetched: the server answers ${response.status}`);
  return { name, bytes: new Uint8Array(await response.arrayBuffer()) };
}
