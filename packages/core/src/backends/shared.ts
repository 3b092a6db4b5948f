/** One device per name for the whole process, closed when its last user closes it. */
import type { Backend } from "../contracts/backend.ts";

interface Shared {
  readonly backend: Promise<Backend>;
  users: number;
}

const open = new Map<string, Shared>();

export async function shared(name: string, openNew: () => Promise<Backend>): Promise<Backend> {
  const entry = open.get(name) ?? { backend: openNew(), users: 0 };
  open.set(name, entry);
  entry.users++;
  let backend: Backend;
  try {
    backend = await entry.backend;
  } catch (error) {
    open.delete(name);
    throw error;
  }
  let closed = false;
  return {
    ...backend,
    close: async () => {
      if (closed) return;
      closed = true;
      if (--entry.users > 0) return;
      open.delete(name);
      await backend.close();
    },
  };
}
