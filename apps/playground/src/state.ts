/** What the page knows. Views are functions of it; `next` is the only place where it changes. */
import type { Job, Outcome, Progress, Step, TrainerReply } from "./job.ts";
import { PRESETS } from "./presets.ts";
import type { LoadedSae, ReaderReply, TokenLatents } from "./reading.ts";

export interface PageState {
  readonly source: Job["data"]["kind"];
  /** Id of the preset chosen in the form. */
  readonly preset: string;
  readonly file?: ChosenFile;
  /** The last one. */
  readonly run?: Run;
  /** Trained since the page was opened. */
  readonly finished: readonly FinishedRun[];
  readonly reading: Reading;
}

/** A file of activations. */
export interface ChosenFile {
  readonly file: File;
  /** Absent while its head is being read. */
  readonly found?: { readonly tokens: number; readonly dIn: number } | { readonly problem: string };
}

export interface Run {
  readonly job: Job;
  readonly backend?: string;
  readonly data?: { readonly trainTokens: number; readonly heldoutTokens: number; readonly dIn: number };
  /** What is being done, apart from training. */
  readonly progress?: Progress;
  /** Of each of the preset's runs, in order. Arrays grow in place: copying them at every step would be most of the page's work. */
  readonly curves: readonly Step[][];
  /** Someone asked it to stop. */
  readonly stopping: boolean;
  /** Absent while it goes on. */
  readonly end?: { readonly kind: "trained" | "stopped" } | { readonly kind: "failed"; readonly problem: string };
}

export interface FinishedRun {
  readonly job: Job;
  readonly outcome: Outcome;
  /** Where the file can be downloaded from. */
  readonly url: string;
}

export interface Reading {
  readonly sae?: LoadedSae;
  readonly text: string;
  readonly tokens: readonly TokenLatents[];
  /** Tokens read of a longer text. */
  readonly cutAt?: number;
  /** Position of the token whose latents are shown. */
  readonly token?: number;
  /** The latent that is marked in the text. */
  readonly latent?: number;
  readonly busy: boolean;
  readonly problem?: string;
}

export type PageEvent =
  | { readonly kind: "source"; readonly source: PageState["source"] }
  | { readonly kind: "preset"; readonly preset: string }
  | { readonly kind: "file"; readonly file: File }
  | { readonly kind: "file-found"; readonly found: NonNullable<ChosenFile["found"]> }
  | { readonly kind: "start"; readonly job: Job }
  | { readonly kind: "stopping" }
  | {
      readonly kind: "trainer";
      readonly reply: TrainerReply;
      /** Of the file, with `trained`. */ readonly url?: string;
    }
  | { readonly kind: "opening" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reader"; readonly reply: ReaderReply }
  | { readonly kind: "token"; readonly token: number }
  | { readonly kind: "latent"; readonly latent: number };

export const FIRST: PageState = {
  source: "tiny-lm",
  preset: PRESETS[0]!.id,
  finished: [],
  reading: { text: "In the beginning God created the heaven and the earth.", tokens: [], busy: false },
};

export const isRunning = ({ run }: Pick<PageState, "run">): boolean => run !== undefined && run.end === undefined;

export function next(state: PageState, event: PageEvent): PageState {
  const { reading } = state;
  switch (event.kind) {
    case "source":
      return { ...state, source: event.source };
    case "preset":
      return { ...state, preset: event.preset };
    case "file":
      return { ...state, source: "file", file: { file: event.file } };
    case "file-found":
      return state.file ? { ...state, file: { ...state.file, found: event.found } } : state;
    case "start":
      return { ...state, run: { job: event.job, curves: [], stopping: false } };
    case "stopping":
      return state.run ? { ...state, run: { ...state.run, stopping: true } } : state;
    case "trainer":
      return state.run ? afterReply(state, state.run, event.reply, event.url) : state;
    case "opening":
      return { ...state, reading: { text: reading.text, tokens: [], busy: true } };
    case "text": {
      const { problem: _, ...rest } = reading;
      return { ...state, reading: { ...rest, text: event.text, busy: true } };
    }
    case "reader":
      return { ...state, reading: afterReading(reading, event.reply) };
    case "token":
      return { ...state, reading: { ...reading, token: event.token } };
    case "latent": {
      const { latent, ...rest } = reading;
      return { ...state, reading: latent === event.latent ? rest : { ...rest, latent: event.latent } };
    }
  }
}

function afterReply(state: PageState, run: Run, reply: TrainerReply, url = ""): PageState {
  const { progress: _, ...rest } = run;
  switch (reply.kind) {
    case "backend":
      return { ...state, run: { ...run, backend: reply.description } };
    case "data": {
      const { kind: __, ...data } = reply;
      return { ...state, run: { ...rest, data } };
    }
    case "progress":
      return { ...state, run: { ...run, progress: reply } };
    case "step": {
      const { kind: __, ...step } = reply;
      const curves = run.curves.length > step.stage ? run.curves : [...run.curves, []];
      curves[step.stage]!.push(step);
      return { ...state, run: { ...rest, curves } };
    }
    case "trained": {
      const finished = [...state.finished, { job: run.job, outcome: reply.outcome, url }];
      return { ...state, finished, run: { ...rest, end: { kind: "trained" } } };
    }
    case "stopped":
      return { ...state, run: { ...rest, end: { kind: "stopped" } } };
    case "failed":
      return { ...state, run: { ...rest, end: reply } };
    case "activations":
      return state;
  }
}

function afterReading(reading: Reading, reply: ReaderReply): Reading {
  switch (reply.kind) {
    case "opened":
      return { ...reading, busy: false, sae: reply.sae };
    case "latents": {
      const { cutAt: _, token = 1, ...rest } = reading;
      const { tokens, cutAt } = reply;
      const shown = Math.min(token, tokens.length - 1);
      return {
        ...rest,
        busy: false,
        tokens,
        ...(cutAt !== undefined && { cutAt }),
        ...(shown > 0 && { token: shown }),
      };
    }
    case "failed":
      return { ...reading, busy: false, tokens: [], problem: reply.problem };
  }
}
