/** What kernels derive from tensors and keep for the next kernel that needs it, under the tensor's data and a name. */

/** Something on the device. */
export interface Companion {
  readonly bytes: number;
  free(): void;
}

export interface Companions {
  /** The one kept, or what `make` makes. */
  of<T extends Companion>(dataId: object, name: string, make: () => T): T;
  /** Frees all of a tensor's. */
  forget(dataId: object): void;
  /** Of all. */
  bytes(): number;
}

export function keepCompanions(): Companions {
  const kept = new Map<object, Map<string, Companion>>();
  let bytes = 0;
  return {
    of: <T extends Companion>(dataId: object, name: string, make: () => T): T => {
      const known = kept.get(dataId)?.get(name) as T | undefined;
      if (known) return known;
      const made = make();
      const own = kept.get(dataId) ?? new Map<string, Companion>();
      kept.set(dataId, own.set(name, made));
      bytes += made.bytes;
      return made;
    },
    forget: (dataId) => {
      for (const companion of kept.get(dataId)?.values() ?? []) {
        companion.free();
        bytes -= companion.bytes;
      }
      kept.delete(dataId);
    },
    bytes: () => bytes,
  };
}
