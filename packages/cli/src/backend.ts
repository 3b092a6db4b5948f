import { openBackend, type Backend } from "@qsae/core";

/** The fastest backend that opens, closed after `use`. */
export async function withBackend<T>(use: (backend: Backend) => Promise<T>): Promise<T> {
  const backend = await openBackend("auto");
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}
