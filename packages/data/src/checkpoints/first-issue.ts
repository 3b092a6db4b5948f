import type { z } from "zod";

/** What is wrong with a JSON document, by the key where it is wrong: `d_in: Invalid input: expected number, received string`. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]!;
  return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
}
