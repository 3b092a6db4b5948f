/**
 * `pnpm bench frontier [--sae DIR] [--train FILE] [--heldout FILE] [--bits 1,1.58,2,3,4] [--method rtn,gptq,tune,two-phase,mixed-gptq,mixed-tune] [--steps 1100]
 * [--rotate] [--json] [--table]`: quantizes an SAE with every method at every width and prints what each costs and loses. `--table`
 * writes docs/frontier.md and its curve, from the default data; `--json` prints one JSON object last.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openBackend } from "@qsae/core";
import { openActivations, writeFileAtomic } from "@qsae/data";
import { QsaeError } from "@qsae/runtime";
import { progressLines, say } from "../variants/progress.ts";
import { frontierCurve } from "./curve.ts";
import { openSae } from "./open-sae.ts";
import { readOptions } from "./options.ts";
import { fvuOf, measureRow, sidesOf, type Row } from "./row.ts";
import { store, withStored } from "./results.ts";
import { frontierPage, textTable } from "./table.ts";

async function main(): Promise<void> {
  const { sae: saePath, train: trainPath, heldout: heldoutPath, bits, methods, json, table, ...recipe } = readOptions();
  const sae = await openSae(saePath);
  const train = await openActivations(trainPath);
  const heldout = await openActivations(heldoutPath);
  const backend = await openBackend("auto");
  try {
    const rows: Row[] = [];
    const floatFvu = await fvuOf(sae, heldout);
    say(`float: FVU ${floatFvu.toFixed(5)}`);
    for (const method of methods) {
      for (const side of sidesOf(method)) {
        for (const width of bits) {
          const label = `${method} ${side} ${width} bits`;
          const reporter = { onStep: progressLines(label) };
          const row = await measureRow(
            { method, side, bits: width },
            { backend, sae, train, heldout, reporter, ...recipe },
          );
          say(
            `${label}: FVU ${row.fvu.toFixed(5)}, ${row.bits_per_weight.toFixed(3)} bits per weight, ${row.seconds.toFixed(1)} s`,
          );
          rows.push(row);
        }
      }
    }
    console.log(textTable({ rows, floatFvu }));
    if (table) {
      const docs = (name: string): string => join(fileURLToPath(new URL("../../docs/", import.meta.url)), name);
      const text = new TextEncoder();
      const all = await withStored({ rows, floatFvu });
      await store(all);
      await writeFileAtomic(docs("frontier.md"), text.encode(await frontierPage(all)));
      await writeFileAtomic(docs("frontier.svg"), text.encode(frontierCurve(all)));
      say("wrote docs/frontier.md and docs/frontier.svg");
    }
    if (json)
      console.log(
        JSON.stringify({ rows, float_fvu: floatFvu, ...{ sae: saePath, train: trainPath, heldout: heldoutPath } }),
      );
  } finally {
    await Promise.all([backend.close(), train.close(), heldout.close()]);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof QsaeError)) throw error;
  console.error(`frontier: ${error.message}`);
  process.exitCode = 2;
}
