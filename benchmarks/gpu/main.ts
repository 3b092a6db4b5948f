/**
 * `pnpm bench gpu [--json] [--rounds 20] [--shapes 4096x512x32768x32,...] [--python python3] [--device cuda] [--tiny]`: tokens
 * per second of the training step of a float TopK SAE on the backend `webgpu`, and with `--python` of PyTorch on the same GPU.
 * The first steps of everybody must have the losses of `wasm` before anything is timed. Contestants run one after the other:
 * the largest shapes leave no room for two.
 */
import { gaussianProblem, withProblemFiles, type Problem } from "../train-step/problem.ts";
import { ourContestants, torchContestants, type Contestant } from "./contestants.ts";
import { CHECKED_STEPS, firstLosses } from "./first-losses.ts";
import { parseOptions } from "./options.ts";

const { json, rounds, shapes, python, device } = parseOptions(process.argv.slice(2));
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Steps after the checked ones that are not timed: clocks and caches settle. */
const WARM_UP_STEPS = 3;

interface Sizes {
  readonly batch: number;
  readonly d_in: number;
  readonly d_sae: number;
  readonly k: number;
}

const sizes = ({ batch, dIn: d_in, dSae: d_sae, k }: Problem): Sizes => ({ batch, d_in, d_sae, k });

interface Row extends Sizes {
  readonly contestant: string;
  readonly description: string;
  /** Median. */
  readonly ms: number;
  readonly tokens_per_second: number;
}

/** @param known losses of the first steps; what lacks, the first contestant adds */
async function measure(
  { name, tolerance, open }: Contestant,
  problem: Problem,
  folder: string,
  known: number[],
): Promise<Row> {
  const runner = await open(problem, folder);
  try {
    for (let step = 0; step < CHECKED_STEPS; step++) {
      const { loss } = await runner.step();
      const expected = (known[step] ??= loss);
      if (!(Math.abs(loss - expected) <= tolerance * expected)) {
        throw new Error(`${name}: the loss of step ${step + 1} is ${loss}; expected ${expected}`);
      }
    }
    for (let step = 0; step < WARM_UP_STEPS; step++) await runner.step();
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push((await runner.step()).ms);
    const ms = times.sort((a, b) => a - b)[rounds >> 1]!;
    const { description } = runner;
    return { ...sizes(problem), contestant: name, description, ms, tokens_per_second: (1000 * problem.batch) / ms };
  } finally {
    await runner.close();
  }
}

function lineOf({ contestant, ms, tokens_per_second, description }: Row): string {
  const rate = Math.round(tokens_per_second).toLocaleString("en-US");
  return `  ${contestant.padEnd(26)} ${ms.toFixed(2).padStart(9)} ms  ${rate.padStart(12)} tokens/s  ${description}`;
}

const contestants = [...ourContestants, ...(python === undefined ? [] : torchContestants(python, device))];
const rows: Row[] = [];
/** A contestant that cannot, or computes something else, does not end the others' measurement. */
const failed: (Sizes & { readonly contestant: string; readonly problem: string })[] = [];
for (const shape of shapes) {
  const problem = gaussianProblem(shape);
  await withProblemFiles(problem, async (folder) => {
    const known = [...(await firstLosses(problem))];
    const losses = known.map((loss) => loss.toPrecision(6)).join(", ");
    say(`B ${shape.batch}, D ${shape.dIn}, F ${shape.dSae}, k ${shape.k}: first losses on wasm ${losses}`);
    for (const contestant of contestants) {
      try {
        const row = await measure(contestant, problem, folder, known);
        rows.push(row);
        say(lineOf(row));
      } catch (error) {
        failed.push({ ...sizes(problem), contestant: contestant.name, problem: (error as Error).message });
        say(`  ${contestant.name.padEnd(26)} failed: ${(error as Error).message}`);
      }
    }
  });
}
if (json) console.log(JSON.stringify({ rows, failed, node: process.version, rounds }));
process.exit(failed.length === 0 ? 0 : 1);
