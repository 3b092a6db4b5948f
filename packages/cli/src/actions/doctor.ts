/**
 * `qsae doctor`: opens every backend. Each is reported before the next is tried: where a driver takes the process with it, the
 * first that is missing is the one.
 */
import { availableParallelism, freemem, totalmem } from "node:os";
import { backendNames, openBackend, type BackendName } from "@qsae/core";
import { bytes, count } from "../terminal/format.ts";
import { openTerminal, type CommonFlags } from "../terminal/terminal.ts";

interface Examined {
  readonly name: BackendName;
  readonly opens: boolean;
  /** The backend that `auto` picked. */
  readonly picks?: BackendName;
  /** What runs where. */
  readonly description?: string;
  /** Why it does not open, and what to install. */
  readonly problem?: string;
}

export async function doctor(flags: CommonFlags): Promise<void> {
  const terminal = openTerminal(flags);
  const { version, platform, arch } = process;
  const [cores, memory, free] = [availableParallelism(), totalmem(), freemem()];
  terminal.print(
    `Node ${version.slice(1)} on ${platform} ${arch}, ${count(cores)} cores, ${bytes(memory)} of memory (${bytes(free)} free)`,
  );
  const backends: Examined[] = [];
  const { green, red, bold } = terminal.colors;
  const width = Math.max(...backendNames.map((name) => name.length));
  for (const name of [...backendNames.filter((other) => other !== "auto"), "auto"] as const) {
    const examined = await examine(name);
    backends.push(examined);
    const { opens, picks, description, problem } = examined;
    const outcome = picks ?? (opens ? "opens" : "no");
    terminal.print(
      `${bold(name.padEnd(width))}  ${(opens ? green : red)(outcome.padEnd(width))}  ${description ?? problem}`,
    );
  }
  terminal.result({
    node: version.slice(1),
    platform,
    arch,
    cores,
    memory_bytes: memory,
    free_memory_bytes: free,
    backends,
  });
}

async function examine(name: BackendName): Promise<Examined> {
  try {
    const backend = await openBackend(name);
    await backend.close();
    const { description } = backend;
    return { name, opens: true, ...(name === "auto" ? { picks: backend.name } : {}), description };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { name, opens: false, problem: message.replace(new RegExp(`^${name}: `), "") };
  }
}
