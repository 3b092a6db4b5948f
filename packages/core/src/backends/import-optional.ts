/** Packages that only some machines need: their users install them, and they are imported when they are asked for. */
import { QsaeError } from "@qsae/runtime";

export interface OptionalPackage {
  /** Whose package it is: errors begin with it. */
  readonly backend: string;
  readonly name: string;
  /** What to run where it is absent. */
  readonly install: string;
}

/**
 * The name is no literal where it is imported: bundlers, which would look for the package or complain that it is absent,
 * leave the import alone.
 *
 * @throws QsaeError where the package is absent, or its native part does not load, with what it says
 */
export async function importOptional({ backend, name, install }: OptionalPackage): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const problem = isAbsent(name, message)
      ? `the package ${name} is not installed; run: ${install}`
      : `the package ${name} is installed, but does not load here: ${oneLine(message)}`;
    throw new QsaeError(`${backend}: ${problem}`, { cause: error });
  }
}

/** Node and vite have words of their own for it. What they name first is absent: it may be a package that this one needs. */
function isAbsent(name: string, message: string): boolean {
  const [first] = message.split("\n") as [string];
  const absent = /["']([^"']+)["']/.exec(first)?.[1] ?? first.split(" ").at(-1);
  return absent === name && /cannot find (package|module)|(failed to|could not) (load|resolve)/i.test(first);
}

/** Without the list of files that Node's loader appends. */
function oneLine(message: string): string {
  return message
    .split(/\n\s*Require stack:/)[0]!
    .split(/\s*\n\s*/)
    .join(" ")
    .trim();
}
