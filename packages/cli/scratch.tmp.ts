import { appendFileSync } from "node:fs";
import { openBackend, train, parseTrainingConfig } from "@qsae/core";
import { openActivations } from "@qsae/data";
import { evaluateSae, standardMetrics } from "@qsae/analysis";
import { loadSae, encodePackedSae, bitsPerWeight } from "@qsae/runtime";
import { quantizersByName, roundToNearest } from "@qsae/quantizers";
import { variantByName, lowerCheckpoint } from "@qsae/variants";
const catalog = { resolveQuantizer: quantizersByName() };
const backend = await openBackend("wasm");
const log = (s: string) => { console.log(s); appendFileSync("/tmp/cli/exp.log", s + "\n"); };
async function ev(packed: any, layer: number) {
  const src = await openActivations(`/tmp/cli/held${layer}.safetensors`, { tokens: 10160 });
  const r = await evaluateSae(loadSae(encodePackedSae(packed)), src, { metrics: standardMetrics() });
  await src.close();
  return `fvu ${r.metrics.fvu.toFixed(4)} l0 ${r.metrics.l0.mean.toFixed(1)} dead ${r.metrics.density.dead} bpw ${bitsPerWeight(packed).total.toFixed(2)}`;
}
async function go(name: string, layer: number, id: string, cfg: any, training: any, warm?: any, tokens = 101600) {
  const src = await openActivations(`/tmp/cli/train${layer}.safetensors`, { tokens });
  const variant = variantByName(id, { d_in: 128, d_sae: 1024, k: 32, ...cfg }, catalog);
  const t0 = process.cpuUsage();
  const r = await train({ backend, variant, source: src, training, ...(warm ? { warmStart: warm } : {}) });
  const cpu = process.cpuUsage(t0).user / 1e6;
  await src.close();
  const packed = await lowerCheckpoint(backend.ops, r.checkpoint, catalog);
  log(`${name}: steps ${r.step} cpu ${cpu.toFixed(0)}s ${await ev(packed, layer)}`);
  return { r, packed };
}


log("--- third");
const E = { epochs: 3, batch_size: 512 };
const F8 = await go("float b512 lr8e-3", 1, "baseline", {}, { ...E, lr: 8e-3 });
log("   naive: " + await ev(await roundToNearest(backend.ops, F8.packed, { dictionary: catalog.resolveQuantizer("ternary") }), 1));
await go("ternary warm(F8) lr8e-3", 1, "ternary", {}, { ...E, lr: 8e-3 }, F8.r.checkpoint.tensors);
await go("ternary warm(F8) lr4e-3", 1, "ternary", {}, { ...E, lr: 4e-3 }, F8.r.checkpoint.tensors);
await go("float lr1.5e-2", 1, "baseline", {}, { ...E, lr: 1.5e-2 });
await go("ternary fresh lr1.5e-2", 1, "ternary", {}, { ...E, lr: 1.5e-2 });
await go("float lr1.2e-2 decay .7", 1, "baseline", {}, { ...E, lr: 1.2e-2, lr_decay_fraction: 0.7 });
await go("ternary warm(F8) lr1.2e-2 decay .7", 1, "ternary", {}, { ...E, lr: 1.2e-2, lr_decay_fraction: .7 }, F8.r.checkpoint.tensors);
