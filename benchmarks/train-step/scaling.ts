/** How time and memory grow: each shape in a process of its own, so that peaks are its own. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { gaussianProblem, withProblemFiles, type Shape } from "./problem.ts";
import { openTorchPeer } from "./torch-peer.ts";

interface Alone {
  readonly ms: number;
  readonly peakBytes: number;
}

const STEPS = 5;

function oursAlone({ batch, dIn, dSae, k }: Shape, threads: number): Alone {
  const script = fileURLToPath(new URL("./alone.ts", import.meta.url));
  const args = [
    "--import",
    "tsx",
    "--conditions=@qsae/source",
    script,
    ...[batch, dIn, dSae, k, threads, STEPS].map(String),
  ];
  const lines = execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(lines.trim().split("\n").at(-1)) as Alone;
}

async function torchPeakBytes(shape: Shape, threads: number): Promise<number> {
  const problem = gaussianProblem(shape);
  return withProblemFiles(problem, async (folder) => {
    const peer = await openTorchPeer(folder, problem, "embedding_bag", threads);
    for (let i = 0; i < STEPS; i++) await peer.step();
    const bytes = await peer.peakBytes();
    await peer.close();
    return bytes;
  });
}

/** Prints time and peak memory over four batch sizes and four widths, and the largest shape. */
export async function printScaling(threads: number): Promise<void> {
  const base: Shape = { batch: 2048, dIn: 512, dSae: 8192, k: 32 };
  const row = (shape: Shape, { ms, peakBytes }: Alone): void =>
    console.log(
      `B ${String(shape.batch).padStart(5)}  F ${String(shape.dSae).padStart(6)}  ${ms.toFixed(0).padStart(6)} ms  ` +
        `${((ms * 1e6) / (shape.batch * shape.dSae)).toFixed(2).padStart(6)} ns per token and latent  ${(peakBytes / 2 ** 20).toFixed(0).padStart(6)} MiB`,
    );
  for (const batch of [512, 1024, 2048, 4096]) row({ ...base, batch }, oursAlone({ ...base, batch }, threads));
  for (const dSae of [4096, 8192, 16384, 32768]) row({ ...base, dSae }, oursAlone({ ...base, dSae }, threads));
  const largest = { ...base, batch: 4096, dSae: 32768 };
  row(largest, oursAlone(largest, threads));
  console.log(
    `PyTorch (embedding_bag) at B 2048, F 8192: ${((await torchPeakBytes(base, threads)) / 2 ** 20).toFixed(0)} MiB`,
  );
}
