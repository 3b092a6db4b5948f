/** A packed SAE: what it is, and which of its latents fire on a text. */
import { html, nothing, type TemplateResult } from "lit-html";
import type { Actions } from "../main.ts";
import type { LoadedSae, TokenLatents } from "../reading.ts";
import type { PageState, Reading } from "../state.ts";
import { formatBytes, formatCount, formatFixed, formatFvu, formatSignificant } from "./format.ts";
import { chosen } from "./train-form.ts";

/** Latents shown of a token. */
const STRONGEST = 8;

export function readingView({ reading }: PageState, actions: Actions): TemplateResult {
  const { sae, problem } = reading;
  return html`<section aria-labelledby="look">
    <h2 id="look">Look inside</h2>
    <label class="file">
      <span>A packed SAE <small>.qsae.safetensors, of this page or of qsae train</small></span>
      <input
        type="file"
        name="sae"
        accept=".safetensors"
        @change=${chosen((file) => actions.openSae(file, file.name))}
      />
    </label>
    ${problem === undefined ? nothing : html`<p class="problem" role="alert">${problem}</p>`}
    ${sae === undefined ? nothing : html`${factsView(sae)} ${textView(reading, actions)}`}
  </section>`;
}

function factsView(sae: LoadedSae): TemplateResult {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["File", sae.name],
    ["Variant", sae.variant],
    ["Latents", formatCount(sae.dSae)],
    ["Width", formatCount(sae.dIn)],
    ["Stages", sae.stages > 1 ? formatCount(sae.stages) : undefined],
    ["Bits, encoder", formatFixed(sae.encoderBits, 2)],
    ["Bits, dictionary", formatFixed(sae.dictionaryBits, 2)],
    ["Size", formatBytes(sae.bytes)],
    ["FVU when written", sae.metrics["fvu"] === undefined ? undefined : formatFvu(sae.metrics["fvu"])],
  ];
  return html`<dl class="facts">
    ${facts.map(([name, value]) =>
      value === undefined
        ? nothing
        : html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
    )}
  </dl>`;
}

function textView(reading: Reading, { dispatch, read }: Actions): TemplateResult {
  const { text, tokens, cutAt, token, latent } = reading;
  const strongest = Math.max(0, ...tokens.map((at) => valueOf(at, latent)));
  const shown = token === undefined ? undefined : tokens[token];
  return html`<label class="field wide">
      <span>Text <small>the tiny language model reads it</small></span>
      <textarea
        rows="3"
        .value=${text}
        @input=${(event: Event) => read((event.target as HTMLTextAreaElement).value)}
      ></textarea>
    </label>
    <div class="panes" ?hidden=${tokens.length === 0} aria-busy=${reading.busy}>
      <div>
        <h4>Tokens ${latent === undefined ? nothing : html`<small>marked where latent ${latent} fires</small>`}</h4>
        <p class="tokens">
          ${tokens.map(
            (at, i) =>
              html`<button
                type="button"
                class="token ${valueOf(at, latent) > 0 ? "fired" : ""}"
                style="--strength: ${strongest > 0 ? valueOf(at, latent) / strongest : 0}"
                aria-pressed=${i === token}
                @click=${() => dispatch({ kind: "token", token: i })}
                .textContent=${at.piece}
              ></button>`,
          )}
        </p>
        ${cutAt === undefined ? nothing : html`<p class="caption">The model reads ${cutAt} tokens; the rest is left out.</p>`}
      </div>
      <div>
        ${
          shown === undefined
            ? html`<p class="caption">Choose a token to see its latents.</p>`
            : html`<h4>
                  Strongest latents <small>of ${formatCount(shown.latents.length)} at “${shown.piece.trim()}”</small>
                </h4>
                ${latentsView(shown, latent, dispatch)}
                ${
                  token === 0
                    ? html`<p class="caption">
                        Models park outliers on the first token; SAEs here are trained without it.
                      </p>`
                    : nothing
                }`
        }
      </div>
    </div>`;
}

function latentsView(
  { latents }: TokenLatents,
  marked: number | undefined,
  dispatch: Actions["dispatch"],
): TemplateResult {
  const most = latents[0]?.value ?? 1;
  return html`<ol class="latents">
    ${latents.slice(0, STRONGEST).map(
      ({ latent, value }) =>
        html`<li>
          <button type="button" aria-pressed=${latent === marked} @click=${() => dispatch({ kind: "latent", latent })}>
            <span class="name">${latent}</span>
            <span class="bar" style="--share: ${Math.max(0, value / most)}"></span>
            <span class="number">${formatSignificant(value)}</span>
          </button>
        </li>`,
    )}
  </ol>`;
}

function valueOf({ latents }: TokenLatents, latent: number | undefined): number {
  return latents.find((fired) => fired.latent === latent)?.value ?? 0;
}
