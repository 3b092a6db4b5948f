/** A worker as the page sees it: whatever happens to it, the page hears of it. */

export interface WorkerLink<Request> {
  send(request: Request): void;
  /** Ends the worker, whatever it is doing. */
  close(): void;
}

export interface WorkerLinkOptions<Reply> {
  readonly start: () => Worker;
  readonly onReply: (reply: Reply) => void;
  /** Whether the worker is done with what it was asked, and may be silent. */
  readonly isLast: (reply: Reply) => boolean;
  /** Called once; the worker is ended then. */
  readonly onBreakdown: (problem: string) => void;
}

/** The longest that a worker is silent for is a tokenizer on a long text: a few seconds. */
const SILENT_TICKS = 12;
/** Ticks are counted, not time: a page that was asleep has missed messages, and gets them before its next tick but one. */
const TICK_MS = 5000;

/** Starts a worker, and watches it from each request to its last reply. */
export function openWorker<Request, Reply>(options: WorkerLinkOptions<Reply>): WorkerLink<Request> {
  const worker = options.start();
  let watch: ReturnType<typeof setInterval> | undefined;
  let silentTicks = 0;

  const rest = (): void => {
    clearInterval(watch);
    watch = undefined;
  };
  const close = (): void => {
    rest();
    worker.terminate();
  };
  const breakDown = (problem: string): void => {
    close();
    options.onBreakdown(problem);
  };
  const tick = (): void => {
    if (++silentTicks < SILENT_TICKS) return;
    breakDown(`nothing was heard of it for ${(SILENT_TICKS * TICK_MS) / 1000} seconds; it was ended`);
  };

  worker.onmessage = ({ data }: MessageEvent<Reply>) => {
    silentTicks = 0;
    if (options.isLast(data)) rest();
    options.onReply(data);
  };
  worker.onmessageerror = () => breakDown("what it said could not be read");
  worker.onerror = (event) => {
    event.preventDefault();
    breakDown(event.message || "it could not be loaded; is the page's server still there?");
  };
  return {
    send(request) {
      silentTicks = 0;
      watch ??= setInterval(tick, TICK_MS);
      worker.postMessage(request);
    },
    close,
  };
}
