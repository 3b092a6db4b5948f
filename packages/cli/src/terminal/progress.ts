/**
 * Progress with rate and time left: a bar on a terminal, a plain line now and then elsewhere. Always on stderr.
 *
 *     float     ████████░░░░░░░  52 %  41,300 tokens/s  0:17 left  FVU 0.083
 */
import cliProgress from "cli-progress";
import type { Colors } from "./colors.ts";
import { clock, count } from "./format.ts";

export interface ProgressOptions {
  readonly label: string;
  readonly total: number;
  /** Done before it began (a resumed run). Default 0. */
  readonly start?: number;
  /** What is counted. Default `tokens`. */
  readonly unit?: string;
}

export interface Progress {
  /** @param done so far, of `total` @param extra a few words, e.g. the current FVU */
  update(done: number, extra?: string): void;
  /** Ends it; the last state stays on the screen. */
  stop(): void;
}

export interface ProgressSurface {
  readonly stream: NodeJS.WriteStream;
  readonly colors: Colors;
}

/** Between two lines where there is no terminal. */
const LINE_EVERY_MS = 5_000;
const FRAMES_PER_SECOND = 8;
const WIDEST_BAR = 30;
const NARROWEST_BAR = 5;
/** A terminal that does not tell its width has at least this. */
const DEFAULT_COLUMNS = 80;

export function startProgress(options: ProgressOptions, surface: ProgressSurface): Progress {
  return surface.stream.isTTY ? bar(options, surface) : lines(options, surface);
}

interface Measured {
  readonly done: number;
  readonly ratePerSecond: number;
  readonly secondsLeft: number;
  readonly extra: string;
}

function meter({ total, start = 0 }: ProgressOptions): (done: number, extra: string) => Measured {
  const startedMs = performance.now();
  return (done, extra) => {
    const seconds = (performance.now() - startedMs) / 1000;
    const ratePerSecond = seconds > 0 ? (done - start) / seconds : 0;
    return { done, ratePerSecond, secondsLeft: ratePerSecond > 0 ? (total - done) / ratePerSecond : Infinity, extra };
  };
}

function bar(options: ProgressOptions, { stream, colors }: ProgressSurface): Progress {
  const measure = meter(options);
  let measured = measure(options.start ?? 0, "");
  const single = new cliProgress.SingleBar({
    stream,
    fps: FRAMES_PER_SECOND,
    hideCursor: true,
    // cli-progress also stops on SIGINT on its own, which would leave later lines without a bar.
    gracefulExit: false,
    format: () => barLine(options, measured, stream.columns || DEFAULT_COLUMNS, colors),
  });
  single.start(options.total, options.start ?? 0);
  return {
    update: (done, extra = "") => {
      measured = measure(done, extra);
      single.update(done);
    },
    stop: () => single.stop(),
  };
}

/** What fits into `columns`: the bar shrinks first, then the extra words go, then the rate, then the bar. */
export function barLine(options: ProgressOptions, measured: Measured, columns: number, colors: Colors): string {
  const share = options.total > 0 ? Math.min(1, measured.done / options.total) : 1;
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const timeLeft = timeLeftOf(measured);
  const rate = rateOf(options, measured);
  const candidates = [
    [percent, rate, timeLeft, measured.extra],
    [percent, rate, timeLeft],
    [percent, timeLeft],
    [percent],
  ].map((parts) => parts.filter((part) => part !== "").join("  "));
  // One column stays free: a full line wraps on some terminals.
  const room = columns - 1 - options.label.length - 2;
  const text = candidates.find((candidate) => candidate.length + 2 + NARROWEST_BAR <= room);
  if (text === undefined) return `${options.label} ${percent.trim()}`.slice(0, columns - 1);
  const width = Math.min(WIDEST_BAR, room - text.length - 2);
  const full = Math.round(share * width);
  return `${options.label}  ${colors.cyan("█".repeat(full))}${colors.dim("░".repeat(width - full))}  ${text}`;
}

function lines(options: ProgressOptions, { stream }: ProgressSurface): Progress {
  const measure = meter(options);
  let measured = measure(options.start ?? 0, "");
  let nextMs = performance.now() + LINE_EVERY_MS;
  let written: number | undefined;
  const write = (): void => {
    const { done, extra } = measured;
    const share = options.total > 0 ? Math.floor((100 * done) / options.total) : 100;
    const parts = [`${share} %`, rateOf(options, measured), timeLeftOf(measured), extra].filter((part) => part !== "");
    stream.write(`${options.label}: ${parts.join(", ")}\n`);
    written = done;
  };
  return {
    update: (done, extra = "") => {
      measured = measure(done, extra);
      if (performance.now() < nextMs) return;
      nextMs = performance.now() + LINE_EVERY_MS;
      write();
    },
    stop: () => {
      if (written !== measured.done) write();
    },
  };
}

function rateOf({ unit = "tokens" }: ProgressOptions, { ratePerSecond }: Measured): string {
  return ratePerSecond > 0 ? `${count(ratePerSecond)} ${unit}/s` : "";
}

function timeLeftOf({ secondsLeft }: Measured): string {
  return Number.isFinite(secondsLeft) && secondsLeft > 0 ? `${clock(secondsLeft)} left` : "";
}
