/** Adds cells to the file named by its argument until it is killed; says so after the first one. */
import { storedCell } from "./stored-cell.fixture.ts";
import { writeResult } from "./results-file.ts";

for (let i = 0; ; i++) {
  await writeResult(process.argv[2]!, `cell/${i}`, storedCell());
  if (i === 0) console.log("writing");
}
