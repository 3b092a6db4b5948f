import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { temporaryFolder } from "./temporary-folder.ts";
import { fileCheckpointStore } from "../src/checkpoints/file-checkpoint-store.ts";

const KILLS = 10;

it("a run killed at any moment leaves a whole checkpoint, and goes on from it", { timeout: 60_000 }, async () => {
  const folder = join(await temporaryFolder(), "run");
  const script = fileURLToPath(new URL("./save-checkpoints.ts", import.meta.url));
  let lastStep = 0;
  let interruptedSaves = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, ["--conditions=@qsae/source", "--import", "tsx", script, folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    // A save takes some milliseconds: spread the kills over all its phases.
    await new Promise((resolve) => setTimeout(resolve, 1 + 3 * kill));
    child.kill("SIGKILL");
    await once(child, "exit");

    const checkpoint = await fileCheckpointStore(folder).load();
    expect(checkpoint).toBeDefined();
    const { step, sae, state } = checkpoint!;
    expect(step).toBeGreaterThanOrEqual(lastStep);
    lastStep = step;
    for (const { data } of [sae.tensors["W_enc"]!, state["m/W_enc"]!]) {
      expect(data.every((value) => value === step)).toBe(true);
    }
    interruptedSaves = (await readdir(folder)).filter((name) => name.endsWith(".tmp")).length;
  }
  // Unless some kills fell into a save, nothing was tested.
  expect(interruptedSaves).toBeGreaterThan(0);
});
