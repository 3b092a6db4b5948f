/**
 * The conformance suite for weight quantizers: the promises core, the packed file and the training loop rely on. Run it on
 * a quantizer of your own in a vitest file.
 */
import { describe, expect, it } from "vitest";
import { dequantizeMatrix, unpackCodes, type HostData, type HostTensor } from "@qsae/runtime";
import { openBackend } from "../backends/open-backend.ts";
import type { BackendName } from "../contracts/backend.ts";
import type { Grid, Quantizer } from "../contracts/quantizer.ts";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";
import { fakeQuantize } from "../quantization/fake-quantize.ts";
import { packMatrix } from "../quantization/pack-matrix.ts";
import { normals } from "../random.ts";

export interface QuantizerSuiteOptions {
  /** Backends that must agree. Default: `cpu` and `wasm`. */
  readonly backends?: readonly BackendName[];
}

const ROWS = 12;
const COLS = 40;

/** Rows that break careless quantizers: Gaussian, heavy-tailed, constant, tiny, huge, zero, a single non-zero entry. */
function trickyWeights(): HostTensor<Float32Array> {
  const data = normals(ROWS * COLS, 1, 7);
  const row = (i: number): Float32Array => data.subarray(i * COLS, (i + 1) * COLS);
  row(1).set(row(1).map((w) => w ** 3));
  row(2).fill(0.25);
  row(3).set(row(3).map((w) => w * 1e-4));
  row(4).set(row(4).map((w) => w * 1e4));
  row(5).fill(0);
  row(6).fill(0)[3] = -2;
  return { shape: [ROWS, COLS], data };
}

const tensorsOf = (grid: Grid): Tensor[] => Object.values(grid);

/** Rounding gives -0, integers have none: the same weight. */
const withoutNegativeZero = (data: HostData): Float32Array => Float32Array.from(data, (value) => value + 0);

/**
 * Declares the suite.
 *
 * @example
 * import { describeQuantizer } from "@qsae/core/testing";
 * describeQuantizer(myQuantizer());
 */
