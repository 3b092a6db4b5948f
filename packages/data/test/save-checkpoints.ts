/**
 * A run that does nothing but save checkpoints, for the test that kills it. Every number of the checkpoint of step s is s.
 * Usage: node save-checkpoints.ts FOLDER
 */
import { fileCheckpointStore } from "../src/checkpoints/file-checkpoint-store.ts";

const store = fileCheckpointStore(process.argv[2]!);
const numbers = 1 << 18;
for (let step = (await store.load())?.step ?? 0; ; step++) {
  const data = new Float32Array(numbers).fill(step);
  await store.save({
    sae: {
      spec: { variant: "baseline", config: { d_in: 512, d_sae: 512 } },
      tensors: { W_enc: { shape: [512, 512], data } },
      provenance: {},
    },
    step,
    state: { "m/W_enc": { shape: [512, 512], data } },
    training: { steps: 1000 },
  });
  if (step % 4 === 0) process.stdout.write(".");
}
