import { fileURLToPath } from "node:url";

/** The repository's root, with a trailing slash, whatever the working directory. */
export const root = fileURLToPath(new URL("..", import.meta.url));
