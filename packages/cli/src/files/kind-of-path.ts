import { stat } from "node:fs/promises";

/** What is at a path; undefined where there is nothing that can be seen. */
export async function kindOfPath(path: string): Promise<"file" | "folder" | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats === undefined ? undefined : stats.isDirectory() ? "folder" : "file";
}
