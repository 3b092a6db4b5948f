/** `pnpm build:page`: writes the script of latent browsers into browser/generated. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { bundledScript, generatedModule } from "./bundle.ts";

const folder = fileURLToPath(new URL("../generated/", import.meta.url));
const script = await bundledScript();
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}page-script.ts`, generatedModule(script));
process.stdout.write(`page-script: ${script.length} bytes\n`);
