/** What is to be trained. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Job } from "../job.ts";
import type { Actions } from "../main.ts";
import { DEFAULTS, PRESETS, presetOf } from "../presets.ts";
import { isRunning, type ChosenFile, type PageState } from "../state.ts";
import { formatCount } from "./format.ts";

const NUMBERS = [
  { name: "dSae", label: "Latents", hint: "d_sae", value: DEFAULTS.dSae },
  { name: "k", label: "Active per token", hint: "k", value: DEFAULTS.k },
  { name: "steps", label: "Steps per run", hint: "of 512 tokens", value: DEFAULTS.steps },
  { name: "tokens", label: "Training tokens", hint: "at most", value: DEFAULTS.tokens },
] as const;

export function trainForm(state: PageState, { dispatch, train, stop, give }: Actions): TemplateResult {
  const { source, preset, file, run } = state;
  const running = isRunning(state);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const number = (name: string): number => Number(fields.get(name));
    const data: Job["data"] = source === "file" && file ? { kind: "file", file: file.file } : { kind: "tiny-lm" };
    train({ data, preset, dSae: number("dSae"), k: number("k"), steps: number("steps"), tokens: number("tokens") });
  };
  return html`<form class="train" @submit=${submit}>
    <fieldset ?disabled=${running}>
      <legend>Activations</legend>
      <label class="choice">
        <input
          type="radio"
          name="source"
          .checked=${source === "tiny-lm"}
          @change=${() => dispatch({ kind: "source", source: "tiny-lm" })}
        />
        <span>A tiny language model <small>Four layers, read after the second, on the King James Bible</small></span>
      </label>
      <label class="choice">
        <input
          type="radio"
          name="source"
          .checked=${source === "file"}
          @change=${() => dispatch({ kind: "source", source: "file" })}
        />
        <span>A file of yours <small>.safetensors or .npy, [tokens, d_in]; it stays on this machine</small></span>
      </label>
      ${
        source === "file"
          ? html`<label class="file">
              <span class="unseen">File of activations</span>
              <input type="file" name="activations" accept=".safetensors,.npy" @change=${chosen(give)} />
              ${fileLine(file)}
            </label>`
          : nothing
      }
    </fieldset>
    <fieldset ?disabled=${running}>
      <legend>Sparse autoencoder</legend>
      <label class="field wide">
        <span>Kind</span>
        <select
          name="preset"
          @change=${(event: Event) => dispatch({ kind: "preset", preset: (event.target as HTMLSelectElement).value })}
        >
          ${PRESETS.map(({ id, name }) => html`<option value=${id} ?selected=${id === preset}>${name}</option>`)}
        </select>
        <small>${presetOf(preset).about}</small>
      </label>
      <div class="numbers">
        ${NUMBERS.map(
          ({ name, label, hint, value }) =>
            html`<label class="field">
              <span>${label} <small>${hint}</small></span>
              <input type="number" name=${name} min="1" step="1" required value=${value} inputmode="numeric" />
            </label>`,
        )}
      </div>
    </fieldset>
    <div class="buttons">
      ${
        running
          ? html`<button type="button" ?disabled=${run?.stopping} @click=${stop}>
              ${run?.stopping ? "Stopping" : "Stop"}
            </button>`
          : html`<button class="main" ?disabled=${source === "file" && !isUsable(file)}>Train</button>`
      }
    </div>
  </form>`;
}

/** Gives the chosen file on, and lets the same one be chosen again. */
export const chosen =
  (give: (file: File) => void) =>
  (event: Event): void => {
    const input = event.currentTarget as HTMLInputElement;
    const [file] = input.files ?? [];
    if (file) give(file);
  };

const isUsable = (file: ChosenFile | undefined): boolean => file?.found !== undefined && "tokens" in file.found;

function fileLine(chosenFile: ChosenFile | undefined): TemplateResult {
  if (chosenFile === undefined) return html`<small>Or drop it anywhere on the page</small>`;
  const { file, found } = chosenFile;
  if (found === undefined) return html`<small>Reading ${file.name}</small>`;
  if ("problem" in found) return html`<p class="problem" role="alert">${found.problem}</p>`;
  return html`<small>${file.name}: ${formatCount(found.tokens)} activations of width ${formatCount(found.dIn)}</small>`;
}
