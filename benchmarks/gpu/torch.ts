/** PyTorch in a process of its own, asked for one step at a time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Problem } from "../train-step/problem.ts";
import type { Runner } from "./contestants.ts";

export type Decode = "dense" | "embedding_bag";
export type Precision = "float32" | "tf32" | "bf16";

export interface TorchOptions {
  readonly python: string;
  readonly device: string;
  readonly problem: Problem;
  /** Where the problem's arrays are. */
  readonly folder: string;
  readonly decode: Decode;
  readonly precision: Precision;
}

/** @throws Error if the interpreter does not start, has no torch, or its torch no such device; what it says is on stderr */
export async function openTorch({ python, device, problem, folder, decode, precision }: TorchOptions): Promise<Runner> {
  const script = fileURLToPath(new URL("./torch_step.py", import.meta.url));
  const { batch, dIn, dSae, k } = problem;
  const args = [script, folder, device, decode, precision, ...[batch, dIn, dSae, k].map(String)];
  const child = spawn(python, args, { stdio: ["pipe", "pipe", "inherit"] });
  const notStarted = new Promise<never>((_, reject) => {
    child.on("error", (error) => reject(new Error(`${python} does not start: ${error.message}`)));
  });
  notStarted.catch(() => undefined); // told to whoever waits for an answer
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const line = await Promise.race([lines.next(), notStarted]);
    if (line.done)
      throw new Error(`${python} did not answer: it needs torch, and a torch that has the device ${device}`);
    return JSON.parse(line.value) as T;
  };
  const { torch, on } = await answer<{ torch: string; on: string }>();
  return {
    description: `PyTorch ${torch} on ${on}`,
    step: () => {
      child.stdin.write("step\n");
      return answer();
    },
    close: async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
