import { beforeAll, describe, expect, it } from "vitest";
import { normals, openBackend, type TensorOps } from "@qsae/core";
import { floatSae, selections } from "../problems.fixture.ts";
import { selectLatents } from "./select-latents.ts";

// What fires, and with which value, is held against the runtime in encode-tokens.test.ts.
const [dIn, dSae] = [16, 24];
let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

describe("gradients of selectLatents", () => {
  const n = 6;
  const x = normals(n * dIn, 1, 11);
  const sae = floatSae({ dIn, dSae });
  const [stage] = sae.stages as [(typeof sae.stages)[0]];
  const start = {
    wEnc: transposed((stage.encoder as { values: Float32Array }).values),
    bEnc: stage.bEnc,
    center: stage.bDec,
  };
  const shapes = { wEnc: [dIn, dSae], bEnc: [dSae], center: [dIn] };
  type Name = keyof typeof start;

  function transposed(w: Float32Array): Float32Array {
    return Float32Array.from(w, (_, at) => w[(at % dSae) * dIn + Math.floor(at / dSae)]!);
  }

  /** Sum over latents, each weighted by its number, and gradients in everything that encodes. */
  async function lossAt(selection: Parameters<typeof selectLatents>[1], point: typeof start) {
    const { value, grads } = ops.tidy(() => {
      const params = Object.fromEntries(
        (Object.keys(point) as Name[]).map((name) => [name, ops.tensor(point[name], shapes[name])]),
      );
      const weights = ops.tensor(
        Array.from({ length: dSae }, (_, j) => 1 + j / dSae),
        [dSae, 1],
      );
      return ops.valueAndGrads(params, ({ wEnc, bEnc, center }) => {
        const latents = selectLatents(ops, selection, {
          x: ops.tensor(x, [n, dIn]),
          wEnc: wEnc!,
          bEnc: bEnc!,
          center: center!,
        });
        const sums = "values" in latents ? ops.decodeSparse(latents, weights) : ops.matMul(latents, weights); // [n, 1]
        return { loss: ops.sum(sums), aux: {} };
      });
    });
    const read = async (a: typeof value) => Float64Array.from((await ops.read(a)).data);
    const result = {
      loss: (await read(value))[0]!,
      wEnc: await read(grads["wEnc"]!),
      bEnc: await read(grads["bEnc"]!),
      center: await read(grads["center"]!),
    };
    ops.dispose([value, ...Object.values(grads)]);
    return result;
  }

  for (const [name, selection] of selections(dSae)) {
    if (selection.kind === "sign") {
      it(`${name}: none`, async () => {
        const { loss, wEnc, bEnc, center } = await lossAt(selection, start);
        expect(loss).toBeGreaterThan(0);
        for (const gradient of [wEnc, bEnc, center]) expect(gradient.every((value) => value === 0)).toBe(true);
      });
      continue;
    }
    it(`${name}: through what fires`, async () => {
      const at = await lossAt(selection, start);
      // Latents are piecewise linear in the encoder: a step that changes nobody's firing measures the slope exactly.
      const step = 1e-3;
      for (const part of ["wEnc", "bEnc", "center"] as const) {
        const slopes: (readonly [number, number])[] = [];
        for (let i = 0; i < start[part].length; i += Math.ceil(start[part].length / 12)) {
          const moved = async (by: number) =>
            (await lossAt(selection, { ...start, [part]: start[part].map((v, q) => (q === i ? v + by : v)) })).loss;
          slopes.push([at[part][i]!, ((await moved(step)) - (await moved(-step))) / (2 * step)]);
        }
        for (const [gradient, slope] of slopes) expect(gradient).toBeCloseTo(slope, 1);
        expect(slopes.some(([gradient]) => Math.abs(gradient) > 0.1)).toBe(
          part !== "bEnc" || selection.kind !== "gate",
        );
      }
    });
  }
});
