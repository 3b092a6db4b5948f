import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { command } from "./command.ts";

export function doctorCommand(): Command {
  return command({
    name: "doctor",
    summary: "say what this machine has: every backend, whether it opens here, why not, and what to install",
    examples: ["qsae doctor", "qsae doctor --json"],
  }).action(async (flags: CommonFlags) => {
    const { doctor } = await import("../actions/doctor.ts");
    await doctor(flags);
  });
}
