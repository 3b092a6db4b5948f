import { vi } from "vitest";
import { main } from "../src/main.ts";
import type { Outcome } from "./run-cli.ts";

/** The command line in this process: as {@link runCli}, without the second that a process takes to load everything. */
export async function callMain(args: readonly string[]): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((stdout += String(text)))),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((stderr += String(text)))),
  ];
  try {
    const code = await main(args);
    return { code, stdout, stderr };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
