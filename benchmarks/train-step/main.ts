/**
 * `pnpm bench train-step [--json] [--rounds 7] [--threads 2] [--data gaussian,real]`: the training step of a float TopK SAE
 * against PyTorch (Debian's python3-torch), in one run, interleaved. Losses of the first steps must agree first.
 * `--scaling` prints instead how time and peak memory grow with the batch and the width.
 */
import { parseArgs } from "node:util";
import { openBackend, type Backend, type EncodeMode } from "@qsae/core";
import { gaussianProblem, withProblemFiles, type Problem } from "./problem.ts";
import { ourStepper } from "./ours.ts";
import { realProblem } from "./real-problem.ts";
import { interleavedMedians, type Contestant } from "./rounds.ts";
import { printScaling } from "./scaling.ts";
import { openTorchPeer, type Decode } from "./torch-peer.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "2" },
    data: { type: "string", default: "gaussian,real" },
    scaling: { type: "boolean", default: false },
  },
});
const [rounds, threads] = [Number(options.rounds), Number(options.threads)];
const say = (text: string): void => void process.stderr.write(`${text}\n`);

const MODES: readonly EncodeMode[] = ["exact", "auto", "certified", "fast"];
const DECODES: readonly Decode[] = ["embedding_bag", "dense"];
/** Losses of the first steps agree to this; later ones drift apart by rounding. */
const LOSS_TOLERANCE = 1e-4;
const CHECKED_STEPS = 2;

interface Row {
  readonly data: string;
  readonly mode: EncodeMode;
  readonly ms: number;
  readonly ratio_embedding_bag: number;
  readonly ratio_dense: number;
  /** Latents scored in float32 per token, over k; where int8 scores came first. */
  readonly candidates_per_k?: number;
  /** Share of the true top k that was found; 1 but for `fast`. */
  readonly recall: number;
}

async function compare(problem: Problem): Promise<Row[]> {
  return withProblemFiles(problem, async (folder) => {
    const peers = await Promise.all(
      DECODES.map(async (decode) => [decode, await openTorchPeer(folder, problem, decode, threads)] as const),
    );
    const backends = await Promise.all(
      MODES.map(async (mode) => [mode, await openBackend("wasm", { threads, encode: mode })] as const),
    );
    const steppers = backends.map(([mode, { ops }]) => [mode, ourStepper(ops, problem)] as const);
    try {
      for (let step = 1; step <= CHECKED_STEPS; step++) {
        const losses = new Map<string, number>();
        for (const [decode, peer] of peers) losses.set(`torch ${decode}`, (await peer.step()).loss);
        for (const [mode, stepper] of steppers) losses.set(mode, await stepper.step());
        requireEqualLosses(problem.name, step, losses);
      }
      const contestants: Contestant[] = [
        ...peers.map(([decode, peer]) => ({ name: decode, run: async () => (await peer.step()).ms })),
        ...steppers.map(([mode, stepper]) => ({ name: mode, run: () => timed(() => stepper.step()) })),
      ];
      const medians = await interleavedMedians(contestants, rounds);
      const torchPeak = Math.max(...(await Promise.all(peers.map(([, peer]) => peer.peakBytes()))));
      say(
        `${problem.name}: PyTorch ${peers[0]![1].version} embedding_bag ${ms(medians, "embedding_bag")}, dense ${ms(medians, "dense")}; peak ${(torchPeak / 2 ** 20).toFixed(0)} MiB`,
      );
      const recalls = await recallByMode(problem, new Map(backends));
      return MODES.map((mode, i) => {
        const report = backends[i]![1].lastEncode();
        const row: Row = {
          data: problem.name,
          mode,
          ms: medians.get(mode)!,
          ratio_embedding_bag: medians.get("embedding_bag")! / medians.get(mode)!,
          ratio_dense: medians.get("dense")! / medians.get(mode)!,
          ...(report?.candidatesPerK === undefined ? {} : { candidates_per_k: report.candidatesPerK }),
          recall: recalls.get(mode)!,
        };
        const ran = report === undefined || report.mode === mode ? "" : ` (${report.mode})`;
        const candidates =
          row.candidates_per_k === undefined ? "" : `  ${row.candidates_per_k.toFixed(1)} k candidates`;
        say(
          `  ${(mode + ran).padEnd(18)} ${ms(medians, mode)}  ${row.ratio_embedding_bag.toFixed(2)}x embedding_bag  ` +
            `${row.ratio_dense.toFixed(2)}x dense${candidates}  recall ${row.recall.toFixed(5)}`,
        );
        return row;
      });
    } finally {
      for (const [, stepper] of steppers) stepper.dispose();
      await Promise.all([...peers.map(([, peer]) => peer.close()), ...backends.map(([, backend]) => backend.close())]);
    }
  });
}

/** What share of the exact top k each mode finds on the problem's own weights. */
async function recallByMode(
  { x, wEnc, bEnc, bDec, batch, dIn, dSae, k }: Problem,
  backends: ReadonlyMap<EncodeMode, Backend>,
): Promise<Map<EncodeMode, number>> {
  const indices = new Map<EncodeMode, ArrayLike<number>>();
  for (const [mode, { ops }] of backends) {
    const latents = ops.tidy(() =>
      ops.encodeTopK(
        ops.tensor(x, [batch, dIn]),
        ops.tensor(wEnc, [dIn, dSae]),
        ops.tensor(bEnc, [dSae]),
        k,
        ops.tensor(bDec, [dIn]),
      ),
    );
    indices.set(mode, (await ops.read(latents.indices)).data);
    ops.dispose([latents.values, latents.indices]);
  }
  const key = (entries: ArrayLike<number>): Set<number> =>
    new Set(Array.from(entries, (latent, i) => Math.floor(i / k) * dSae + latent));
  const exact = key(indices.get("exact")!);
  return new Map(
    [...indices].map(([mode, entries]) => [mode, [...key(entries)].filter((e) => exact.has(e)).length / exact.size]),
  );
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const ms = (medians: ReadonlyMap<string, number>, name: string): string => `${medians.get(name)!.toFixed(1)} ms`;

function requireEqualLosses(data: string, step: number, losses: ReadonlyMap<string, number>): void {
  const all = [...losses.values()];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  if (!(high - low <= LOSS_TOLERANCE * high)) {
    throw new Error(`${data}: losses of step ${step} differ: ${JSON.stringify(Object.fromEntries(losses))}`);
  }
  say(`${data}: losses of step ${step} agree: ${low.toPrecision(7)} .. ${high.toPrecision(7)}`);
}

if (options.scaling) {
  await printScaling(threads);
  process.exit(0);
}
const wanted = options.data.split(",");
const rows: Row[] = [];
if (wanted.includes("gaussian"))
  rows.push(...(await compare(gaussianProblem({ batch: 2048, dIn: 512, dSae: 8192, k: 32 }))));
if (wanted.includes("real")) {
  const backend = await openBackend("wasm", { threads });
  say("real: training 500 steps for weights");
  const problem = await realProblem(backend, 2048, 8192);
  await backend.close();
  rows.push(...(await compare(problem)));
}
if (options.json) console.log(JSON.stringify({ rows, node: process.version, threads }));
process.exit(0);
