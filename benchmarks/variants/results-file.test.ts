import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { storedCell } from "./stored-cell.fixture.ts";
import { readResults, removeResults, writeResult } from "./results-file.ts";

describe("the file of results", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "qsae-results-"));
    path = join(folder, "results.json");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is empty where there is none, and gives back what was added", async () => {
    expect(await readResults(path)).toEqual(new Map());
    await writeResult(path, "b/0", storedCell({ fvu: 0.25 }));
    await writeResult(path, "a/0", storedCell({ fvu: 0.5, fvu_by_level: [0.75, 0.5] }));
    expect([...(await readResults(path))]).toEqual([
      ["a/0", storedCell({ fvu: 0.5, fvu_by_level: [0.75, 0.5] })],
      ["b/0", storedCell({ fvu: 0.25 })],
    ]);
  });

  it("replaces a cell that was measured again, and takes cells out", async () => {
    await writeResult(path, "a/0", storedCell({ fvu: 0.5 }, "old"));
    await writeResult(path, "a/0", storedCell({ fvu: 0.25 }, "new"));
    await writeResult(path, "b/0", storedCell());
    expect((await readResults(path)).get("a/0")).toEqual(storedCell({ fvu: 0.25 }, "new"));
    await removeResults(path, ["b/0", "never there"]);
    expect([...(await readResults(path)).keys()]).toEqual(["a/0"]);
  });

  it("is whole after its writer was killed", async () => {
    const script = join(import.meta.dirname, "results-writer.fixture.ts");
    const node = ["--import", "tsx", "--conditions=@qsae/source", script, path];
    const writer = spawn(process.execPath, node, { stdio: ["ignore", "pipe", "inherit"] });
    await once(writer.stdout, "data"); // it is writing, without a pause
    writer.kill("SIGKILL");
    await once(writer, "exit");
    const survived = await readResults(path);
    expect(survived.size).toBeGreaterThan(0);
    for (const cell of survived.values()) expect(cell).toEqual(storedCell());
    await writeResult(path, "next/0", storedCell());
    expect((await readResults(path)).size).toBe(survived.size + 1);
  });

  it("keeps what was there when a write is cut off before its rename", async () => {
    await writeResult(path, "a/0", storedCell());
    const half = (await readFile(path, "utf8")).slice(0, 40);
    await writeFile(join(folder, ".results.json.0123456789ab.tmp"), half);
    expect([...(await readResults(path)).keys()]).toEqual(["a/0"]);
    expect(await readdir(folder)).toContain("results.json");
  });

  it("refuses a file that is something else, naming it and what is wrong", async () => {
    await writeFile(path, '{"format":1,"cells"');
    await expect(readResults(path)).rejects.toThrow(`${path}: not JSON`);
    await writeFile(path, '{"format":2,"cells":{}}');
    await expect(readResults(path)).rejects.toThrow(`${path}: format:`);
    await writeFile(path, JSON.stringify({ format: 1, cells: { "a/0": { ...storedCell(), key: 3 } } }));
    await expect(readResults(path)).rejects.toThrow("cells.a/0.key");
  });
});
