/** The conformance suite over backends: every op and its gradient against float64 arithmetic written out here. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../contracts/backend.ts";
import type { Tensor, TensorOps, Tensors } from "../contracts/tensor-ops.ts";
import { normals } from "../random.ts";
import { backendsHere } from "../testing/backends-here.ts";
import { openBackend } from "./open-backend.ts";

type Rows = { readonly shape: readonly [number, number]; readonly data: Float64Array };

const random = (rows: number, cols: number, seed: number): Rows => ({
  shape: [rows, cols],
  data: Float64Array.from(normals(rows * cols, 1, seed)),
});
const at = ({ shape, data }: Rows, i: number, j: number): number => data[i * shape[1] + j]!;
const transposed = (a: Rows): Rows => build(a.shape[1], a.shape[0], (i, j) => at(a, j, i));
function build(rows: number, cols: number, f: (i: number, j: number) => number): Rows {
  return {
    shape: [rows, cols],
    data: Float64Array.from({ length: rows * cols }, (_, p) => f(Math.floor(p / cols), p % cols)),
  };
}
const product = (a: Rows, b: Rows): Rows =>
  build(a.shape[0], b.shape[1], (i, j) =>
    Array.from({ length: a.shape[1] }, (_, l) => at(a, i, l) * at(b, l, j)).reduce((s, v) => s + v, 0),
  );

/** ||a - b|| / ||b||, norm-wise. */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1e-30);
}

