/**
 * The header of a NumPy `.npy` file, versions 1.0 to 3.0: magic, version, header length (2 bytes in version 1, else 4),
 * a Python dict literal with `descr`, `fortran_order` and `shape`, then the array.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { FormatError } from "@qsae/runtime";

import type { OpenFile } from "../files/open-file.ts";
import { BYTES_PER_FLOAT, type ActivationDtype, type RowLayout, rowsOfShape } from "./row-layout.ts";

const MAGIC = "\x93NUMPY";
/** Magic, two version bytes, and the longer of the two header lengths. */
const PREFIX_BYTES = 12;
/** NumPy itself refuses more than 10,000 by default: the literal holds three short entries. */
const MAX_HEADER_BYTES = 10_000;

const DTYPES: Readonly<Record<string, ActivationDtype>> = { "<f4": "F32", "<f2": "F16" };
const SUPPORTED = "little-endian float32 ('<f4') or float16 ('<f2') in C order";

/** @throws FormatError naming what is wrong or not supported */
export async function readNpyLayout(file: OpenFile): Promise<RowLayout> {
  const { text, begin } = await readHeader(file);
  const dtype = dtypeOf(entry(text, "descr", /^\s*(?:'([^']*)'|"([^"]*)")/, file.path), file.path);
  if (entry(text, "fortran_order", /^\s*(True|False)\b/, file.path) === "True") {
    throw new FormatError(
      file.path,
      `fortran_order is True; expected ${SUPPORTED}; save numpy.ascontiguousarray(array) instead`,
    );
  }
  const shape = shapeOf(entry(text, "shape", /^\s*\(([\d\sL,]*)\)/, file.path), file.path);
  const { rows, dIn } = rowsOfShape(shape, file.path, "the array");
  const end = begin + rows * dIn * BYTES_PER_FLOAT[dtype];
  if (end !== file.bytes) {
    const problem = end > file.bytes ? "it is cut off" : "something follows the array";
    throw new FormatError(
      file.path,
      `an array of shape [${shape.join(", ")}] needs ${end} bytes, the file has ${file.bytes}: ${problem}`,
    );
  }
  return { dtype, rows, dIn, begin, metadata: {} };
}

async function readHeader(file: OpenFile): Promise<{ readonly text: string; readonly begin: number }> {
  const prefix = new Uint8Array(Math.min(PREFIX_BYTES, file.bytes));
  await file.read(0, prefix);
  if (latin1(prefix.subarray(0, MAGIC.length)) !== MAGIC) {
    throw new FormatError(
      file.path,
      `does not start with the magic bytes of a .npy file; expected an array of ${SUPPORTED}`,
    );
  }
  if (prefix.length < PREFIX_BYTES) throw new FormatError(file.path, "cut off within the header of a .npy file");
  const major = prefix[6]!;
  if (major < 1 || major > 3) {
    throw new FormatError(file.path, `.npy version ${major}.${prefix[7]!}; supported: 1.0, 2.0, 3.0`);
  }
  const lengths = new DataView(prefix.buffer);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? lengths.getUint16(8, true) : lengths.getUint32(8, true);
  if (length > MAX_HEADER_BYTES) {
    throw new FormatError(file.path, `header of ${length} bytes; at most ${MAX_HEADER_BYTES} are allowed`);
  }
  if (start + length > file.bytes) throw new FormatError(file.path, "cut off within the header of a .npy file");
  const header = new Uint8Array(length);
  await file.read(start, header);
  return { text: latin1(header), begin: start + length };
}

/** Value of a key of the dict literal, by the pattern it must have. */
function entry(header: string, key: string, pattern: RegExp, path: string): string {
  const at = new RegExp(`['"]${key}['"]\\s*:`).exec(header);
  if (at === null)
    throw new FormatError(path, `header has no '${key}'; expected a .npy header, got ${JSON.stringify(header.trim())}`);
  const rest = header.slice(at.index + at[0].length);
  const value = pattern.exec(rest);
  if (value === null) {
    throw new FormatError(
      path,
      `'${key}' in the header is ${rest.trim().slice(0, 40)}; expected an array of ${SUPPORTED}`,
    );
  }
  return value[1] ?? value[2] ?? "";
}

function dtypeOf(descr: string, path: string): ActivationDtype {
  const dtype = DTYPES[descr];
  if (dtype !== undefined) return dtype;
  const name = descr.startsWith(">") ? `big-endian '${descr}'` : `'${descr}'`;
  throw new FormatError(
    path,
    `dtype ${name} is not supported; expected ${SUPPORTED}; convert with array.astype('<f4')`,
  );
}

function shapeOf(text: string, path: string): number[] {
  // A one-tuple ends in a comma; Python 2 wrote long integers with an L.
  const parts = text.replace(/,\s*$/, "").trim();
  if (parts === "") return [];
  return parts.split(",").map((part) => {
    const digits = /^\s*(\d{1,15})L?\s*$/.exec(part);
    if (digits === null) throw new FormatError(path, `shape (${text}) in the header is not a tuple of integers`);
    return Number(digits[1]);
  });
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
