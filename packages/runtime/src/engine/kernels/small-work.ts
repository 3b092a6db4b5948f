/** When a kernel runs on the calling thread alone. The bits are the same; only the time differs. */
import type { Engine } from "../engine.ts";

/** Numbers touched below which waking a thread costs more than it saves: they take some 10 us. */
const SMALL_WORK = 1 << 15;

/** The way to run a kernel bound by memory that touches `numbers` numbers. */
export const runFor = (engine: Engine, numbers: number): Engine["run"] =>
  numbers <= SMALL_WORK ? engine.runAlone : engine.run;
