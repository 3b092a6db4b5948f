/**
 * How wide the integer codes of coarse scoring are on this machine: bytes where it multiplies four of them per lane in one
 * instruction (AVX-VNNI, SDOT: twice the products of words), else words, which are more precise and as fast.
 */
import type { Engine } from "../engine.ts";
import { DOT_ROWS, TILE_COLUMNS } from "./register-tile.ts";
import { withScratch } from "./scratch.ts";

export type CodeWidth = 1 | 2;

/** Panels of 512 codes in bytes, 256 in words: they stay in L1. */
const GROUPS = 128;
/** Register tiles per measurement: about 50 us. */
const REPEATS = 400;
/** Rounds: WebAssembly is compiled well only after it has run for a while. */
const ROUNDS = 24;
/** Words need a third of the candidates; bytes must be faster by more than that is worth. */
const WORTH = 1.25;

const known = new WeakMap<Engine, CodeWidth>();

/** Measured once per engine, in a few milliseconds. */
export function codeWidth(engine: Engine): CodeWidth {
  let width = known.get(engine);
  if (width === undefined) known.set(engine, (width = engine.build === "relaxed" ? measure(engine) : 2));
  return width;
}

function measure(engine: Engine): CodeWidth {
  const a = 4 * GROUPS * DOT_ROWS;
  const b = 4 * GROUPS * TILE_COLUMNS;
  const c = 4 * DOT_ROWS * TILE_COLUMNS;
  return withScratch(engine, (scratch) => {
    const block = scratch.bytes(a + b + c + 32);
    engine.u8(block, a + b + c + 32).fill(1);
    const best = { 1: Infinity, 2: Infinity };
    for (let round = 0; round < ROUNDS; round++) {
      for (const width of [1, 2] as const) {
        const started = performance.now();
        engine.runAlone("probeDots", width, GROUPS, block, block + a, block + a + b, block + a + b + c, REPEATS);
        best[width] = Math.min(best[width], performance.now() - started);
      }
    }
    // The same time for both: a byte tile holds twice as many products.
    return 2 * best[2] > WORTH * best[1] ? 1 : 2;
  });
}
