/** PyTorch trains the same recipe, in a process of its own on the same rows. */
import { spawn } from "node:child_process";
import { open, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Backend, DataSource } from "@qsae/core";
import type { Cell, StoredCell } from "./cell.ts";
import { trainingOf, variantOf } from "./cell-key.ts";
import type { Sources } from "./data.ts";
import { firstSteps, ourFirstLosses } from "./first-losses.ts";
import { progressLines, say } from "./progress.ts";
import { recipeOf } from "./recipe.ts";

export interface TorchContext {
  readonly key: string;
  readonly backend: Backend;
  readonly sources: Sources;
  readonly signal: AbortSignal;
  readonly label: string;
}

const INSTALL = "install it: apt-get install python3-torch libopenblas0-pthread";
/** The first losses agree to this; later ones drift apart by rounding. */
const LOSS_TOLERANCE = 1e-4;

/** What the script says, one of them a line. */
type Answer =
  | { readonly kind: "opened"; readonly torch: string; readonly openblas: boolean }
  | { readonly kind: "first losses"; readonly losses: readonly number[] }
  | { readonly kind: "step"; readonly step: number; readonly loss: number; readonly dead: number }
  | { readonly kind: "trained"; readonly seconds: number; readonly dead: number }
  | { readonly kind: "heldout"; readonly fvu: number; readonly l0: number; readonly dead: number };

/** @throws if python3 with torch and OpenBLAS is missing, or the first losses of both sides differ */
export async function measureTorch(
  cell: Cell,
  { key, backend, sources, signal, label }: TorchContext,
): Promise<StoredCell> {
  const variant = variantOf(cell);
  const training = trainingOf(cell);
  const recipe = recipeOf(variant, training);
  const first = await firstSteps(variant, training, sources.train);
  const ours = await ourFirstLosses(backend, variant, sources.train, first);
  const folder = await mkdtemp(join(tmpdir(), "qsae-torch-topk-"));
  try {
    for (const name of ["x", "wDec", "bDec"] as const)
      await writeFile(join(folder, `${name}.f32`), bytesOf(first[name]));
    await writeFile(join(folder, "first.json"), JSON.stringify(recipeOf(variant, first.training)));
    await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
    await writeRows(join(folder, "train.f32"), sources.train);
    await writeRows(join(folder, "heldout.f32"), sources.heldout);

    const onStep = progressLines(label);
    const said: { [K in Answer["kind"]]?: Extract<Answer, { kind: K }> } = {};
    let difference = Infinity;
    for await (const answer of answers(folder, signal)) {
      if (answer.kind === "step") onStep({ ...answer, totalSteps: recipe.steps });
      else Object.assign(said, { [answer.kind]: answer });
      // Without it Debian's torch falls back to the reference BLAS, 60 times slower.
      if (answer.kind === "opened" && !answer.openblas) throw new Error(`PyTorch runs without OpenBLAS; ${INSTALL}`);
      if (answer.kind === "first losses") {
        difference = requireEqualLosses(ours, answer.losses);
        say(`${label}  first ${ours.length} losses from equal weights agree within ${difference.toExponential(1)}`);
      }
    }
    const { opened, trained, heldout } = said;
    if (!opened || !trained || !heldout) throw new Error(`PyTorch ended early; ${INSTALL}`);
    return {
      key,
      variant: cell.variant,
      config: variant.config,
      training,
      made_with: `PyTorch ${opened.torch}`,
      measured: {
        fvu: heldout.fvu,
        l0: heldout.l0,
        dead_in_training: trained.dead,
        dead_heldout: heldout.dead,
        bits_per_weight: 32,
        code_bits_per_weight: 32,
        steps: recipe.steps,
        seconds: trained.seconds,
        first_losses_difference: difference,
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* answers(folder: string, signal: AbortSignal): AsyncGenerator<Answer> {
  signal.throwIfAborted();
  const script = fileURLToPath(new URL("./torch_topk.py", import.meta.url));
  // Some machines force an OpenBLAS kernel that slows it: PyTorch gets the one it would choose by itself.
  const { OPENBLAS_CORETYPE: _core, OPENBLAS_L2_SIZE: _l2, ...env } = process.env;
  const child = spawn("/usr/bin/python3", [script, folder], { stdio: ["ignore", "pipe", "inherit"], env });
  const kill = (): void => void child.kill();
  signal.addEventListener("abort", kill);
  const exited = new Promise<void>((resolve, reject) => {
    child.once("error", (error) => reject(new Error(`${error.message}; ${INSTALL}`)));
    child.once("exit", () => resolve());
  });
  exited.catch(() => undefined); // awaited below
  try {
    for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Answer;
    await exited;
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
  }
}

function requireEqualLosses(ours: readonly number[], theirs: readonly number[]): number {
  const differences = ours.map((loss, i) => Math.abs(loss - (theirs[i] ?? NaN)) / loss);
  if (!differences.every((difference) => difference <= LOSS_TOLERANCE)) {
    throw new Error(
      `the first losses from equal weights differ: ours ${ours.join(", ")}; PyTorch's ${theirs.join(", ")}`,
    );
  }
  return Math.max(...differences);
}

const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** All rows as raw float32, in file order. */
async function writeRows(path: string, source: DataSource): Promise<void> {
  const file = await open(path, "w");
  try {
    for await (const { x, n } of source.batches({ batchSize: 8192 }))
      await file.write(bytesOf(x.subarray(0, n * source.dIn)));
  } finally {
    await file.close();
  }
}
