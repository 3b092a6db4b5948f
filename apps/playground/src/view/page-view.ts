import { html, nothing, type TemplateResult } from "lit-html";
import type { Actions } from "../main.ts";
import type { PageState } from "../state.ts";
import { finishedView } from "./finished-view.ts";
import { readingView } from "./reading-view.ts";
import { runView } from "./run-view.ts";
import { trainForm } from "./train-form.ts";

export function pageView(state: PageState, actions: Actions): TemplateResult {
  return html`<a class="skip" href="#content">Skip to content</a>
    <div class="page">
      <header>
        <p class="eyebrow"><span>QSAE</span> playground</p>
        <h1>Train a sparse autoencoder in this page</h1>
        <p class="lead">
          It harvests the activations of a language model, learns a dictionary of them in few bits, and measures what is
          left unexplained. All of it happens in your browser; nothing is sent anywhere.
        </p>
        ${globalThis.crossOriginIsolated ? nothing : oneThread}
      </header>
      <main id="content">
        <section aria-labelledby="train">
          <h2 id="train">Train</h2>
          ${trainForm(state, actions)} ${state.run === undefined ? nothing : runView(state.run)}
        </section>
        ${finishedView(state)} ${readingView(state, actions)}
      </main>
      <footer><p>Made by QSAE, quantized sparse autoencoders.</p></footer>
    </div>`;
}

const oneThread = html`<p class="note">
  This page is served without the headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy, so the browser
  gives it one thread. Everything works, more slowly.
</p>`;
