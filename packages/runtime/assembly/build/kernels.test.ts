import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import * as control from "../../src/engine/control-block.ts";
import { committed } from "./committed.fixture.ts";
import { variants } from "./compile.ts";
import { sourcesLine } from "./outputs.ts";

/** Ids of a module's sections: a byte of id and a LEB128 length each, after the 8 bytes of magic and version. */
function sections(wasm: Uint8Array): number[] {
  const ids: number[] = [];
  for (let at = 8; at < wasm.length;) {
    ids.push(wasm[at++]!);
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = wasm[at++]!;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += length;
  }
  return ids;
}

describe.each(variants)("kernels, $name", (variant) => {
  const { wasmBase64 } = JSON.parse(
    committed(variant.name).replace(/^[^"]*"([^"]*)"[^"]*$/s, '{"wasmBase64":"$1"}'),
  ) as {
    wasmBase64: string;
  };
  const wasm = new Uint8Array(Buffer.from(wasmBase64, "base64"));

  it("have types, one import, functions, exports and code, and nothing that a second instance would do again", () => {
    // No table (4), global (6), start (8), element (9) or data (11): instances share one memory and own nothing.
    expect(sections(wasm)).toEqual([1, 2, 3, 7, 10]);
  });

  it.skipIf(!WebAssembly.validate(wasm))("import the memory and nothing else", () => {
    expect(WebAssembly.Module.imports(new WebAssembly.Module(wasm))).toMatchObject([{ kind: "memory" }]);
  });
});

describe("committed kernels", () => {
  it.each(variants.map(({ name }) => name))(
    "%s was made from these sources (else run `pnpm build:kernels`)",
    (name) => {
      expect(committed(name)).toContain(sourcesLine());
    },
  );
});

describe("control block", () => {
  it("has the addresses that the kernels use", () => {
    const source = readFileSync(new URL("../kernels/control.ts", import.meta.url), "utf8");
    const address = (name: string): number => Number(new RegExp(`${name}: usize = (\\d+);`).exec(source)?.[1]);
    expect(address("TILE")).toBe(control.controlWords.tile);
    expect(address("STATUS")).toBe(control.controlWords.status);
    expect(address("PROGRESS")).toBe(control.controlWords.progress);
    expect(address("ZEROS")).toBe(control.ZEROS_START);
    expect(address("CONSTANTS")).toBe(control.CONSTANTS_START);
  });
});
