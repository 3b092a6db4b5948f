/**
 * The Vulkan driver in software that comes with Chromium (SwiftShader): WebGPU in Node on a machine without a GPU. It is offered
 * beside installed drivers, which come first.
 */
import { existsSync } from "node:fs";

/** Where distributions put it. */
const DRIVERS = ["/usr/lib/chromium", "/usr/lib64/chromium-browser", "/usr/lib/chromium-browser", "/opt/google/chrome"];
/** Variables of the Vulkan loader with which somebody has chosen already. */
const CHOICES = ["VK_ICD_FILENAMES", "VK_DRIVER_FILES", "VK_ADD_DRIVER_FILES"];

/** Environment variables to add. */
export function softwareGpu(env: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  if (CHOICES.some((name) => env[name] !== undefined)) return {};
  const file = DRIVERS.map((folder) => `${folder}/vk_swiftshader_icd.json`).find((path) => existsSync(path));
  return file === undefined ? {} : { VK_ADD_DRIVER_FILES: file };
}
