/** A random sample of tokens, in memory: what is evaluated several times is read once. */
import { arraySource, pairedSource, type DataSource } from "@qsae/core";

/** At most so many tokens of `source`, targets included; the same ones every time. Throws as the source's `batches`. */
export async function sampleOf(source: DataSource, tokens: number): Promise<DataSource> {
  for await (const { x, target } of source.batches({ batchSize: Math.min(tokens, source.tokens), seed: 0 })) {
    const inputs = arraySource(x.slice(), source.dIn, source.provenance);
    return target === undefined ? inputs : pairedSource(inputs, arraySource(target.slice(), source.dIn));
  }
  return arraySource(new Float32Array(0), source.dIn, source.provenance);
}
