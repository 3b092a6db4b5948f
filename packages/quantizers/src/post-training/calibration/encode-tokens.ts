/** Calibration tokens through the encoder on a backend, batch by batch, to sparse latents in memory. */
import type { HostTensor, Latents } from "@qsae/runtime";
import type { Tensor, TensorOps, TopKLatents } from "@qsae/core";
import { weightsOf, type WorkingSae } from "../working-sae.ts";
import { selectLatents } from "./select-latents.ts";
import type { CalibrationTokens } from "./tokens.ts";

/** Dense scores of a batch stay below this many numbers. */
const MAX_SCORES = 2 ** 23;
const MAX_BATCH_TOKENS = 4096;

export async function encodeTokens(
  ops: TensorOps,
  sae: WorkingSae,
  { tokens, x }: CalibrationTokens,
): Promise<Latents> {
  const { dIn, dSae, selection } = sae;
  const rows = await weightsOf(ops, sae, sae.encoder);
  const parts = ops.tidy(() => ({
    wEnc: ops.transpose(ops.tensor(rows, [dSae, dIn])), // [d_in, d_sae]
    bEnc: ops.tensor(sae.bEnc, [dSae]),
    ...(sae.subtractBDec ? { center: ops.tensor(sae.bDec, [dIn]) } : {}),
  }));
  const batchTokens = Math.max(1, Math.min(MAX_BATCH_TOKENS, Math.floor(MAX_SCORES / dSae)));
  const batches: Latents[] = [];
  try {
    for (let first = 0; first < tokens; first += batchTokens) {
      const n = Math.min(batchTokens, tokens - first);
      const latents = ops.tidy(() => {
        const batch = ops.tensor(x.subarray(first * dIn, (first + n) * dIn), [n, dIn]);
        return selectLatents(ops, selection, { x: batch, ...parts });
      });
      batches.push(await readLatents(ops, latents, dSae));
    }
  } finally {
    ops.dispose(Object.values(parts));
  }
  return joined(batches, dSae);
}

async function readLatents(ops: TensorOps, latents: Tensor | TopKLatents, dSae: number): Promise<Latents> {
  if (!("values" in latents)) {
    const dense = await ops.read(latents);
    ops.dispose(latents);
    return compressed(dense, dSae, (_row, at) => at);
  }
  const [values, indices] = [await ops.read(latents.values), await ops.read(latents.indices)];
  ops.dispose([latents.values, latents.indices]);
  const k = values.shape[1]!;
  return compressed(values, dSae, (row, at) => indices.data[row * k + at]!);
}

/** The entries of `values [n, m]` that are not 0. */
function compressed({ shape, data }: HostTensor, dSae: number, latentAt: (row: number, at: number) => number): Latents {
  const [n, m] = shape as [number, number];
  const offsets = new Int32Array(n + 1);
  for (let row = 0; row < n; row++) {
    offsets[row + 1] = offsets[row]!;
    for (let at = 0; at < m; at++) if (data[row * m + at] !== 0) offsets[row + 1]!++;
  }
  const indices = new Int32Array(offsets[n]!);
  const values = new Float32Array(offsets[n]!);
  let entry = 0;
  for (let row = 0; row < n; row++) {
    for (let at = 0; at < m; at++) {
      if (data[row * m + at] === 0) continue;
      indices[entry] = latentAt(row, at);
      values[entry++] = data[row * m + at]!;
    }
  }
  return { dSae, offsets, indices, values };
}

function joined(batches: readonly Latents[], dSae: number): Latents {
  const tokens = batches.reduce((sum, { offsets }) => sum + offsets.length - 1, 0);
  const entries = batches.reduce((sum, { indices }) => sum + indices.length, 0);
  const offsets = new Int32Array(tokens + 1);
  const indices = new Int32Array(entries);
  const values = new Float32Array(entries);
  let token = 0;
  let entry = 0;
  for (const batch of batches) {
    for (let row = 1; row < batch.offsets.length; row++) offsets[token + row] = entry + batch.offsets[row]!;
    indices.set(batch.indices, entry);
    values.set(batch.values, entry);
    token += batch.offsets.length - 1;
    entry += batch.indices.length;
  }
  return { dSae, offsets, indices, values };
}
