import { parseSafetensorsHeader, type SafetensorsHeader, safetensorsHeaderLength } from "@qsae/runtime";

import type { OpenFile } from "../files/open-file.ts";

/** Reads and checks the header of an open `.safetensors` file, and nothing else. @throws FormatError naming the file */
export async function readSafetensorsHeader(file: OpenFile): Promise<SafetensorsHeader> {
  const first8 = new Uint8Array(Math.min(8, file.bytes));
  await file.read(0, first8);
  const head = new Uint8Array(8 + safetensorsHeaderLength(first8, file.bytes, file.path));
  await file.read(0, head);
  return parseSafetensorsHeader(head, file.bytes, file.path);
}