export function describeQuantizer<G extends Grid>(quantizer: Quantizer<G>, options: QuantizerSuiteOptions = {}): void {
  const weights = trickyWeights();
  const [min, max] = quantizer.codes;
  const calibrated = (ops: TensorOps): { w: Tensor; grid: G } => {
    const w = ops.fromHost(weights);
    return { w, grid: quantizer.calibrate(ops, w) };
  };
  const onBackend = async <T>(name: BackendName, f: (ops: TensorOps) => T | Promise<T>): Promise<T> => {
    const backend = await openBackend(name);
    try {
      return await f(backend.ops);
    } finally {
      await backend.close();
    }
  };
  const codesOn = (name: BackendName): Promise<Float32Array> =>
    onBackend(name, async (ops) => {
      const codes = ops.tidy(() => {
        const { w, grid } = calibrated(ops);
        return quantizer.encode(ops, w, grid);
      });
      const { data } = await ops.read(codes);
      ops.dispose(codes);
      return withoutNegativeZero(data);
    });

  describe(`quantizer ${quantizer.id} ${JSON.stringify(quantizer.options)}`, () => {
    it("gives integer codes in its range", async () => {
      for (const code of await codesOn("cpu")) {
        expect(Number.isInteger(code)).toBe(true);
        expect(code).toBeGreaterThanOrEqual(min);
        expect(code).toBeLessThanOrEqual(max);
      }
    });

    it("has a finite grid, zero rows included", async () => {
      await onBackend("cpu", async (ops) => {
        const grid = ops.tidy(() => calibrated(ops).grid);
        for (const tensor of tensorsOf(grid)) {
          const { data } = await ops.read(tensor);
          expect([...data].every(Number.isFinite)).toBe(true);
        }
        ops.dispose(tensorsOf(grid));
      });
    });

    it("rounds a row to itself when it already lies on the grid", async () => {
      await onBackend("cpu", async (ops) => {
        const [first, second] = ops.tidy(() => {
          const { w, grid } = calibrated(ops);
          const once = fakeQuantize(ops, quantizer, w, grid);
          return [once, fakeQuantize(ops, quantizer, once, grid)] as const;
        });
        expect((await ops.read(second)).data).toEqual((await ops.read(first)).data);
        ops.dispose([first, second]);
      });
    });

    it("packs without loss, and the packed weights are those of fake-quantize, bit for bit", async () => {
      await onBackend("cpu", async (ops) => {
        const packed = await packMatrix(ops, quantizer, weights);
        const unpacked = packed.planes.flatMap((plane) => [...unpackCodes(plane.packed, ROWS, COLS, quantizer.codes)]);
        expect(unpacked).toEqual([...(await codesOn("cpu"))]);

        const planes = quantizer.dequantize.kind === "sum" ? [packed.planes.length] : [];
        const storedScale = ops.tensor(
          packed.planes.flatMap(({ scale }) => [...scale]),
          [...planes, ...packed.planes[0]!.scaleShape],
        );
        const fake = ops.tidy(() => {
          const { w, grid } = calibrated(ops);
          const codes = quantizer.encode(ops, w, grid);
          // codes of the calibrated grid, decoded with the scale as stored
          const withCodes: Quantizer<G> = { ...quantizer, encode: () => ops.mul(codes, 1) };
          return fakeQuantize(ops, withCodes, w, { ...grid, scale: storedScale });
        });
        expect(withoutNegativeZero(dequantizeMatrix(packed))).toEqual(withoutNegativeZero((await ops.read(fake)).data));
        ops.dispose([fake, storedScale]);
      });
    });

    it("has the declared gradient: straight through to the weights, exact to the scale", async () => {
      await onBackend("cpu", async (ops) => {
        const direction = ops.tensor(normals(ROWS * COLS, 1, 8), [ROWS, COLS]);
        const { w, grid } = ops.tidy(() => calibrated(ops));
        const loss = (params: Readonly<Record<string, Tensor>>): Tensor =>
          ops.sum(ops.mul(direction, fakeQuantize(ops, quantizer, params["w"]!, { ...grid, scale: params["scale"]! })));
        const { dW, dScale, expected } = ops.tidy(() => {
          const { grads } = ops.valueAndGrads({ w, scale: grid.scale }, (params) => ({ loss: loss(params), aux: {} }));
          // The loss is linear in the scale once codes are fixed: <dLoss/dScale, scale> is the loss itself.
          return { dW: grads["w"]!, dScale: grads["scale"]!, expected: loss({ w, scale: grid.scale }) };
        });
        if (!quantizer.backward) {
          expect((await ops.read(dW)).data).toEqual((await ops.read(direction)).data);
          const product = ops.tidy(() => ops.sum(ops.mul(dScale, grid.scale)));
          const [given, wanted] = [(await ops.read(product)).data[0]!, (await ops.read(expected)).data[0]!];
          expect(Math.abs(given - wanted)).toBeLessThanOrEqual(1e-4 * Math.abs(wanted));
          ops.dispose(product);
        } else {
          expect([...(await ops.read(dW)).data].every(Number.isFinite)).toBe(true);
        }
        ops.dispose([direction, w, dW, dScale, expected, ...tensorsOf(grid)]);
      });
    });

    it("leaks no tensors", async () => {
      await onBackend("cpu", (ops) => {
        const before = ops.memory().tensors;
        const { w, grid } = calibrated(ops);
        ops.dispose([fakeQuantize(ops, quantizer, w, grid), w, ...tensorsOf(grid)]);
        expect(ops.memory().tensors).toBe(before);
      });
    });

    it.each((options.backends ?? ["wasm"]).filter((name) => name !== "cpu"))(
      "gives the same codes on %s as on cpu",
      async (name) => {
        const [here, oracle] = [await codesOn(name), await codesOn("cpu")];
        const different = here.filter((code, i) => code !== oracle[i]).length;
        // Weights within float32 rounding of a decision threshold may fall on either side.
        expect(different).toBeLessThanOrEqual(Math.floor(here.length * 0.005));
      },
    );
  });
}
