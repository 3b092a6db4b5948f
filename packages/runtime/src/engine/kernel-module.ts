/** Picks and compiles the kernels that this machine validates. */
import { UsageError } from "../errors.ts";
import type { EngineBuild } from "./engine.ts";

/** A module whose only function uses one instruction: `simd` an i8x16 splat, `relaxed` an f32x4.relaxed_madd. */
const probes: Readonly<Record<EngineBuild, readonly number[]>> = {
  simd: [0x41, 0x00, 0xfd, 0x0f, 0x1a, 0x0b],
  relaxed: [0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0x41, 0x00, 0xfd, 0x0f, 0xfd, 0x85, 0x02, 0x1a, 0x0b],
};

/** Whether this machine's WebAssembly has the instructions of a build. */
export function supports(build: EngineBuild): boolean {
  if (typeof WebAssembly === "undefined") return false;
  const body = [0, ...probes[build]];
  const code = [1, body.length, ...body];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const sections = [...[1, 4, 1, 0x60, 0, 0], ...[3, 2, 1, 0], ...[10, code.length, ...code]];
  return WebAssembly.validate(new Uint8Array([...header, ...sections]));
}

/** @throws UsageError if this machine lacks the instructions */
export function chooseBuild(wanted: EngineBuild | "auto"): EngineBuild {
  if (wanted === "auto") {
    if (supports("relaxed")) return "relaxed";
    if (supports("simd")) return "simd";
    throw new UsageError("openEngine: this WebAssembly has no SIMD; use Node 20 or a browser of 2023 or later");
  }
  if (wanted !== "simd" && wanted !== "relaxed") {
    throw new UsageError(`openEngine: unknown build "${String(wanted)}"; allowed: auto, simd, relaxed`);
  }
  if (!supports(wanted)) {
    throw new UsageError(
      `openEngine: this WebAssembly does not validate the build "${wanted}"; ` +
        (wanted === "relaxed" ? "relaxed SIMD needs Node 22 or a browser of 2024 or later" : "it has no SIMD"),
    );
  }
  return wanted;
}

/** Only the module that is needed is loaded: the four of them make up most of this package. */
export async function compileKernels(build: EngineBuild, shared: boolean): Promise<WebAssembly.Module> {
  const { wasmBase64 } = await loaders[`${build}-${shared ? "shared" : "single"}`]();
  return WebAssembly.compile(Uint8Array.from(atob(wasmBase64), (character) => character.charCodeAt(0)));
}

const loaders = {
  "simd-shared": () => import("./generated/simd-shared.ts"),
  "simd-single": () => import("./generated/simd-single.ts"),
  "relaxed-shared": () => import("./generated/relaxed-shared.ts"),
  "relaxed-single": () => import("./generated/relaxed-single.ts"),
};
