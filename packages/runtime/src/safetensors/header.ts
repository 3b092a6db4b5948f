/**
 * The header of a safetensors file (https://github.com/huggingface/safetensors#format):
 *
 *     u64 little endian N | N bytes of JSON: { name: { dtype, shape, data_offsets: [begin, end] }, __metadata__?: { text } } | data
 *
 * Offsets count from the start of the data; tensors are row-major, little endian, and cover the data without overlap or
 * hole. Nothing in a header is believed before it is checked against the size of the file.
 */
import { FormatError } from "../errors.ts";
import { parseStrictJson, type Fail } from "../strict-json.ts";
import { isSafetensorsDtype, SAFETENSORS_DTYPE_BYTES, type SafetensorsDtype } from "./dtypes.ts";

export interface SafetensorsEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** First byte of the tensor, counted from the start of the file. */
  readonly begin: number;
  /** First byte after the tensor, counted from the start of the file. */
  readonly end: number;
}

export interface SafetensorsHeader {
  /** By name, in the order of the header. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** The texts of `__metadata__`; empty where there is none. No prototype, so any name can be looked up. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes before the data: 8 + the length of the JSON. */
  readonly headerBytes: number;
}

/** As in the reference implementation: keeps a hostile length from making a reader allocate it. */
const MAX_HEADER_LENGTH = 100_000_000;
/** The format itself needs 3. */
const MAX_DEPTH = 8;
/** Bounds the time and objects that a header of the largest length takes: over 100,000 tensors, at about 8 values each. */
const MAX_VALUES = 1_000_000;
/** The largest rank any array library takes. */
const MAX_RANK = 64;

/**
 * Length of the JSON header in bytes: a streaming reader needs the first `8 + length` bytes of the file to call
 * {@link parseSafetensorsHeader}.
 *
 * @param first8 at least the first 8 bytes of the file
 * @param fileBytes size of the whole file
 * @throws FormatError if the file is too short for the header it announces, or the header is over 100 MB
 */
export function safetensorsHeaderLength(first8: Uint8Array, fileBytes: number, source: string): number {
  if (fileBytes < 8 || first8.length < 8) {
    throw new FormatError(source, `not a safetensors file: ${fileBytes} bytes cannot hold the 8-byte header length`);
  }
  const view = new DataView(first8.buffer, first8.byteOffset, 8);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > MAX_HEADER_LENGTH) {
    throw new FormatError(
      source,
      `not a safetensors file: its first 8 bytes would be a header of ${length} bytes; the format allows ${MAX_HEADER_LENGTH}`,
    );
  }
  if (8 + length > fileBytes) {
    throw new FormatError(
      source,
      `cut short, or not a safetensors file: a header of ${length} bytes does not fit in a file of ${fileBytes} bytes`,
    );
  }
  return length;
}

/**
 * Reads and checks the header of a safetensors file.
 *
 * @param head the file, or at least its first `8 + safetensorsHeaderLength()` bytes
 * @param fileBytes size of the whole file
 * @param source what errors call the file
 * @throws FormatError naming the tensor, what it says and what was expected
 */
export function parseSafetensorsHeader(head: Uint8Array, fileBytes: number, source: string): SafetensorsHeader {
  const fail: Fail = (problem) => {
    throw new FormatError(source, problem);
  };
  const headerBytes = 8 + safetensorsHeaderLength(head, fileBytes, source);
  if (head.length < headerBytes) fail(`${head.length} bytes were read of a header of ${headerBytes}`);
  const json = readJson(head.subarray(8, headerBytes), fail);
  const entries = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = readMetadata(value, fail);
    else
      entries.set(
        name,
        readEntry(value, headerBytes, (problem) => fail(`tensor "${name}" ${problem}`)),
      );
  }
  checkCoverage(entries, headerBytes, fileBytes, fail);
  return { entries, metadata, headerBytes };
}

function readJson(bytes: Uint8Array, fail: Fail): object {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("not a safetensors file: the header is not UTF-8");
  }
  if (!text.startsWith("{")) fail('not a safetensors file: the header does not start with "{"');
  const failHeader: Fail = (problem) => fail(`safetensors header: ${problem}`);
  return parseStrictJson(text, { maxDepth: MAX_DEPTH, maxValues: MAX_VALUES }, failHeader) as object;
}

function readMetadata(value: unknown, fail: Fail): Record<string, string> {
  if (!isObject(value)) return fail("__metadata__ must be an object of texts");
  const metadata: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [key, text] of Object.entries(value)) {
    metadata[key] = typeof text === "string" ? text : fail(`__metadata__ "${key}" must be a text`);
  }
  return metadata;
}

function readEntry(value: unknown, dataStart: number, fail: Fail): SafetensorsEntry {
  if (!isObject(value)) return fail("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (typeof dtype !== "string") return fail("has no dtype");
  if (!isSafetensorsDtype(dtype)) {
    return fail(`has the unknown dtype "${dtype}"; known: ${Object.keys(SAFETENSORS_DTYPE_BYTES).join(", ")}`);
  }
  if (!isSizes(shape)) return fail("has no shape of non-negative integers");
  if (shape.length > MAX_RANK) return fail(`has ${shape.length} dimensions; at most ${MAX_RANK} are allowed`);
  if (!isSizes(offsets) || offsets.length !== 2) return fail("has no data_offsets [begin, end]");
  const [begin, end] = offsets as [number, number];
  // Not elementCount: the product must stay an exact integer, also where a later 0 would hide an overflow.
  let bytes: number = SAFETENSORS_DTYPE_BYTES[dtype];
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return fail(`has the impossible shape [${shape.join(", ")}]`);
  }
  if (end - begin !== bytes) {
    return fail(
      `is ${dtype} [${shape.join(", ")}], ${bytes} bytes, but its data_offsets [${begin}, ${end}] span ${end - begin}`,
    );
  }
  return { dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

/** Every byte of the data belongs to exactly one tensor. */
function checkCoverage(
  entries: ReadonlyMap<string, SafetensorsEntry>,
  dataStart: number,
  fileBytes: number,
  fail: Fail,
): void {
  const inFileOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = dataStart;
  for (const [name, { begin, end }] of inFileOrder) {
    if (end > fileBytes) fail(`cut short: tensor "${name}" ends at byte ${end} of a file of ${fileBytes} bytes`);
    if (begin < covered) fail(`tensor "${name}" overlaps the one before it (at byte ${begin})`);
    if (begin > covered) fail(`${begin - covered} bytes before tensor "${name}" belong to no tensor`);
    covered = end;
  }
  if (covered < fileBytes) fail(`${fileBytes - covered} bytes at the end belong to no tensor`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
