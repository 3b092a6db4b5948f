import { FormatError } from "@qsae/runtime";

import type { OpenFile } from "../../files/open-file.ts";

/** A pickle of protocol 2 that holds the magic number 0x1950a86a20f9469cfc6c (torch/serialization.py, `MAGIC_NUMBER`). */
const OLD_MAGIC = "80028a0a6cfc9c46f9206aa850192e";

/** @throws FormatError if the file was written by a torch before 1.6, or as those did; such a file is five pickles in a row */
export async function refuseOldFormat(file: OpenFile): Promise<void> {
  const head = Buffer.alloc(Math.min(OLD_MAGIC.length / 2, file.bytes));
  await file.read(0, head);
  if (head.toString("hex") !== OLD_MAGIC) return;
  throw new FormatError(
    file.path,
    "a file of torch before 1.6 (or of _use_new_zipfile_serialization=False), which is not read; " +
      "save it again with a newer torch: torch.save(torch.load(path), path)",
  );
}
