#!/usr/bin/env node
import { main } from "./main.ts";

// `qsae ... | head` closes the pipe when it has seen enough: no reason to complain.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// Not process.exit: what was written to a pipe would be cut off.
process.exitCode = await main(process.argv.slice(2));
