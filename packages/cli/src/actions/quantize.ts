/** `qsae quantize`: a trained SAE to fewer bits, by rounding alone or with activations. */
import { resolve } from "node:path";
import { openBackend, type DataSource } from "@qsae/core";
import { writeFileAtomic } from "@qsae/data";
import { encodePackedSae, UsageError, type PackedSae } from "@qsae/runtime";
import { catalogOf } from "../catalog.ts";
import type { QuantizeFlags } from "../commands/quantize.ts";
import { loadConfig } from "../config/load-config.ts";
import { interruptible } from "../errors/interrupted.ts";
import { evaluatePacked, type EvaluateOptions } from "../evaluation/evaluate-packed.ts";
import { storedMetrics } from "../evaluation/stored-metrics.ts";
import { kindOfPath } from "../files/kind-of-path.ts";
import { openActivationFiles, type ActivationFiles } from "../files/open-activation-files.ts";
import { openSae, type OpenedSae } from "../open-sae.ts";
import { methodInWords } from "../quantization/provenance.ts";
import { needsData, quantizationPlan, type QuantizationPlan } from "../quantization/quantization-plan.ts";
import { quantizePacked } from "../quantization/quantize-packed.ts";
import { reportQuantization, type Measured } from "../quantization/report-quantization.ts";
import { supportOn } from "../quantization/support-on.ts";
import { openTerminal } from "../terminal/terminal.ts";

export async function quantize(flags: QuantizeFlags): Promise<void> {
  const terminal = openTerminal(flags);
  const config = await loadConfig(flags.config);
  const catalog = catalogOf(config);
  const plan = quantizationPlan(flags, config, catalog.resolveQuantizer);
  const opened = await openSae(flags.sae, catalog);
  await requireFreePath(flags.out, opened, plan);
  const sources: Sources = {};
  try {
    if (plan.data) sources.data = await openFitting("--data", plan.data, opened.packed);
    if (plan.heldout) sources.heldout = await openFitting("--heldout", plan.heldout, opened.packed);
    const backend = await openBackend((flags.backend as "auto" | undefined) ?? config.backend ?? "auto");
    try {
      const finished = await interruptible("stopping", async (signal) => {
        if (plan.data && needsData(plan)) terminal.note(`${methodInWords(plan)}: looking at ${plan.data.data}`);
        const { data: source } = sources;
        const quantized = await quantizePacked(opened.packed, plan, {
          ...{ backend, terminal, signal },
          ...(source && { source }),
        });
        const measured = await measure(opened, quantized.packed, sources, { terminal, signal, ops: backend.ops });
        signal.throwIfAborted();
        await writeFileAtomic(flags.out, encodePackedSae(measured.after.packed));
        return { ...quantized, ...measured };
      });
      reportQuantization(terminal, { out: flags.out, plan, ...finished });
    } finally {
      await backend.close();
    }
  } finally {
    await sources.data?.close();
    await sources.heldout?.close();
  }
}

interface Sources {
  data?: DataSource;
  heldout?: DataSource;
}

/** Both as they are stored; the figures go into the file. */
async function measure(
  opened: OpenedSae,
  quantized: PackedSae,
  { data, heldout }: Sources,
  options: Required<Omit<EvaluateOptions, "label">>,
): Promise<Measured> {
  const figures = async (label: string, packed: PackedSae, bytes: number) => {
    if (!heldout) return {};
    const { summary } = await evaluatePacked({ packed, bytes }, heldout, { ...options, label });
    return { metrics: storedMetrics(summary) };
  };
  const source = heldout ?? data;
  const support = source && (await supportOn(source, [opened.packed, quantized], options));
  const before = await figures("before", opened.packed, opened.bytes);
  const { metrics = {} } = await figures("after", quantized, encodePackedSae(quantized).length);
  const packed = { ...quantized, description: { ...quantized.description, metrics } };
  return {
    before: { packed: opened.packed, bytes: opened.bytes, ...before },
    after: { packed, bytes: encodePackedSae(packed).length, ...(heldout && { metrics }) },
    ...(support && { support }),
  };
}

/** @throws UsageError if the path is that of something that would be lost, or a folder */
async function requireFreePath(out: string, { path }: OpenedSae, { data, heldout }: QuantizationPlan): Promise<void> {
  if (resolve(path) === resolve(out)) {
    throw new UsageError(`${out}: --out is the SAE itself; quantizing cannot be undone, so write to another file`);
  }
  const read = [data?.data, data?.target, heldout?.data, heldout?.target];
  if (read.some((file) => file !== undefined && resolve(file) === resolve(out))) {
    throw new UsageError(`${out}: --out is a file of activations that is read; write to another file`);
  }
  if ((await kindOfPath(out)) === "folder") {
    throw new UsageError(
      `${out}: --out is a folder; name a file, e.g. ${out.replace(/\/+$/, "")}/small.qsae.safetensors`,
    );
  }
}

/** @throws UsageError if the activations are of another width than the SAE */
async function openFitting(option: string, files: ActivationFiles, { dIn }: PackedSae): Promise<DataSource> {
  const source = await openActivationFiles(files);
  if (source.dIn === dIn) return source;
  await source.close();
  throw new UsageError(
    `quantize: ${option} ${files.data} has activations of width d_in=${source.dIn}, the SAE d_in=${dIn}; give activations of the model and layer it was trained on`,
  );
}
