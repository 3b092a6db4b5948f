/** What is quantized, how, and on which data. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FormatError, UsageError, unknownName } from "@qsae/runtime";
import { frontierMethods, type FrontierMethod } from "./row.ts";

export interface FrontierOptions {
  readonly sae: string;
  readonly train: string;
  readonly heldout: string;
  readonly bits: readonly number[];
  readonly methods: readonly FrontierMethod[];
  /** Training steps of `tune` and `two-phase`. */
  readonly steps: number;
  readonly seed: number;
  readonly rotate: boolean;
  readonly json: boolean;
  /** Adds the rows to results.json and writes docs/frontier.md and its curve from all of them. */
  readonly table: boolean;
}

const folder = process.env["QSAE_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const inGpt = (name: string): string => join(folder, "gpt", name);

/** @throws UsageError naming what is wrong and what is allowed; FormatError for files that are not there */
export function readOptions(): FrontierOptions {
  const values = parsed();
  const bits = values.bits.split(",").map(Number);
  for (const b of bits) {
    if (b !== 1.58 && !(Number.isInteger(b) && b >= 1 && b <= 8)) {
      throw new UsageError(`--bits ${values.bits}: ${b} is not a width; allowed: 1, 1.58 and 2 .. 8`);
    }
  }
  const methods = values.method.split(",").map((name) => {
    const method = frontierMethods.find((known) => known === name);
    if (!method) throw unknownName("method", name, frontierMethods);
    return method;
  });
  return {
    ...{ sae: found(values.sae), train: found(values.train), heldout: found(values.heldout) },
    ...{ bits, methods, rotate: values.rotate, json: values.json, table: values.table },
    steps: positive("steps", values.steps),
    seed: Number(values.seed),
  };
}

function parsed() {
  try {
    return parseArgs({
      options: {
        sae: { type: "string", default: inGpt("sae_gpt_d2048_k32") },
        train: { type: "string", default: inGpt("gpt_train100k.f16.safetensors") },
        heldout: { type: "string", default: inGpt("gpt_heldout20k.f16.safetensors") },
        bits: { type: "string", default: "1,1.58,2,3,4" },
        method: { type: "string", default: frontierMethods.join(",") },
        steps: { type: "string", default: "1100" },
        seed: { type: "string", default: "0" },
        rotate: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        table: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** pnpm and the runner change folders; INIT_CWD is where the command was typed. */
function found(path: string): string {
  const absolute = resolve(process.env["INIT_CWD"] ?? process.cwd(), path);
  if (!existsSync(absolute)) throw new FormatError(absolute, "no such file or folder");
  return absolute;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${name} ${text}: give a positive whole number`);
  return value;
}
