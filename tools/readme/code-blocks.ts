/** Code blocks of a Markdown document that are checked: TypeScript, and command lines that run. */

/** One fenced block whose language is `ts`, or `sh` with `run` behind it. */
export interface CodeBlock {
  readonly language: "ts" | "sh";
  /** Line of the opening fence in the document, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** The fence says `run`: the block is executed, not only type checked. */
  readonly runs: boolean;
}

const languages: Readonly<Record<string, CodeBlock["language"]>> = { ts: "ts", typescript: "ts", sh: "sh" };

const opening = /^( {0,3})(`{3,}|~{3,})\s*([^`]*)$/;

/**
 * The blocks of `markdown` opened with ` ```ts `, ` ```ts run ` (also `typescript`) or ` ```sh run `, in order.
 *
 * Other languages are passed over, and so is a fence inside another block: a longer fence quotes a shorter one.
 *
 * @throws Error where a block is not closed, or its fence says something after its language that means nothing here
 */
export const codeBlocks = (markdown: string): readonly CodeBlock[] => {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split(/\r?\n/);
  for (let start = 0; start < lines.length; start++) {
    const [, indent = "", fence = "", info = ""] = opening.exec(lines[start]!) ?? [];
    if (fence === "") continue;
    const isEnd = (line: string): boolean => line.trim().startsWith(fence) && /^(`+|~+)$/.test(line.trim());
    const length = lines.slice(start + 1).findIndex(isEnd);
    if (length < 0) throw new Error(`line ${start + 1}: the code block is not closed`);
    const [language, ...words] = info.trim().split(/\s+/);
    const checked = languages[language ?? ""];
    if (checked) {
      const unknown = words.find((word) => word !== "run");
      if (unknown !== undefined) {
        throw new Error(`line ${start + 1}: '${unknown}' after ${language}; only 'run' is known`);
      }
      const runs = words.includes("run");
      const body = lines.slice(start + 1, start + 1 + length);
      const code = body.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join("\n");
      if (checked === "ts" || runs) blocks.push({ language: checked, line: start + 1, code, runs });
    }
    start += length + 1;
  }
  return blocks;
};
