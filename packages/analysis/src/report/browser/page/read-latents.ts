/** The latents that a page carries, see pack-latents.ts. */
import { decodeSafetensors, type HostTensors } from "@qsae/runtime";
import type { ContextData, FiringData, LatentData } from "../latent-data.ts";

export async function unpackLatents(base64: string): Promise<LatentData> {
  const binary = atob(base64.trim());
  const zipped = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) zipped[i] = binary.charCodeAt(i);
  const unzipped = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return readLatents(new Uint8Array(await new Response(unzipped).arrayBuffer()));
}

export function readLatents(bytes: Uint8Array): LatentData {
  const { tensors, metadata } = decodeSafetensors(bytes, "latents");
  const { shape, data } = tensors["neighbours"]!;
  const [dSae, perLatent] = shape as [number, number];
  const text = metadata["text"];
  const reference = metadata["reference"];
  return {
    dSae,
    neighbours: { perLatent, latents: data as Int32Array, cosines: tensors["cosines"]!.data as Float32Array },
    own: firingData("own", tensors, metadata["own"]!),
    ...(reference !== undefined && { reference: firingData("reference", tensors, reference) }),
    ...(text !== undefined && {
      text: {
        ...(JSON.parse(text) as { rowsPerWindow: number; totalRows: number }),
        pieces: JSON.parse(new TextDecoder().decode(tensors["text.pieces"]!.data)) as string[],
        tokens: tensors["text.tokens"]!.data as Int32Array,
        rows: sums(tensors["text.steps"]!.data as Int32Array),
      },
    }),
  };
}

function firingData(prefix: string, tensors: HostTensors, metadata: string): FiringData & { name: string } {
  const {
    name = "",
    tokens,
    before,
    after,
  } = JSON.parse(metadata) as {
    name?: string;
    tokens: number;
    before?: number;
    after?: number;
  };
  const ints = (part: string): Int32Array => tensors[`${prefix}.${part}`]!.data as Int32Array;
  const floats = (part: string): Float32Array => tensors[`${prefix}.${part}`]!.data as Float32Array;
  const contexts: ContextData | undefined =
    before === undefined || after === undefined
      ? undefined
      : {
          before,
          after,
          offsets: ints("offsets"),
          rows: ints("rows"),
          values: floats("values"),
          strengths: tensors[`${prefix}.strengths`]!.data as Uint8Array,
        };
  return { name, tokens, counts: ints("counts"), largest: floats("largest"), ...(contexts && { contexts }) };
}

function sums(steps: Int32Array): Int32Array {
  let sum = 0;
  return steps.map((step) => (sum += step));
}
