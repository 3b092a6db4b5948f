/** What is particular to WebGPU: what it says, refuses and reports. What it computes is in ../backends.test.ts. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { NonFiniteError, QsaeError } from "@qsae/runtime";
import type { Backend } from "../../contracts/backend.ts";
import { backendsHere } from "../../testing/backends-here.ts";
import { DeviceError } from "../device-error.ts";
import { openBackend } from "../open-backend.ts";
import { compileKernel } from "./kernel.ts";
import { openDevice, type OpenedDevice } from "./open-device.ts";

/** The device under the backend that opened last. */
const activeDevice = (): GPUDevice => (tf.backend() as unknown as { device: GPUDevice }).device;

const here = await backendsHere(["webgpu"]);

describe.each(here)("backend %s", (name) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend(name);
  });
  afterAll(() => backend.close());

  it("says adapter, driver and limits", () => {
    expect(backend.description).toMatch(/^WebGPU on .+; buffers up to [\d.]+ GiB, [\d.]+ GiB of one at a time; .+/);
  });

  it("is what auto picks on an adapter that is a GPU", async () => {
    const { gpu } = navigator;
    const { features, limits } = (await gpu.requestAdapter())!;
    const info = { vendor: "acme", architecture: "", device: "", description: "", isFallbackAdapter: false };
    const asked = vi.spyOn(gpu, "requestAdapter").mockResolvedValue({ info, features, limits } as GPUAdapter);
    const picked = await openBackend("auto");
    asked.mockRestore();
    expect(picked.name).toBe("webgpu");
    expect(picked.description).toBe(`${backend.description} (auto: there is a GPU)`);
    await picked.close();
  });

  it.each([NaN, Infinity, -Infinity, 1e300])("refuses %d wherever numbers come in", (bad) => {
    const { ops } = backend;
    const before = ops.memory();
    const refused = /this backend takes numbers that are finite in float32/;
    ops.tidy(() => {
      const a = ops.zeros([2]);
      for (const use of [
        () => ops.tensor([0, bad], [2]),
        () => ops.fromHost({ shape: [1], data: Float32Array.of(bad) }),
        () => ops.scalar(bad),
        () => ops.fill([2], bad),
        () => ops.randomNormal([2], bad, 1),
        () => ops.mul(a, bad),
        () => ops.sub(bad, a),
        () => ops.greater(a, bad),
        () => ops.clipByValue(a, bad, 1),
      ]) {
        expect(use).toThrow(NonFiniteError);
        expect(use).toThrow(refused);
      }
    });
    expect(() => ops.tensor([0, bad], [2])).toThrow(`tensor: ${bad} at entry 1`);
    expect(ops.memory()).toEqual(before);
  });

  it("says how many bytes a tensor needs and how many there are, before it takes any", () => {
    const { ops } = backend;
    const rows = 2 ** 17;
    const needed = 4 * rows * rows;
    const before = ops.memory();
    ops.tidy(() => {
      const [column, row] = [ops.zeros([rows, 1]), ops.zeros([1, rows])];
      for (const use of [
        () => ops.zeros([rows, rows]),
        () => ops.fill([rows, rows], 1),
        () => ops.randomNormal([rows, rows], 1, 1),
        () => ops.matMul(column, row),
        () => ops.add(column, row),
      ]) {
        expect(use).toThrow(`${rows}, ${rows}]`);
        expect(use).toThrow(
          new RegExp(
            `^webgpu: .* needs ${needed} bytes.*; (this device has buffers|kernels of this device see).* at most \\d+$`,
          ),
        );
      }
    });
    expect(ops.memory()).toEqual(before);
  });
});

describe.each(here)("a device of %s", () => {
  let opened: OpenedDevice;
  beforeAll(async () => {
    opened = await openDevice();
  });
  afterAll(() => opened.device.destroy());

  it.each([
    ["does not parse", "@compute @workgroup_size(64)\nfn main() { let x = ; }", /kernel broken: line 2: missing/],
    ["has an error of types", "@compute @workgroup_size(1)\nfn main() {\n  let x: u32 = 1.5;\n}", /line 3: .*u32/],
    ["has no entry point main", "@compute @workgroup_size(1) fn other() {}", /main/],
    ["wants more of the device than there is", "@compute @workgroup_size(100000) fn main() {}", /100000/],
  ])("refuses a kernel that %s, with its name and what the driver says", async (_, code, says) => {
    const refused = compileKernel(opened.device, { name: "broken", code });
    await expect(refused).rejects.toThrow(QsaeError);
    await expect(refused).rejects.toThrow(/^webgpu: the driver refuses the kernel broken: /);
    await expect(refused).rejects.toThrow(says);
    await opened.settled();
    expect(opened.problem()).toBeUndefined();
  });

  it("reports an error of the driver that nobody caught", async () => {
    const broken = await openDevice();
    broken.device.createBuffer({ size: 2 ** 50, usage: GPUBufferUsage.STORAGE });
    await broken.settled();
    expect(broken.problem()).toBeInstanceOf(DeviceError);
    expect(broken.problem()!.message).toMatch(/^webgpu: the driver reports an error: .+/);
    broken.device.destroy();
  });

  it("reports its loss, and others get a new one", async () => {
    const lost = await openBackend("webgpu");
    const { ops } = lost;
    const x = ops.tensor([1, 2], [2]);
    activeDevice().destroy();
    await expect(ops.read(ops.mul(x, 2))).rejects.toThrow(
      /^webgpu: the device was lost \(destroyed: .*\), with what was on it$/,
    );
    expect(await lost.failure!()).toBeInstanceOf(DeviceError);
    const next = await openBackend("webgpu");
    const y = next.ops.tensor([1, 2], [2]);
    expect([...(await next.ops.read(y)).data]).toEqual([1, 2]);
    next.ops.dispose(y);
    await lost.close();
    await next.close();
  });
});
