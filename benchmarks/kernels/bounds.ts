/**
 * What this machine can do at most through WebAssembly, on all threads at once: multiply-adds of registers alone, integer
 * products of registers alone, and memory streamed through. Kernels are shown as a share of these.
 */
import { Worker } from "node:worker_threads";
import asc from "assemblyscript/asc";

export interface Bounds {
  /** float32 multiplications and additions per second, in Gflop/s. */
  readonly gflops: number;
  /** Reading two streams and writing a third, all beyond the caches: bytes moved, in GB/s. */
  readonly gbytes: number;
}

const CHAINS = 12;
const STREAM_BYTES = 96 << 20;

const chains = (line: (i: number) => string): string => Array.from({ length: CHAINS }, (_, i) => line(i)).join("");

const source = `
export function multiplyAdds(rounds: usize, out: usize): void {
  const a = v128.load(out), b = v128.load(out, 16);
  ${chains((i) => `let c${i} = v128.load(out, ${32 + 16 * i});`)}
  for (let r: usize = 0; r < rounds; r++) {${chains((i) => `c${i} = MADD(a, b, c${i});`)}}
  ${chains((i) => `v128.store(out, c${i}, ${32 + 16 * i});`)}
}
export function stream(a: usize, b: usize, c: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 64) {
    v128.store(c + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
    v128.store(c + i, f32x4.add(v128.load(a + i, 16), v128.load(b + i, 16)), 16);
    v128.store(c + i, f32x4.add(v128.load(a + i, 32), v128.load(b + i, 32)), 32);
    v128.store(c + i, f32x4.add(v128.load(a + i, 48), v128.load(b + i, 48)), 48);
  }
}
function MADD(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}`;

const worker = `
const { parentPort, workerData } = require("node:worker_threads");
const memory = new WebAssembly.Memory({ initial: ${Math.ceil((3 * STREAM_BYTES) / 65536) + 1} });
const { multiplyAdds, stream } = new WebAssembly.Instance(new WebAssembly.Module(workerData), { env: { memory } }).exports;
const best = (work, run) => {
  let rate = 0;
  for (let i = 0; i < 12; i++) {
    const started = performance.now();
    run();
    rate = Math.max(rate, work / (performance.now() - started) / 1e6);
  }
  return rate;
};
const rounds = 400000;
parentPort.on("message", () => {
  for (let i = 0; i < 40; i++) multiplyAdds(20000, 64); // until it is compiled well
  const gflops = best(rounds * ${CHAINS} * 8, () => multiplyAdds(rounds, 64));
  const gbytes = best(3 * ${STREAM_BYTES}, () => stream(1024, 1024 + ${STREAM_BYTES}, 1024 + 2 * ${STREAM_BYTES}, ${STREAM_BYTES}));
  parentPort.postMessage({ gflops, gbytes });
});`;

/** Measures on `threads` threads at once; each thread's best, summed. */
export async function measureBounds(build: "simd" | "relaxed", threads: number): Promise<Bounds> {
  const wasm = await compile(build);
  const workers = Array.from(
    { length: threads },
    () => new Worker(worker, { eval: true, workerData: wasm, execArgv: [] }),
  );
  const rates = await Promise.all(
    workers.map(
      (thread) =>
        new Promise<Bounds>((resolve, reject) => {
          thread.once("message", resolve);
          thread.once("error", reject);
          thread.postMessage("start");
        }),
    ),
  );
  await Promise.all(workers.map((thread) => thread.terminate()));
  const total = (of: keyof Bounds): number => rates.reduce((sum, rate) => sum + rate[of], 0);
  return { gflops: total("gflops"), gbytes: total("gbytes") };
}

async function compile(build: "simd" | "relaxed"): Promise<Uint8Array> {
  const messages: string[] = [];
  let wasm: Uint8Array | undefined;
  const { error } = await asc.main(
    [
      ...["bounds.ts", "--runtime", "stub", "--noAssert", "-O3", "--importMemory", "--noExportMemory"],
      ...[
        "--enable",
        build === "relaxed" ? "simd,relaxed-simd" : "simd",
        "--disableWarning",
        "112",
        "--outFile",
        "bounds.wasm",
      ],
    ],
    {
      readFile: (name: string) => (name === "bounds.ts" ? source : null),
      writeFile: (_name: string, contents: string | Uint8Array) => void (wasm = contents as Uint8Array),
      listFiles: () => [],
      stderr: { write: (chunk: string | Uint8Array) => void messages.push(String(chunk)) },
      stdout: { write: () => undefined },
    },
  );
  if (error || !wasm) throw new Error(`the bounds do not compile:\n${messages.join("")}`, { cause: error });
  return wasm;
}
