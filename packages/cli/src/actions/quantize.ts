/** `qsae quantize`: post-training rounding of an SAE's matrices. */
import { resolve } from "node:path";
import { writeFileAtomic } from "@qsae/data";
import { bitsPerWeight, encodePackedSae, UsageError, type PackedSae } from "@qsae/runtime";
import { catalogOf } from "../catalog.ts";
import type { QuantizeFlags } from "../commands/quantize.ts";
import { loadConfig } from "../config/load-config.ts";
import { openSae } from "../open-sae.ts";
import { roundSae } from "../quantization/round-sae.ts";
import { bytes } from "../terminal/format.ts";
import { renderTable } from "../terminal/table.ts";
import { openTerminal } from "../terminal/terminal.ts";

export async function quantize(flags: QuantizeFlags): Promise<void> {
  const terminal = openTerminal(flags);
  if (flags.encoder === undefined && flags.decoder === undefined) {
    throw new UsageError(
      "quantize: nothing to do; give --encoder QUANTIZER, --decoder QUANTIZER or both (binary, ternary, int2 .. int8, ...; see qsae quantize --help)",
    );
  }
  const catalog = catalogOf(await loadConfig(flags.config));
  const encoder = flags.encoder === undefined ? undefined : catalog.resolveQuantizer(flags.encoder);
  const dictionary = flags.decoder === undefined ? undefined : catalog.resolveQuantizer(flags.decoder);
  const opened = await openSae(flags.sae, catalog);
  if (resolve(opened.path) === resolve(flags.out)) {
    throw new UsageError(`${flags.out}: --out is the SAE itself; rounding cannot be undone, so write to another file`);
  }

  const targets = { ...(encoder ? { encoder } : {}), ...(dictionary ? { dictionary } : {}) };
  const { packed, method } = await roundSae(opened.packed, targets);
  const file = encodePackedSae(packed);
  await writeFileAtomic(flags.out, file);

  const before = sizeOf(opened.packed, opened.bytes);
  const after = sizeOf(packed, file.length);
  const columns = ["", "file", "encoder bits", "decoder bits"];
  const row = (name: string, { bytes: size, encoder_bits, decoder_bits }: Size): string[] => [
    name,
    bytes(size),
    encoder_bits.toFixed(2),
    decoder_bits.toFixed(2),
  ];
  terminal.print(
    renderTable(
      { columns, rows: [row("before", before), row("after", after)] },
      { width: terminal.columns, colors: terminal.colors },
    ),
  );
  terminal.print(`wrote ${flags.out} (${method}; ${(before.bytes / after.bytes).toFixed(1)} times smaller)`);
  terminal.result({ out: resolve(flags.out), before, after });
}

interface Size {
  readonly bytes: number;
  readonly bits_per_weight: number;
  readonly encoder_bits: number;
  readonly decoder_bits: number;
}

function sizeOf(sae: PackedSae, fileBytes: number): Size {
  const { total, encoder, dictionary } = bitsPerWeight(sae);
  return { bytes: fileBytes, bits_per_weight: total, encoder_bits: encoder, decoder_bits: dictionary };
}
