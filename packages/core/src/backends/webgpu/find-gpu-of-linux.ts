/**
 * Whether Linux offers a GPU at all. Dawn would find out as well, but where there is none the Vulkan loader and the drivers that it
 * tries write warnings of their own to stderr, of every program that leaves the choice of a backend to us.
 */

/** Of the kernel's graphics drivers, NVIDIA's own, Windows' below WSL, and phones' that have no render nodes. */
const DEVICES: readonly string[] = ["/dev/dri", "/dev/nvidiactl", "/dev/dxg", "/dev/mali0", "/dev/kgsl-3d0"];

interface NodeProcess {
  readonly platform: string;
  getBuiltinModule?(name: "node:fs"): { existsSync(path: string): boolean };
}

/** False as well where that cannot be known. */
export function linuxHasNoGpu(): boolean {
  const { process } = globalThis as { process?: NodeProcess };
  if (process?.platform !== "linux") return false;
  const files = process.getBuiltinModule?.("node:fs");
  return files !== undefined && !DEVICES.some((path) => files.existsSync(path));
}
