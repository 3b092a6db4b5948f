/** Type checks snippets of code as if they were files at the repository's root. */
import ts from "typescript";

import { root } from "../root.ts";

/** Code and where it stands. */
export interface Snippet {
  readonly document: string;
  /** Line of the document just before the code. */
  readonly line: number;
  readonly code: string;
}

const compilerOptions = (): ts.CompilerOptions => {
  const path = `${root}tsconfig.json`;
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  // Every snippet is a module of its own, even one that neither imports nor exports.
  return { ...options, moduleDetection: ts.ModuleDetectionKind.Force };
};

/** A compiler host that sees `files` beside those on disk. */
const hostWith = (files: ReadonlyMap<string, Snippet>, options: ts.CompilerOptions): ts.CompilerHost => {
  const disk = ts.createCompilerHost(options);
  return {
    ...disk,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    readFile: (path) => files.get(path)?.code ?? disk.readFile(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const snippet = files.get(path);
      if (snippet === undefined) return disk.getSourceFile(path, languageVersion, ...rest);
      return ts.createSourceFile(path, snippet.code, languageVersion);
    },
  };
};

/**
 * Errors of each snippet, in the order given and as `document:line: message`; none where it is right. Packages resolve to
 * their sources, under the same strict options as the workspace. Nothing is written to disk.
 */
export const typeCheck = (snippets: readonly Snippet[]): readonly (readonly string[])[] => {
  const files = new Map(snippets.map((snippet, index) => [`${root}snippet-${index}.ts`, snippet]));
  const options = compilerOptions();
  const program = ts.createProgram([...files.keys()], options, hostWith(files, options));
  return [...files].map(([path, { document, line }]) => {
    const source = program.getSourceFile(path);
    const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return diagnostics.map(({ file, start = 0, messageText }) => {
      const lineInCode = file?.getLineAndCharacterOfPosition(start).line ?? 0;
      return `${document}:${line + 1 + lineInCode}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
    });
  });
};
