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
const A = await go("float b512 lr2e-3", 1, "baseline", {}, { batch_size: 512, epochs: 3, lr: 2e-3 });
log("   naive: " + await ev(await roundToNearest(backend.ops, A.packed, { dictionary: catalog.resolveQuantizer("ternary") }), 1));
const B = await go("float b512 lr4e-3", 1, "baseline", {}, { batch_size: 512, epochs: 3, lr: 4e-3 });
const C = await go("float b256 lr2e-3", 1, "baseline", {}, { batch_size: 256, epochs: 3, lr: 2e-3 });
await go("ternary fresh b512 lr2e-3", 1, "ternary", {}, { batch_size: 512, epochs: 3, lr: 2e-3 });
await go("ternary warm(A) b512 lr2e-3", 1, "ternary", {}, { batch_size: 512, epochs: 3, lr: 2e-3 }, A.r.checkpoint.tensors);
await go("ternary warm(A) b512 lr1e-3", 1, "ternary", {}, { batch_size: 512, epochs: 3, lr: 1e-3 }, A.r.checkpoint.tensors);
await go("ternary fresh b512 lr4e-3", 1, "ternary", {}, { batch_size: 512, epochs: 3, lr: 4e-3 });
await go("ternary fresh b256 lr2e-3", 1, "ternary", {}, { batch_size: 256, epochs: 3, lr: 2e-3 });
