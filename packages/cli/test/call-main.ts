import { vi } from "vitest";
import { main } from "../src/main.ts";
import type { Outcome } from "./run-cli.ts";

/** The command line in this process: as `runCli`, without the second that a process takes to load everything. */
export async function callMain(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => Boolean((stdout += String(text)))),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => Boolean((stderr += String(text)))),
  ];
  // What the machine that runs the tests likes for colours and width must not matter.
  for (const [name, value] of Object.entries({ NO_COLOR: "", FORCE_COLOR: "", COLUMNS: "", QSAE_DEBUG: "", ...env })) {
    vi.stubEnv(name, value);
  }
  try {
    const code = await main(args);
    return { code, stdout, stderr };
  } finally {
    vi.unstubAllEnvs();
    for (const spy of spies) spy.mockRestore();
  }
}
