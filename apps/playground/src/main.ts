/** The page: state, the two workers, and what people do. */
import { render } from "lit-html";
import type { Job, TrainerReply, TrainerRequest } from "./job.ts";
import type { ReaderReply, ReaderRequest } from "./reading.ts";
import { FIRST, isRunning, next, type PageEvent } from "./state.ts";
import { pageView } from "./view/page-view.ts";
import { STYLE } from "./view/style.ts";
import { openWorker, type WorkerLink } from "./worker-link.ts";

/** While a run sends its steps, the page is drawn so often: drawing takes time from training. */
const DRAW_EVERY_MS = 300;
/** Typing goes on for a moment before the text is read. */
const TYPING_MS = 250;

const startTrainer = (): Worker => new Worker(new URL("./worker/trainer.ts", import.meta.url), { type: "module" });
const startReader = (): Worker => new Worker(new URL("./worker/reader.ts", import.meta.url), { type: "module" });

let state = FIRST;
let drawing: ReturnType<typeof setTimeout> | undefined;
let trainer: WorkerLink<TrainerRequest> | undefined;
let looker: WorkerLink<TrainerRequest> | undefined;
let reader: WorkerLink<ReaderRequest> | undefined;
let typing: ReturnType<typeof setTimeout> | undefined;

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
document.adoptedStyleSheets = [sheet];
const root = document.body.appendChild(document.createElement("div"));

function draw(): void {
  clearTimeout(drawing);
  drawing = undefined;
  render(pageView(state, actions), root);
}

function dispatch(event: PageEvent): void {
  state = next(state, event);
  const isStep = event.kind === "trainer" && (event.reply.kind === "step" || event.reply.kind === "progress");
  if (isStep) drawing ??= setTimeout(draw, DRAW_EVERY_MS);
  else draw();
}

/** What can be done on the page. */
export interface Actions {
  readonly dispatch: (event: PageEvent) => void;
  readonly train: (job: Job) => void;
  readonly stop: () => void;
  /** A file of activations or a packed SAE, by its name. */
  readonly give: (file: File) => void;
  readonly openSae: (file: Blob, name: string) => void;
  readonly read: (text: string) => void;
}

const actions: Actions = { dispatch, train, stop, give, openSae, read };

function train(job: Job): void {
  if (isRunning(state)) return;
  dispatch({ kind: "start", job });
  const ended = (reply: TrainerReply, url?: string): void => {
    trainer?.close();
    dispatch({ kind: "trainer", reply, ...(url !== undefined && { url }) });
  };
  trainer = openWorker<TrainerRequest, TrainerReply>({
    start: startTrainer,
    isLast,
    onReply: (reply) => {
      if (reply.kind === "trained") {
        const file = new Blob([reply.outcome.file]);
        ended(reply, URL.createObjectURL(file));
        openSae(file, reply.outcome.fileName);
      } else if (isLast(reply)) ended(reply);
      else dispatch({ kind: "trainer", reply });
    },
    onBreakdown: (problem) => ended({ kind: "failed", problem: `The worker that trains broke down: ${problem}` }),
  });
  trainer.send({ kind: "train", job });
}

const isLast = ({ kind }: TrainerReply): boolean =>
  kind === "trained" || kind === "stopped" || kind === "failed" || kind === "activations";

function stop(): void {
  dispatch({ kind: "stopping" });
  trainer?.send({ kind: "stop" });
}

function give(file: File): void {
  if (file.name.endsWith(".qsae.safetensors")) openSae(file, file.name);
  else lookAt(file);
}

function lookAt(file: File): void {
  looker?.close();
  dispatch({ kind: "file", file });
  looker = openWorker<TrainerRequest, TrainerReply>({
    start: startTrainer,
    isLast,
    onReply: (reply) => {
      looker?.close();
      if (reply.kind === "activations") dispatch({ kind: "file-found", found: reply });
      else if (reply.kind === "failed") dispatch({ kind: "file-found", found: reply });
    },
    onBreakdown: (problem) =>
      dispatch({ kind: "file-found", found: { problem: `The worker that reads it broke down: ${problem}` } }),
  });
  looker.send({ kind: "look-at", file });
}

function openSae(file: Blob, name: string): void {
  reader?.close();
  dispatch({ kind: "opening" });
  reader = openWorker<ReaderRequest, ReaderReply>({
    start: startReader,
    isLast: () => true,
    onReply: (reply) => {
      dispatch({ kind: "reader", reply });
      if (reply.kind === "opened") read(state.reading.text);
    },
    onBreakdown: (problem) => {
      reader = undefined;
      dispatch({
        kind: "reader",
        reply: { kind: "failed", problem: `The worker that reads SAEs broke down: ${problem}` },
      });
    },
  });
  reader.send({ kind: "open", file, name });
}

function read(text: string): void {
  if (reader === undefined) return;
  dispatch({ kind: "text", text });
  clearTimeout(typing);
  typing = setTimeout(() => reader?.send({ kind: "read", text }), TYPING_MS);
}

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer?.files ?? [];
  if (file) give(file);
});

draw();
