/** The engine's memory: as much address space as the host grants. */
import { EngineMemoryError } from "./errors.ts";

export interface Reserved {
  readonly memory: WebAssembly.Memory;
  readonly maxBytes: number;
}

const PAGE = 65536;
const INITIAL_PAGES = 16;

/**
 * A memory of at most `maxBytes`. Hosts that cannot reserve that much address space (phones, 32-bit processes) get half,
 * a quarter and so on, with a note.
 * @throws EngineMemoryError if the host refuses every size
 */
export function reserveMemory(maxBytes: number, shared: boolean, notes: string[]): Reserved {
  for (let pages = Math.floor(maxBytes / PAGE); pages >= INITIAL_PAGES; pages = Math.floor(pages / 2)) {
    try {
      const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: pages, shared });
      if (pages < Math.floor(maxBytes / PAGE)) notes.push(`memory: the host reserves ${pages * PAGE} bytes at most`);
      return { memory, maxBytes: pages * PAGE };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new EngineMemoryError(INITIAL_PAGES * PAGE, 0, maxBytes);
}
