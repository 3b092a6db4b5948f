import { stat } from "node:fs/promises";

import { isSystemError, naming } from "./io-error.ts";

/** What is at a path; undefined where there is nothing. @throws QsaeError if the system refuses to tell */
export function kindOfPath(path: string): Promise<"file" | "folder" | undefined> {
  return naming("look at it", path, async () => {
    try {
      return (await stat(path)).isDirectory() ? "folder" : "file";
    } catch (error) {
      if (isSystemError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
      throw error;
    }
  });
}
