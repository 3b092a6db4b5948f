import { QsaeError } from "@qsae/runtime";

/** Runs file system calls; what the system refuses becomes a QsaeError that names the file. Other errors pass unchanged. */
export async function naming<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isSystemError(error)) throw new QsaeError(`${path}: cannot ${doing}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** Whether the error comes from a system call (`ENOENT`, `ENOSPC`, ...). */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error;
}
