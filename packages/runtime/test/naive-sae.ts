/** The equations of packed/schema.ts, word by word, in float64 and with no regard for speed: what the interpreter must equal. */
import type { PackedSae, Selection } from "../src/packed/schema.ts";
import type { ArbitrarySae } from "./arbitrary-sae.ts";

const times = (v: readonly number[], m: readonly (readonly number[])[]) =>
  m[0]!.map((_, c) => v.reduce((sum, vr, r) => sum + vr * m[r]![c]!, 0));
const transpose = (m: readonly (readonly number[])[]) => m[0]!.map((_, c) => m.map((row) => row[c]!));
const plus = (a: readonly number[], b: ArrayLike<number>, weight = 1) => a.map((value, i) => value + weight * b[i]!);

/** Latents of every stage for one token, and its reconstruction at every level. */
export function naiveSae({ sae, weights }: Pick<ArbitrarySae, "sae" | "weights">, token: readonly number[]) {
  const R = rotationOf(sae);
  const x = times(
    token.map((value) => value * (sae.inputScale ?? 1)),
    R,
  );
  let u = x;
  let done =
    sae.skip === undefined
      ? x.map(() => 0)
      : times(
          x,
          x.map((_, r) => [...sae.skip!.subarray(r * sae.dIn, (r + 1) * sae.dIn)]),
        );
  const latents: number[] = [];
  const levels: number[][] = [];
  for (const [s, stage] of sae.stages.entries()) {
    if (stage.input.kind === "x") u = x;
    else u = u.map((value) => value * (stage.input as { factor: number }).factor);
    const { encoder, dictionary } = weights[s]!;
    const h = plus(times(stage.subtractBDec ? plus(u, stage.bDec, -1) : u, transpose(encoder)), stage.bEnc).map(
      Math.fround,
    );
    const z = naiveSelection(stage.selection, h, stage.bEnc);
    const output = (end: number) =>
      plus(
        times(
          z.map((value, j) => (j < end ? value : 0)),
          dictionary,
        ),
        stage.bDec,
      );
    for (const end of stage.prefixEnds ?? [stage.dSae]) levels.push(plus(done, output(end), stage.outputWeight));
    done = levels.at(-1)!;
    u = plus(u, output(stage.dSae), -1);
    latents.push(...z);
  }
  return {
    latents,
    levels: levels.map((level) => times(level, transpose(R)).map((value) => value / (sae.inputScale ?? 1))),
  };
}

function naiveSelection(selection: Selection, h: readonly number[], bEnc: Float32Array): number[] {
  switch (selection.kind) {
    case "topk": {
      const chosen = indicesOfLargest(h, selection.k);
      return h.map((value, j) => (!chosen.has(j) ? 0 : selection.relu ? Math.max(value, 0) : value));
    }
    case "threshold":
      return h.map((value, j) => (value > selection.threshold[j]! ? value : 0));
    case "sign": {
      const chosen = indicesOfLargest(h, selection.k ?? h.length);
      return h.map((value, j) => (chosen.has(j) && value > 0 ? 1 : 0));
    }
    case "gate":
      return h.map((value, j) =>
        value > 0 ? Math.max(0, (value - bEnc[j]!) * selection.magScale[j]! + selection.magBias[j]!) : 0,
      );
  }
}

/** Ties go to the lowest index. */
function indicesOfLargest(h: readonly number[], k: number): ReadonlySet<number> {
  const order = h.map((_, j) => j).sort((a, b) => h[b]! - h[a]! || a - b);
  return new Set(order.slice(0, k));
}

/** `[d_in][d_in]`, from the definition of the Hadamard matrix. */
function rotationOf({ dIn, rotation }: PackedSae): number[][] {
  const parity = (bits: number): number => (bits === 0 ? 0 : (bits & 1) ^ parity(bits >> 1));
  const entry = (i: number, j: number) =>
    rotation === undefined ? Number(i === j) : (rotation.signs[i]! * (parity(i & j) === 0 ? 1 : -1)) / Math.sqrt(dIn);
  return Array.from({ length: dIn }, (_, i) => Array.from({ length: dIn }, (_, j) => entry(i, j)));
}
