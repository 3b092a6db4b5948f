import { fileURLToPath } from "node:url";

/** A file that test/fixtures/make_pth.py wrote. */
export const pthFixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.pth`, import.meta.url));

/** Its `ramp`: numbers by 1/4 from `start` on. */
export const ramp = (start: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => start + i / 4);
