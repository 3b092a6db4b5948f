/** The script of a report: starts its latent browsers one after the other. */
import { part } from "./element.ts";
import { startBrowser } from "./latent-browser.ts";
import { unpackLatents } from "./read-latents.ts";

async function start(section: HTMLElement): Promise<void> {
  const root = part(section, "browser");
  const notice = part(section, "notice");
  if (typeof DecompressionStream === "undefined") {
    notice.textContent = "This web browser is too old for the latent browser: it lacks DecompressionStream.";
    return;
  }
  try {
    const data = await unpackLatents(part(section, "data").textContent);
    root.hidden = false; // the list measures its lines
    startBrowser(root, section.dataset["latentsOf"]!, data);
    notice.remove();
  } catch (error) {
    root.hidden = true;
    notice.textContent = `The latents in this file are damaged: ${(error as Error).message}`;
  }
}

async function startAll(): Promise<void> {
  for (const section of document.querySelectorAll<HTMLElement>("[data-latents-of]")) await start(section);
}

void startAll();
