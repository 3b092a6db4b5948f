/** `qsae inspect`: says what a path is. */
import { extname } from "node:path";
import { FormatError } from "@qsae/runtime";
import { kindOfPath } from "../files/kind-of-path.ts";
import { inspectActivations } from "../inspection/inspect-activations.ts";
import { inspectCheckpoint, inspectSaeLens } from "../inspection/inspect-checkpoint.ts";
import { inspectModel } from "../inspection/inspect-model.ts";
import { inspectReference } from "../inspection/inspect-reference.ts";
import { inspectPacked } from "../inspection/inspect-packed.ts";
import { inspectRun } from "../inspection/inspect-run.ts";
import type { Inspection } from "../inspection/inspection.ts";
import { isTorchFile, parseSaePath } from "../files/sae-path.ts";
import { fileKind, locate } from "../open-sae.ts";
import { runFiles } from "../runs/run-files.ts";
import { renderTable } from "../terminal/table.ts";
import { openTerminal, type CommonFlags } from "../terminal/terminal.ts";

const EXPECTED =
  "a packed SAE, a checkpoint, a run or SAELens folder, a .pth file of the Python reference, " +
  "activations (.safetensors, .npy), or a model (.onnx)";

export async function inspect(path: string, flags: CommonFlags): Promise<void> {
  const terminal = openTerminal(flags);
  const { json, headline, facts, tables } = await inspection(path);
  const labelWidth = Math.max(0, ...facts.map(([label]) => label.length));
  terminal.print(
    [
      terminal.colors.bold(headline),
      ...facts.map(([label, value]) => `  ${label.padEnd(labelWidth)}  ${value}`),
      ...tables.map((table) => renderTable(table, { width: terminal.columns, colors: terminal.colors })),
    ].join("\n"),
  );
  terminal.result(json);
}

async function inspection(given: string): Promise<Inspection> {
  const { path, options } = parseSaePath(given);
  switch (await kindOfPath(path)) {
    case undefined:
      throw new FormatError(path, `no such file or folder; expected ${EXPECTED}`);
    case "folder":
      return inspectFolder(path);
    case "file":
      return isTorchFile(path) ? inspectReference(path, options) : inspectFile(path);
  }
}

async function inspectFolder(path: string): Promise<Inspection> {
  const { checkpoint, packed } = runFiles(path);
  for (const file of [checkpoint, packed]) if ((await kindOfPath(file)) === "file") return inspectRun(path);
  const { file } = await locate(path);
  return inspectSaeLens(file);
}

async function inspectFile(path: string): Promise<Inspection> {
  switch (extname(path).toLowerCase()) {
    case ".onnx":
      return inspectModel(path);
    case ".npy":
      return inspectActivations(path);
    case ".safetensors": {
      const inspectAs = {
        packed: inspectPacked,
        checkpoint: inspectCheckpoint,
        saelens: inspectSaeLens,
        other: inspectActivations,
      };
      return inspectAs[(await fileKind(path)) ?? "other"](path);
    }
    default:
      throw new FormatError(path, `unknown kind of file; expected ${EXPECTED}`);
  }
}