describe.each(await backendsHere(["cpu", "wasm", "webgpu"]))("backend %s", (name) => {
  let backend: Backend;
  let ops: TensorOps;
  let tensorsAtStart = 0;
  beforeAll(async () => {
    backend = await openBackend(name);
    ops = backend.ops;
    tensorsAtStart = ops.memory().tensors;
  });
  afterAll(async () => {
    expect(ops.memory().tensors).toBe(tensorsAtStart);
    await backend.close();
  });

  const put = ({ shape, data }: Rows): Tensor => ops.tensor(Float32Array.from(data), shape);
  const take = async (a: Tensor): Promise<Float32Array> => {
    const { data } = await ops.read(a);
    ops.dispose(a);
    return data as Float32Array;
  };
  const close = async (a: Tensor, expected: ArrayLike<number>): Promise<void> => {
    expect(relativeError(await take(a), expected)).toBeLessThan(1e-5);
  };
  /** Gradients of <direction, f(params)> by central differences in float32. */
  async function checkGradients(
    params: Readonly<Record<string, Rows>>,
    f: (params: Tensors) => Tensor,
    step = 1e-2,
    bound = 2e-3,
  ): Promise<void> {
    const tensors = Object.fromEntries(Object.entries(params).map(([key, value]) => [key, put(value)]));
    const loss = (p: Tensors): Tensor => {
      const y = f(p);
      const direction = ops.randomNormal(y.shape, 1, 99);
      return ops.sum(ops.mul(y, direction));
    };
    const grads = ops.tidy(() => ops.valueAndGrads(tensors, (p) => ({ loss: loss(p), aux: {} })).grads);
    for (const [key, value] of Object.entries(params)) {
      const numeric = new Float64Array(value.data.length);
      for (let i = 0; i < numeric.length; i++) {
        const sides: number[] = [];
        for (const sign of [1, -1]) {
          const moved = Float64Array.from(value.data);
          moved[i]! += sign * step;
          const result = ops.tidy(() => loss({ ...tensors, [key]: put({ ...value, data: moved }) }));
          sides.push((await take(result))[0]!);
        }
        numeric[i] = (sides[0]! - sides[1]!) / (2 * step);
      }
      expect(relativeError(await take(grads[key]!), numeric), `gradient to ${key}`).toBeLessThan(bound);
    }
    ops.dispose(Object.values(tensors));
  }

  describe("elementwise", () => {
    const a = random(3, 5, 1);
    const b = random(3, 5, 2);
    const row = random(1, 5, 3);
    it.each([
      ["add", (x: number, y: number) => x + y],
      ["sub", (x: number, y: number) => x - y],
      ["mul", (x: number, y: number) => x * y],
      ["div", (x: number, y: number) => x / y],
      ["minimum", Math.min],
      ["maximum", Math.max],
    ] as const)("%s, with broadcasting and numbers", async (op, f) => {
      await close(
        ops.tidy(() => ops[op](put(a), put(b))),
        a.data.map((x, i) => f(x, b.data[i]!)),
      );
      await close(
        ops.tidy(() => ops[op](put(a), put(row))),
        a.data.map((x, i) => f(x, row.data[i % 5]!)),
      );
      await close(
        ops.tidy(() => ops[op](put(a), 0.7)),
        a.data.map((x) => f(x, 0.7)),
      );
      await close(
        ops.tidy(() => ops[op](0.7, put(a))),
        a.data.map((x) => f(0.7, x)),
      );
    });
    it.each([
      ["neg", (x: number) => -x],
      ["abs", Math.abs],
      ["square", (x: number) => x * x],
      ["exp", Math.exp],
      ["relu", (x: number) => Math.max(x, 0)],
      ["sigmoid", (x: number) => 1 / (1 + Math.exp(-x))],
      ["floor", Math.floor],
      ["sign", Math.sign],
    ] as const)("%s", async (op, f) => {
      await close(
        ops.tidy(() => ops[op](put(a))),
        a.data.map(f),
      );
    });
    it("sqrt and log of positive numbers", async () => {
      const positive = a.data.map((x) => Math.abs(x) + 0.1);
      await close(
        ops.tidy(() => ops.sqrt(put({ ...a, data: positive }))),
        positive.map(Math.sqrt),
      );
      await close(
        ops.tidy(() => ops.log(put({ ...a, data: positive }))),
        positive.map(Math.log),
      );
    });
    it("rounds half to even", async () => {
      const halves = ops.tidy(() => ops.round(ops.tensor([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 1.4999], [7])));
      expect([...(await take(halves))].map((x) => x + 0)).toEqual([-2, -2, 0, 0, 2, 2, 1]);
    });
    it("compares to float 0 and 1", async () => {
      await close(
        ops.tidy(() => ops.greater(put(a), put(row))),
        a.data.map((x, i) => Number(x > row.data[i % 5]!)),
      );
      await close(
        ops.tidy(() => ops.greaterEqual(ops.tensor([1, 2, 3], [3]), 2)),
        [0, 1, 1],
      );
      await close(
        ops.tidy(() => ops.equal(ops.tensor([1, 2, 3], [3]), 2)),
        [0, 1, 0],
      );
      await close(
        ops.tidy(() => ops.where(ops.tensor([1, 0], [2]), ops.tensor([5, 6], [2]), ops.tensor([7, 8], [2]))),
        [5, 8],
      );
      await close(
        ops.tidy(() => ops.clipByValue(put(a), -0.5, 0.25)),
        a.data.map((x) => Math.min(Math.max(x, -0.5), 0.25)),
      );
    });
    it("compares to numbers of a type that the SAE ops take for latents", async () => {
      const compared = ops.tidy(() => [
        ops.greater(put(a), 0),
        ops.greaterEqual(put(a), 0),
        ops.equal(put(a), put(a)),
        ops.mul(ops.greater(ops.tensor([1, 2], [2]), 1.5), 3),
      ]);
      for (const each of compared) {
        expect(each.dtype).toBe("float32");
        expect(await take(each)).toBeInstanceOf(Float32Array);
      }
      const decoded = ops.tidy(() => {
        const latents = {
          values: ops.greater(ops.tensor([3, -1], [1, 2]), 0),
          indices: ops.tensor(Int32Array.of(0, 2), [1, 2]),
        };
        return ops.decodeSparse({ ...latents, dSae: 3 }, ops.tensor([5, 7, 9], [3, 1]));
      });
      expect([...(await take(decoded))]).toEqual([5]);
    });
    it("differentiates", async () => {
      await checkGradients({ a, row }, (p) => ops.mul(ops.sigmoid(ops.add(p["a"]!, p["row"]!)), ops.exp(p["row"]!)));
    });
  });

  describe("reductions and shapes", () => {
    const a = random(4, 6, 4);
    it("sums, means and maxima over each axis and all", async () => {
      const columns = Array.from({ length: 6 }, (_, j) => [0, 1, 2, 3].map((i) => at(a, i, j)));
      const rows = [0, 1, 2, 3].map((i) => Array.from({ length: 6 }, (_, j) => at(a, i, j)));
      const total = (values: number[]): number => values.reduce((s, v) => s + v, 0);
      await close(
        ops.tidy(() => ops.sum(put(a), 0)),
        columns.map(total),
      );
      await close(
        ops.tidy(() => ops.sum(put(a), 1, true)),
        rows.map(total),
      );
      await close(
        ops.tidy(() => ops.mean(put(a), 1)),
        rows.map((r) => total(r) / 6),
      );
      await close(
        ops.tidy(() => ops.max(put(a), 0)),
        columns.map((c) => Math.max(...c)),
      );
      await close(
        ops.tidy(() => ops.sum(put(a))),
        [total([...a.data])],
      );
    });
    it("transposes, slices, concatenates, gathers", async () => {
      await close(
        ops.tidy(() => ops.transpose(put(a))),
        transposed(a).data,
      );
      await close(
        ops.tidy(() => ops.slice(put(a), [1, 2], [2, 3])),
        build(2, 3, (i, j) => at(a, i + 1, j + 2)).data,
      );
      await close(
        ops.tidy(() => ops.concat([put(a), put(a)], 0)),
        [...a.data, ...a.data],
      );
      await close(
        ops.tidy(() => ops.gather(put(a), ops.tensor(Int32Array.of(2, 0), [2]))),
        build(2, 6, (i, j) => at(a, i === 0 ? 2 : 0, j)).data,
      );
    });
    it.each([
      [3, 5, 7],
      [1, 1, 1],
      [17, 33, 9],
    ])("multiplies [%i, %i] by [.., %i] in all four transpose forms", async (m, l, n) => {
      const [x, y] = [random(m, l, 5), random(l, n, 6)];
      const expected = product(x, y).data;
      await close(
        ops.tidy(() => ops.matMul(put(x), put(y))),
        expected,
      );
      await close(
        ops.tidy(() => ops.matMul(put(transposed(x)), put(y), true, false)),
        expected,
      );
      await close(
        ops.tidy(() => ops.matMul(put(x), put(transposed(y)), false, true)),
        expected,
      );
      await close(
        ops.tidy(() => ops.matMul(put(transposed(x)), put(transposed(y)), true, true)),
        expected,
      );
    });
    it("keeps a slice alive after its parent is disposed", async () => {
      const parent = put(a);
      const part = ops.slice(parent, [1, 0], [1, 6]);
      ops.dispose(parent);
      const later = ops.zeros([4, 6]);
      await close(part, a.data.slice(6, 12));
      ops.dispose(later);
    });
  });

  describe("differentiation", () => {
    it("stops at detached tensors", async () => {
      const x = ops.tensor([3], [1]);
      const { value, grads } = ops.valueAndGrads({ x }, (p) => ({
        loss: ops.sum(ops.mul(p["x"]!, ops.detach(p["x"]!))),
        aux: {},
      }));
      expect(await take(grads["x"]!)).toEqual(Float32Array.of(3)); // 6 without the stop
      ops.dispose([x, value]);
    });
    it("gives zeros for parameters the loss does not touch, and aux to the caller", async () => {
      const [x, unused] = [ops.tensor([2], [1]), ops.tensor([1, 1], [2])];
      const result = ops.tidy(() =>
        ops.valueAndGrads({ x, unused }, (p) => {
          const squared = ops.square(p["x"]!);
          return { loss: ops.sum(squared), aux: { squared } };
        }),
      );
      expect(await take(result.grads["unused"]!)).toEqual(Float32Array.of(0, 0));
      expect(await take(result.grads["x"]!)).toEqual(Float32Array.of(4));
      expect(await take(result.aux.squared)).toEqual(Float32Array.of(4));
      ops.dispose([x, unused, result.value]);
    });
    it("runs a custom gradient", async () => {
      const x = ops.tensor([0.4, 1.6], [2]);
      const grads = ops.tidy(
        () =>
          ops.valueAndGrads({ x }, (p) => ({
            loss: ops.sum(
              ops.customGrad(
                [p["x"]!],
                () => ({ value: ops.round(p["x"]!), saved: [] }),
                (dy) => [ops.mul(dy, 10)],
              ),
            ),
            aux: {},
          })).grads,
      );
      expect(await take(grads["x"]!)).toEqual(Float32Array.of(10, 10));
      ops.dispose(x);
    });
  });

  describe("encodeTopK and decodeSparse", () => {
    const dense = (indices: ArrayLike<number>, values: ArrayLike<number>, n: number, k: number, dSae: number): Rows => {
      const z = build(n, dSae, () => 0);
      for (let i = 0; i < n * k; i++) z.data[Math.floor(i / k) * dSae + indices[i]!] = values[i]!;
      return z;
    };
    it.each([
      [5, 3, 8, 2],
      [4, 7, 13, 1],
      [3, 5, 6, 6],
    ])("n=%i d_in=%i d_sae=%i k=%i: the k largest, indices ascending, and their decoding", async (n, dIn, dSae, k) => {
      const [x, wEnc, bEnc, wDec] = [random(n, dIn, 1), random(dIn, dSae, 2), random(1, dSae, 3), random(dSae, dIn, 4)];
      const h = product(x, wEnc);
      h.data.forEach((_, i) => (h.data[i]! += bEnc.data[i % dSae]!));
      const expected = Array.from({ length: n }, (_, i) => {
        const order = Array.from({ length: dSae }, (_, j) => j).sort((p, q) => at(h, i, q) - at(h, i, p) || p - q);
        return order.slice(0, k).sort((p, q) => p - q);
      }).flat();
      const { latents, decoded } = ops.tidy(() => {
        const found = ops.encodeTopK(put(x), put(wEnc), ops.tensor(Float32Array.from(bEnc.data), [dSae]), k);
        return { latents: found, decoded: ops.decodeSparse(found, put(wDec)) };
      });
      const [values, indices] = [await ops.read(latents.values), await ops.read(latents.indices)];
      expect([...indices.data]).toEqual(expected);
      expect(
        relativeError(
          values.data,
          expected.map((j, p) => at(h, Math.floor(p / k), j)),
        ),
      ).toBeLessThan(1e-5);
      await close(decoded, product(dense(indices.data, values.data, n, k, dSae), wDec).data);
      ops.dispose([latents.values, latents.indices]);
    });
    it("breaks ties by the lowest index", async () => {
      const latents = ops.tidy(() =>
        ops.encodeTopK(ops.tensor([1, 1], [2, 1]), ops.tensor([2, 5, 2, 2], [1, 4]), ops.zeros([4]), 2),
      );
      expect([...(await take(latents.indices))]).toEqual([0, 1, 0, 1]);
      ops.dispose(latents.values);
    });
    it("takes an empty batch", async () => {
      const { latents, decoded, fired } = ops.tidy(() => {
        const found = ops.encodeTopK(ops.zeros([0, 3]), ops.zeros([3, 4]), ops.zeros([4]), 2);
        return { latents: found, decoded: ops.decodeSparse(found, ops.zeros([4, 3])), fired: ops.countFired(found) };
      });
      expect(latents.values.shape).toEqual([0, 2]);
      expect(decoded.shape).toEqual([0, 3]);
      expect([...(await take(fired))]).toEqual([0, 0, 0, 0]);
      ops.dispose([latents.values, latents.indices, decoded]);
    });
    it("keeps the largest of the batch, ties to the first, and passes their gradient", async () => {
      const values = ops.tensor([5, 1, 3, 3, 0, 3], [3, 2]);
      const { kept, gradient } = ops.tidy(() => {
        const { grads, aux } = ops.valueAndGrads({ values }, (p) => {
          const largest = ops.batchTopK(p["values"]!, 3);
          return { loss: ops.sum(ops.mul(largest, largest)), aux: { largest } };
        });
        return { kept: aux.largest, gradient: grads["values"]! };
      });
      expect([...(await take(kept))]).toEqual([5, 0, 3, 3, 0, 0]);
      expect([...(await take(gradient))]).toEqual([10, 0, 6, 6, 0, 0]);
      for (const [count, expected] of [
        [0, [0, 0, 0, 0, 0, 0]],
        [6, [5, 1, 3, 3, 0, 3]],
      ] as const) {
        expect([...(await take(ops.tidy(() => ops.batchTopK(values, count))))]).toEqual(expected);
      }
      expect(() => ops.batchTopK(values, 7)).toThrow("batchTopK: count=7 is not an integer in 0..6");
      ops.dispose(values);
    });
    it("counts firing tokens, not zero values", async () => {
      const fired = ops.tidy(() =>
        ops.countFired({
          values: ops.tensor([1, 0, 2, 3], [2, 2]),
          indices: ops.tensor(Int32Array.of(0, 1, 0, 2), [2, 2]),
          dSae: 4,
        }),
      );
      expect([...(await take(fired))]).toEqual([2, 0, 1, 0]);
    });
    it("differentiates in x, W_enc, b_enc and W_dec", async () => {
      // The step is small enough that no selection changes for these numbers.
      const [x, wEnc, bias, wDec] = [random(3, 4, 11), random(4, 9, 12), random(1, 9, 13), random(9, 4, 14)];
      await checkGradients(
        { x, wEnc, bias, wDec },
        (p) => ops.decodeSparse(ops.encodeTopK(p["x"]!, p["wEnc"]!, ops.reshape(p["bias"]!, [9]), 3), p["wDec"]!),
        1e-2,
        2e-3,
      );
    });
    it.each([NaN, Infinity, -Infinity])("names the argument and entry that holds %d", async (bad) => {
      const before = ops.memory();
      const arrays: Record<string, number[]> = {
        x: [1, 2, 3, 4],
        W_enc: [1, 1, 1, 1, 1, 1],
        b_enc: [0, 0, 0],
        center: [0, 0],
      };
      for (const argument of Object.keys(arrays)) {
        const given = { ...arrays, [argument]: arrays[argument]!.map((value, i) => (i === 1 ? bad : value)) };
        const encode = (): void =>
          ops.tidy(() => {
            const [x, w] = [ops.tensor(given["x"]!, [2, 2]), ops.tensor(given["W_enc"]!, [2, 3])];
            ops.encodeTopK(x, w, ops.tensor(given["b_enc"]!, [3]), 3, ops.tensor(given["center"]!, [2]));
          });
        // a GPU's kernels may assume that there is no such number: it does not get there
        const refused =
          name === "webgpu"
            ? `tensor: ${bad} at entry 1`
            : `encodeTopK: ${argument} holds ${bad} at entry 1; allowed: finite numbers`;
        expect(encode).toThrow(refused);
      }
      expect(ops.memory()).toEqual(before);
    });
    it("says when finite arguments overflow, on a GPU where the result is read", async () => {
      const { values } = ops.tidy(() => {
        const huge = ops.fill([2, 2], 1e30);
        const encode = () => ops.encodeTopK(huge, huge, ops.zeros([2]), 1);
        if (name === "webgpu") return { values: encode().values };
        expect(encode).toThrow(/row 0/);
        return { values: ops.fill([1], Infinity) };
      });
      expect((await take(values)).every(Number.isFinite)).toBe(false);
    });
    it("names the argument that does not fit", () => {
      ops.tidy(() => {
        const [x, wEnc, bEnc] = [ops.zeros([2, 3]), ops.zeros([3, 4]), ops.zeros([4])];
        expect(() => ops.encodeTopK(x, wEnc, bEnc, 5)).toThrow("encodeTopK: k=5 is not an integer in 1..d_sae=4");
        expect(() => ops.encodeTopK(ops.zeros([2, 2]), wEnc, bEnc, 1)).toThrow(
          "encodeTopK: x has shape [2, 2]; expected [n, 3]",
        );
        expect(() => ops.encodeTopK(x, wEnc, ops.zeros([3]), 1)).toThrow(
          "encodeTopK: b_enc has shape [3]; expected [4]",
        );
        const latents = ops.encodeTopK(x, wEnc, bEnc, 2);
        expect(() => ops.decodeSparse(latents, ops.zeros([5, 3]))).toThrow(
          "decodeSparse: W_dec has shape [5, 3]; expected [4, d_in]",
        );
      });
    });
  });

  it("differentiates weights on a grid in codes and scale", async () => {
    const [codes, scale, dy] = [random(4, 6, 31), random(4, 2, 32), random(4, 6, 33)];
    const params = { codes: put(codes), scale: put(scale) };
    const weight = put(dy);
    const { value, grads } = ops.valueAndGrads(params, ({ codes: c, scale: s }) => ({
      loss: ops.sum(ops.mul(ops.gridValues(c!, s!, 0.5), weight)),
      aux: {},
    }));
    const group = (c: number): number => Math.floor(c / 3);
    await close(grads["codes"]!, build(4, 6, (i, c) => at(dy, i, c) * at(scale, i, group(c))).data);
    const ofScale = build(4, 2, (i, g) =>
      [0, 1, 2].reduce((sum, c) => sum + at(dy, i, 3 * g + c) * (at(codes, i, 3 * g + c) + 0.5), 0),
    );
    await close(grads["scale"]!, ofScale.data);
    ops.dispose([value, weight, ...Object.values(params)]);
  });

  it("takes Adam steps as in the paper", async () => {
    const [start, gradients] = [0.5, [0.3, -0.2, 0.1]];
    let slot = { param: ops.tensor([start], [1]), m: ops.zeros([1]), v: ops.zeros([1]) } as Parameters<
      TensorOps["adamStep"]
    >[0];
    let [param, m, v] = [start, 0, 0];
    for (const [i, g] of gradients.entries()) {
      const grad = ops.tensor([g], [1]);
      slot = ops.adamStep(slot, grad, { lr: 0.01, step: i + 1 });
      ops.dispose(grad);
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      param -= (0.01 * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
    }
    ops.dispose([slot.m, slot.v]);
    await close(slot.param, [param]);
  });

  it("copies data in and out", async () => {
    const given = Float32Array.of(1, 2);
    const a = ops.tensor(given, [2]);
    given[0] = 9;
    const first = await ops.read(a);
    expect([...first.data]).toEqual([1, 2]);
    first.data[1] = 9;
    expect([...(await take(a))]).toEqual([1, 2]);
  });

  it("refuses data that does not fill the shape", () => {
    expect(() => ops.tensor([1, 2, 3], [2, 2])).toThrow("tensor: 3 values given for shape [2, 2]");
  });

  it("leaks no tensors and no memory in 200 training-like steps", () => {
    const before = ops.memory();
    const [x, wEnc, bEnc, wDec] = [random(6, 4, 1), random(4, 9, 2), random(1, 9, 3), random(9, 4, 4)].map(put) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    for (let i = 0; i < 200; i++) {
      ops.tidy(() => {
        ops.valueAndGrads({ wEnc, wDec }, (p) => {
          const reconstruction = ops.decodeSparse(ops.encodeTopK(x, p["wEnc"]!, ops.reshape(bEnc, [9]), 2), p["wDec"]!);
          return { loss: ops.sum(ops.square(reconstruction)), aux: { reconstruction } };
        });
      });
    }
    ops.dispose([x, wEnc, bEnc, wDec]);
    expect(ops.memory()).toEqual(before);
  });
});

describe("backend wasm", () => {
  it("says what does not fit in its memory, frees nothing it should not, and goes on", async () => {
    const backend = await openBackend("wasm", { threads: 1, maxBytes: 4 * 2 ** 20 });
    const { ops } = backend;
    const small = ops.tensor([1, 2], [2]);
    const before = ops.memory();
    expect(() => ops.tidy(() => ops.matMul(ops.fill([600, 600], 1), ops.fill([600, 600], 1)))).toThrow(
      /engine memory: \d+ bytes do not fit/,
    );
    expect(ops.memory()).toEqual(before);
    expect([...(await ops.read(small)).data]).toEqual([1, 2]);
    ops.dispose(small);
    await backend.close();
  });
  it.each(["certified", "auto", "exact"] as const)(
    "encodes to the same bits in mode %s, and says what it did",
    async (encode) => {
      const [n, dIn, dSae, k] = [64, 48, 1024, 8];
      const encodeWith = async (mode: "exact" | typeof encode): Promise<unknown[]> => {
        const backend = await openBackend("wasm", { threads: 2, encode: mode });
        const { ops } = backend;
        expect(backend.lastEncode()).toBeUndefined();
        const latents = ops.tidy(() =>
          ops.encodeTopK(
            ops.randomNormal([n, dIn], 1, 1),
            ops.randomNormal([dIn, dSae], 0.2, 2),
            ops.randomNormal([dSae], 0.1, 3),
            k,
          ),
        );
        const result = [(await ops.read(latents.values)).data, (await ops.read(latents.indices)).data];
        ops.dispose([latents.values, latents.indices]);
        const report = backend.lastEncode()!;
        if (mode !== "auto") expect(report.mode).toBe(mode);
        if (report.mode === "certified") expect(report.candidatesPerK).toBeGreaterThanOrEqual(1);
        await backend.close();
        return result;
      };
      expect(await encodeWith(encode)).toEqual(await encodeWith("exact"));
    },
  );
  it("lists kernels that ran in JavaScript", async () => {
    const backend = await openBackend("wasm", { threads: 1 });
    backend.ops.tidy(() => backend.ops.concat([backend.ops.zeros([1, 2, 3]), backend.ops.zeros([1, 2, 3])], 1));
    expect(backend.fallbacks()).toEqual(["Concat"]);
    await backend.close();
  });
  it("does not list SAE kernels that are made of others, whatever was opened before", async () => {
    const cpu = await openBackend("cpu");
    const backend = await openBackend("wasm", { threads: 1 });
    const { ops } = backend;
    ops.tidy(() => ops.gridValues(ops.tensor([1, 2], [1, 2]), ops.tensor([0.5], [1, 1]), 0));
    expect(backend.fallbacks()).toEqual([]);
    await backend.close();
    await cpu.close();
  });
});

describe("openBackend", () => {
  it("refuses unknown names with what is allowed", async () => {
    await expect(openBackend("gpu" as "cpu")).rejects.toThrow(
      'unknown backend "gpu"; allowed: auto, wasm, webgpu, cuda, tensorflow, cpu',
    );
  });
  it("says what auto picked and why: no software that stands in for a GPU", async () => {
    const backend = await openBackend("auto");
    expect(backend.name).toBe(/\(auto: there is a GPU\)$/.test(backend.description) ? "webgpu" : "wasm");
    expect(backend.description).toMatch(/ \(auto: (there is a GPU|webgpu: .+)\)$/);
    if (/swiftshader/i.test(backend.description))
      expect(backend.description).toMatch(/is software, slower than wasm\)$/);
    await backend.close();
  });
  it("keeps two open backends apart", async () => {
    const [cpu, wasm] = [await openBackend("cpu"), await openBackend("wasm")];
    const [a, b] = [cpu.ops.tensor([1, 2], [2]), wasm.ops.tensor([3, 4], [2])];
    const [doubled, tripled] = [cpu.ops.mul(a, 2), wasm.ops.mul(b, 3)];
    expect([...(await cpu.ops.read(doubled)).data]).toEqual([2, 4]);
    expect([...(await wasm.ops.read(tripled)).data]).toEqual([9, 12]);
    cpu.ops.dispose([a, doubled]);
    wasm.ops.dispose([b, tripled]);
  });
});
