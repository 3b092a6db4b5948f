/** A byte offset into the engine's memory: what `alloc` returns and every kernel takes. */
export type Pointer = number;
