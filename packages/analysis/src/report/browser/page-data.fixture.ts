/** Latents as a page has them. */
import { gunzipSync } from "node:zlib";
import type { LatentTable } from "../../latents/latent-table.ts";
import type { LatentData } from "./latent-data.ts";
import { packLatents } from "./pack-latents.ts";
import { readLatents } from "./page/read-latents.ts";

export function dataOf(table: LatentTable): LatentData {
  return readLatents(new Uint8Array(gunzipSync(Buffer.from(packLatents(table), "base64"))));
}
