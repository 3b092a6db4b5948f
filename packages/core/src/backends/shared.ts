/** One device per name for the whole process, closed when its last user closes it. */
import type { Backend } from "../contracts/backend.ts";

interface Shared {
  readonly backend: Promise<Backend>;
  users: number;
}

const open = new Map<string, Shared>();

export async function shared(name: string, openNew: () => Promise<Backend>): Promise<Backend> {
  const known = open.get(name);
  if (known && (await wasLost(known))) forget(name, known); // its users close it, others get a new one
  const entry = open.get(name) ?? { backend: openNew(), users: 0 };
  open.set(name, entry);
  entry.users++;
  let backend: Backend;
  try {
    backend = await entry.backend;
  } catch (error) {
    forget(name, entry);
    throw error;
  }
  let closed = false;
  return {
    ...backend,
    close: async () => {
      if (closed) return;
      closed = true;
      if (--entry.users > 0) return;
      forget(name, entry);
      await backend.close();
    },
  };
}

async function wasLost({ backend }: Shared): Promise<boolean> {
  try {
    return (await (await backend).failure?.()) !== undefined;
  } catch {
    return false; // it did not open: who asks for it is told why
  }
}

function forget(name: string, entry: Shared): void {
  if (open.get(name) === entry) open.delete(name);
}
