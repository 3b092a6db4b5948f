/** Backends over packages that users install themselves: absent, broken, present without a device, present. */
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { coreInFolder, type CoreInFolder } from "./core-in-folder.ts";

const TFJS_VERSION = "4.22.0";

let folder: CoreInFolder;
beforeAll(async () => {
  folder = await coreInFolder();
});
afterEach(() => folder.uninstallAll());
afterAll(() => folder.remove());

/** What opening these says, one after the other: a description, or the error. */
const opening = (names: readonly string[], env?: Readonly<Record<string, string>>): Promise<readonly string[]> =>
  folder.run(
    `const outcomes = [];
     for (const name of ${JSON.stringify(names)}) {
       outcomes.push(await core.openBackend(name).then(
         (backend) => backend.name + ": " + backend.description,
         (error) => error.name + ": " + error.message,
       ));
     }
     console.log(JSON.stringify(outcomes));
     process.exit(0);`,
    env,
  );

describe("without any of them", () => {
  it("says what to install", async () => {
    expect(await opening(["webgpu", "cuda", "tensorflow"])).toEqual([
      "QsaeError: webgpu: the package webgpu is not installed; run: npm install webgpu",
      `QsaeError: cuda: the package @tensorflow/tfjs-node-gpu is not installed; run: npm install @tensorflow/tfjs-node-gpu@${TFJS_VERSION}`,
      `QsaeError: tensorflow: the package @tensorflow/tfjs-node is not installed; run: npm install @tensorflow/tfjs-node@${TFJS_VERSION}`,
    ]);
  });

  it("auto picks wasm, says why, and loads nothing of tfjs's WebGPU", async () => {
    const [description, devices] = await folder.run<[string, string[]]>(
      `const { description } = await core.openBackend("auto");
       const kernels = [...globalThis._tfGlobals.get("kernelRegistry").keys()];
       console.log(JSON.stringify([description, [...new Set(kernels.map((key) => key.split("_")[0]))]]));
       process.exit(0);`,
    );
    expect(description).toMatch(
      /^WebAssembly .* \(auto: webgpu: (this machine has no GPU|the package webgpu is not installed; run: npm install webgpu)\)$/,
    );
    expect(devices).toContain("qsae-wasm-1");
    expect(devices.filter((device) => device.includes("webgpu"))).toEqual([]);
  });
});

describe("with a native part that does not load", () => {
  const broken = 'throw new Error("libsomething.so.1: cannot open shared object file\\nRequire stack:\\n- /a/b.js");';
  const names = { webgpu: "webgpu", cuda: "@tensorflow/tfjs-node-gpu", tensorflow: "@tensorflow/tfjs-node" };

  it.each(Object.entries(names))("%s passes on what it says", async (backend, name) => {
    await folder.install(name, broken);
    expect(await opening([backend])).toEqual([
      `QsaeError: ${backend}: the package ${name} is installed, but does not load here: libsomething.so.1: cannot open shared object file`,
    ]);
  });

  it("a package that it lacks is not taken for itself", async () => {
    await folder.install("webgpu", 'import "webgpu-binding";');
    const [problem] = await opening(["webgpu"]);
    expect(problem).toMatch(
      /the package webgpu is installed, but does not load here: Cannot find package 'webgpu-binding'/,
    );
  });

  it("auto picks wasm all the same", async () => {
    await folder.install("webgpu", broken);
    expect(await opening(["auto"])).toEqual([
      expect.stringMatching(
        /^wasm: .* \(auto: webgpu: (this machine has no GPU|the package webgpu is installed, but does not load here: libsome.*)\)$/,
      ),
    ]);
  });
});

describe.runIf(process.platform === "linux")("webgpu without a driver", () => {
  it("says that there is no adapter", async () => {
    const inCore = createRequire(fileURLToPath(new URL("../../packages/core/package.json", import.meta.url)));
    await folder.install("webgpu", `export * from ${JSON.stringify(pathToFileURL(inCore.resolve("webgpu")).href)};`);
    const [problem, fallback] = await opening(["webgpu", "auto"], { VK_ICD_FILENAMES: "/nonexistent.json" });
    expect(problem).toMatch(/^QsaeError: webgpu: WebGPU is here, but finds no adapter: install a driver/);
    expect(fallback).toMatch(/^wasm: .*\(auto: webgpu: WebGPU is here, but finds no adapter/);
  });
});

/** Registers a backend with tfjs as the real packages do; what computes is tfjs's own in JavaScript. */
const standIn = (name: string, onGpu: boolean): string => `
  const tf = { registry: globalThis._tfGlobals.get("kernelRegistry"), engine: globalThis._tfengine };
  for (const [key, config] of [...tf.registry]) {
    if (!key.startsWith("cpu_")) continue;
    tf.registry.set(key.replace("cpu_", "tensorflow_"), { ...config, backendName: "tensorflow" });
  }
  tf.engine.registerBackend("tensorflow", () => {
    const backend = Object.create(tf.engine.findBackend("cpu"));
    return Object.assign(backend, { isGPUPackage: ${name.endsWith("gpu")}, isUsingGpuDevice: ${onGpu} });
  }, 3);`;

describe("with a package that works", () => {
  const GPU = "@tensorflow/tfjs-node-gpu";
  const CPU = "@tensorflow/tfjs-node";

  it("composes the SAE ops of it", async () => {
    await folder.install(CPU, standIn(CPU, false));
    const computed = await folder.run(
      `const { ops, description, close } = await core.openBackend("tensorflow");
       const x = ops.tensor([1, 2, 3, 4], [2, 2]);
       const latents = ops.encodeTopK(x, ops.tensor([1, 0, 2, 0, 1, 0], [2, 3]), ops.zeros([3]), 2);
       const decoded = ops.decodeSparse(latents, ops.tensor([1, 0, 0, 1, 1, 1], [3, 2]));
       const values = [latents.values, latents.indices, decoded].map(async (a) => [...(await ops.read(a)).data]);
       console.log(JSON.stringify([description, ...await Promise.all(values)]));
       await close();`,
    );
    expect(computed).toEqual([
      `TensorFlow's C library through ${CPU}, on the CPU; SAE ops composed, with dense latents`,
      [2, 2, 4, 6], // of the scores [1, 2, 2] and [3, 4, 6]
      [1, 2, 1, 2],
      [2, 4, 6, 10],
    ]);
  });

  it("opens cuda on a GPU only", async () => {
    await folder.install(GPU, standIn(GPU, true));
    expect(await opening(["cuda"])).toEqual([
      `cuda: TensorFlow's C library through ${GPU}, on a GPU; SAE ops composed, with dense latents`,
    ]);
    await folder.install(GPU, standIn(GPU, false));
    expect(await opening(["cuda"])).toEqual([
      expect.stringMatching(/^QsaeError: cuda: @tensorflow\/tfjs-node-gpu is installed, but TensorFlow finds no GPU/),
    ]);
  });

  it("says that a process has one of the two", async () => {
    await folder.install(GPU, standIn(GPU, true));
    await folder.install(CPU, standIn(CPU, false));
    expect((await opening(["cuda", "tensorflow"]))[1]).toBe(
      `QsaeError: tensorflow: TensorFlow is in this process already, from ${GPU}; one process has one of the two`,
    );
  });
});
