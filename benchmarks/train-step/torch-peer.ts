/** PyTorch in a process of its own, asked for one step at a time so that rounds can be interleaved. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Problem } from "./problem.ts";

export type Decode = "embedding_bag" | "dense";

export interface TorchPeer {
  readonly version: string;
  step(): Promise<{ ms: number; loss: number }>;
  peakBytes(): Promise<number>;
  close(): Promise<void>;
}

const INSTALL = "install it: apt-get install python3-torch libopenblas0-pthread";

/** @throws if python3 with torch (Debian: python3-torch) is missing, with what it printed */
export async function openTorchPeer(
  folder: string,
  problem: Problem,
  decode: Decode,
  threads: number,
): Promise<TorchPeer> {
  const script = fileURLToPath(new URL("./torch_step.py", import.meta.url));
  const { batch, dIn, dSae, k } = problem;
  // Some machines force an OpenBLAS kernel that slows it: PyTorch gets the one it would choose by itself.
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _l2, ...env } = process.env;
  const child = spawn("/usr/bin/python3", [script, folder, decode, ...[batch, dIn, dSae, k, threads].map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
    env,
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const line = await lines.next();
    if (line.done) throw new Error(`PyTorch did not answer; ${INSTALL}`);
    return JSON.parse(line.value) as T;
  };
  const ask = <T>(request: string): Promise<T> => {
    child.stdin.write(`${request}\n`);
    return answer<T>();
  };
  const { torch, openblas } = await answer<{ torch: string; openblas: boolean }>();
  // Without it Debian's torch falls back to the reference BLAS, 60 times slower: no peer at all.
  if (!openblas) throw new Error(`PyTorch runs without OpenBLAS; ${INSTALL}`);
  return {
    version: torch,
    step: () => ask("step"),
    peakBytes: async () => (await ask<{ peakBytes: number }>("memory")).peakBytes,
    close: async () => {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}
