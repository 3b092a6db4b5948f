/**
 * JSON from outside: `JSON.parse` with what it does not check. A repeated key would silently win over the first one (two
 * readers of one file then see different tensors), and depth and size are bounded before anything is built.
 */

/** Reports a problem by throwing; the caller knows the source and the kind of error. */
export type Fail = (problem: string) => never;

export interface JsonLimits {
  /** Nested objects and arrays. */
  readonly maxDepth: number;
  /** Objects, arrays and their elements: bounds what the parser allocates beyond the text itself. */
  readonly maxValues: number;
}

/** Parses `text`; calls `fail` on a syntax error, a repeated key, the key `__proto__`, or more than the limits allow. */
export function parseStrictJson(text: string, limits: JsonLimits, fail: Fail): unknown {
  checkStructure(text, limits, fail);
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail(`invalid JSON (${(error as Error).message})`);
  }
}

/** One pass over the text. Syntax is left to the parser: on malformed text this may see anything, but it stays bounded. */
function checkStructure(text: string, { maxDepth, maxValues }: JsonLimits, fail: Fail): void {
  const keysOfOpen: (Set<string> | undefined)[] = [];
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = stringEnd(text, i);
        if (nextIsColon(text, end)) addKey(keysOfOpen.at(-1), unescaped(text.slice(i, end)), fail);
        i = end - 1;
        break;
      }
      case OPEN_BRACE:
      case OPEN_BRACKET:
        keysOfOpen.push(text.charCodeAt(i) === OPEN_BRACE ? new Set() : undefined);
        if (keysOfOpen.length > maxDepth) fail(`JSON is nested more than ${maxDepth} deep`);
        values++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        keysOfOpen.pop();
        break;
      case COMMA:
        values++;
        break;
    }
    if (values > maxValues) fail(`JSON holds more than ${maxValues} values`);
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Index after the closing quote of the string that starts at `start`, or the end of the text. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === BACKSLASH) i++;
    else if (c === QUOTE) return i + 1;
  }
  return text.length;
}

function nextIsColon(text: string, from: number): boolean {
  let i = from;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++;
  return text.charCodeAt(i) === COLON;
}

/** `"a"` and `"\u0061"` are one key. */
function unescaped(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted; // the parser will report it
  }
}

function addKey(keys: Set<string> | undefined, key: string, fail: Fail): void {
  if (keys === undefined) return;
  if (keys.has(key)) fail(`the name "${key}" occurs twice`);
  // As a property name it means an object's prototype in much of the code that may read the result.
  if (key === "__proto__") fail(`the name "__proto__" is not allowed`);
  keys.add(key);
}
