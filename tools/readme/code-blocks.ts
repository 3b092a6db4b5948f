/** TypeScript code blocks of a Markdown document. */

/** One fenced block whose language is `ts`. */
export interface CodeBlock {
  /** Line of the opening fence in the document, counted from 1. */
  readonly line: number;
  readonly code: string;
  /** The fence says `ts run`: the block is executed, not only type checked. */
  readonly runs: boolean;
}

const opening = /^( {0,3})(`{3,}|~{3,})\s*([^`]*)$/;

/**
 * The blocks of `markdown` opened with ` ```ts ` or ` ```ts run ` (also `typescript`), in order.
 *
 * Other languages are passed over, and so is a fence inside another block: a longer fence quotes a shorter one.
 *
 * @throws Error where a block is not closed, or its fence says something after `ts` that means nothing here
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
    if (language === "ts" || language === "typescript") {
      const unknown = words.find((word) => word !== "run");
      if (unknown !== undefined) throw new Error(`line ${start + 1}: '${unknown}' after ts; only 'run' is known`);
      const body = lines.slice(start + 1, start + 1 + length);
      const code = body.map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line)).join("\n");
      blocks.push({ line: start + 1, code, runs: words.includes("run") });
    }
    start += length + 1;
  }
  return blocks;
};
