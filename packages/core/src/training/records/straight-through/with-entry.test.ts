import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBackend } from "../../../backends/open-backend.ts";
import type { Backend } from "../../../contracts/backend.ts";
import { normals } from "../../../random.ts";
import { withEntry } from "./with-entry.ts";

describe("withEntry", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());

  it.each([
    [4, 3],
    [1, 3],
    [4, 1],
  ])("replaces one entry of [%i, %i], bit for bit, and leaves the others and the original", async (rows, columns) => {
    const { ops } = backend;
    const values = normals(rows * columns, 1, 1);
    values[0] = -0;
    const w = ops.tensor(values, [rows, columns]);
    for (let at = 0; at < values.length; at++) {
      const entry = { row: Math.floor(at / columns), column: at % columns };
      const changed = withEntry(ops, w, entry, 1e30);
      const { data, shape } = await ops.read(changed);
      expect(shape).toEqual([rows, columns]);
      const expected = values.slice();
      expected[at] = 1e30;
      expect([...data]).toEqual([...expected]);
      ops.dispose(changed);
    }
    expect([...(await ops.read(w)).data]).toEqual([...values]);
    ops.dispose(w);
  });
});
