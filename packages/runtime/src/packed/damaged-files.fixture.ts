/** What damaged files of packed SAEs must end in. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { FormatError, QsaeError } from "../errors.ts";
import { loadSae } from "../sae/load-sae.ts";
import { decodePackedSae, encodePackedSae } from "./packed-file.ts";
import type { PackedSae } from "./schema.ts";

/** Declares the tests of a file that is cut off and of one with a byte changed. */
export function itSurvivesDamage(sae: PackedSae): void {
  const intact = encodePackedSae(sae);

  it("is refused at every length it may be cut to", () => {
    for (let length = 0; length < intact.length; length++) {
      expect(() => decodePackedSae(intact.slice(0, length), "cut")).toThrow(FormatError);
    }
  });

  it("never raises anything but typed errors under byte flips, and what it accepts can be run", () => {
    const x = Float32Array.from({ length: sae.dIn }, (_, i) => i + 1);
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(intact.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
        const file = intact.slice();
        file[at]! ^= bits;
        try {
          const loaded = loadSae(file);
          if (loaded.dIn === x.length) loaded.reconstruct(x);
        } catch (error) {
          if (!(error instanceof QsaeError)) throw error;
          refused++;
        }
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(1000);
  });
}
