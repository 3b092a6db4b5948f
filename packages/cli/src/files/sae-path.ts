/**
 * Paths of SAEs with what their files do not say: `sae.pth,variant=baseline,k=32`. Files of the Python reference store neither
 * k nor gamma, and some fit two variants. The options are part of the path, because they belong to one file: wherever an SAE
 * is named (`--sae`, also several times, `--from`, `from` of a configuration) they can be given.
 */
import type { ImportSaeOptions, OptionsNeededError } from "@qsae/data";
import { FormatError, unknownName, UsageError } from "@qsae/runtime";

export interface SaePath {
  readonly path: string;
  readonly options: ImportSaeOptions;
}

const TORCH_FILE = /\.(pth|pt)$/i;
const WITH_OPTIONS = /^(.+\.(?:pth|pt)),(.*)$/i;
/** As they are written, and as `importSae` calls them. */
const OPTION_NAMES = { variant: "variant", n_bits: "nBits", gamma: "gamma", k: "k" } as const;

type Key = keyof typeof OPTION_NAMES;

/** Whether a path without options is that of a file of `torch.save`. */
export function isTorchFile(path: string): boolean {
  return TORCH_FILE.test(path);
}

/** @throws UsageError naming an option that is unknown, given twice, or not key=value */
export function parseSaePath(text: string): SaePath {
  const [, path, list] = WITH_OPTIONS.exec(text) ?? [];
  if (path === undefined) return { path: text, options: {} };
  const options: Record<string, string | number> = {};
  for (const pair of list!.split(",")) {
    const [key, value, ...more] = pair.split("=").map((part) => part.trim());
    if (!key || !value || more.length > 0) {
      throw new UsageError(`${text}: "${pair}" after ${path}: expected key=value, e.g. ${path},variant=baseline,k=32`);
    }
    if (!Object.hasOwn(OPTION_NAMES, key)) throw unknownName(`option of ${path}`, key, Object.keys(OPTION_NAMES));
    const name = OPTION_NAMES[key as Key];
    if (Object.hasOwn(options, name)) throw new UsageError(`${text}: ${key} is given twice`);
    options[name] = name === "variant" ? value : numberOf(key, value, text);
  }
  return { path, options };
}

/** The error of the importer, in the words of the command line. */
export function asPathAdvice({ source, problem, choices, hint }: OptionsNeededError): FormatError {
  return new FormatError(
    source,
    `${problem}; give ${choices.map((options) => formatSaePath(source, options)).join(" or ")}${hint}`,
  );
}

/** What {@link parseSaePath} reads. */
export function formatSaePath(path: string, options: ImportSaeOptions): string {
  const given = Object.entries(OPTION_NAMES).flatMap(([key, name]) =>
    options[name] === undefined ? [] : `${key}=${options[name]}`,
  );
  return [path, ...given].join(",");
}

function numberOf(key: string, value: string, text: string): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw new UsageError(`${text}: ${key}=${value} is not a number`);
  return number;
}
