/** The worker that reads a packed SAE and shows which of its latents fire on a text. */
import { openTextModel, type TextModel } from "@qsae/data/browser";
import { bitsPerWeight, decodePackedSae, FormatError, loadSae, UsageError, type Sae } from "@qsae/runtime";
import type { LoadedSae, ReaderReply, ReaderRequest, TokenLatents } from "../reading.ts";
import { problemOf } from "./problem-of.ts";
import { CONTEXT, fetchModel, HOOK } from "./tiny-lm.ts";

/** Files from others may be of any size; a dictionary this wide takes 2 GB as float32. */
const MOST_WEIGHTS = 2 ** 28;

let sae: Sae | undefined;
let model: Promise<TextModel> | undefined;

const reply = (message: ReaderReply): void => postMessage(message);

onmessage = ({ data: request }: MessageEvent<ReaderRequest>) => {
  answer(request).then(reply, (error: unknown) => reply({ kind: "failed", problem: problemOf(error) }));
};

async function answer(request: ReaderRequest): Promise<ReaderReply> {
  switch (request.kind) {
    case "open":
      return { kind: "opened", sae: await opened(request.file, request.name) };
    case "read":
      return { kind: "latents", ...(await latentsOf(request.text)) };
  }
}

async function opened(file: Blob, name: string): Promise<LoadedSae> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const packed = decodePackedSae(bytes, name);
  const dSae = packed.stages.reduce((sum, stage) => sum + stage.dSae, 0);
  if (dSae * packed.dIn > MOST_WEIGHTS) {
    throw new FormatError(
      name,
      `${dSae} latents of width ${packed.dIn} are more than a page should open; run it in Node`,
    );
  }
  sae = loadSae(packed, name);
  const bits = bitsPerWeight(packed);
  const { variant, metrics } = packed.description;
  return {
    name,
    variant,
    dIn: packed.dIn,
    dSae,
    stages: packed.stages.length,
    encoderBits: bits.encoder,
    dictionaryBits: bits.dictionary,
    bytes: bytes.length,
    metrics,
  };
}

async function latentsOf(text: string): Promise<{ readonly tokens: readonly TokenLatents[]; readonly cutAt?: number }> {
  model ??= openModel();
  // A model that could not be fetched is tried again with the next text.
  model.catch(() => (model = undefined));
  const { pieces, x, dIn, tokens } = await (await model).activations(text, CONTEXT);
  if (sae === undefined || dIn === undefined) return { tokens: [] };
  if (dIn !== sae.dIn) {
    throw new UsageError(
      `this SAE reads activations of width ${sae.dIn}; those of the language model here have width ${dIn}`,
    );
  }
  const { offsets, indices, values } = sae.encode(x);
  return {
    tokens: pieces.map((piece, i) => {
      const latents = Array.from({ length: offsets[i + 1]! - offsets[i]! }, (_, j) => ({
        latent: indices[offsets[i]! + j]!,
        value: values[offsets[i]! + j]!,
      })).sort((a, b) => b.value - a.value);
      return { piece, latents };
    }),
    ...(tokens > pieces.length && { cutAt: pieces.length }),
  };
}

async function openModel(): Promise<TextModel> {
  const [{ ort }, files] = await Promise.all([import("./onnxruntime.ts"), fetchModel()]);
  return openTextModel({ ort, ...files, hook: HOOK });
}
