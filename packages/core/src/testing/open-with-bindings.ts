import { openWebGpuBackend } from "../backends/webgpu/open-webgpu-backend.ts";
import type { Backend } from "../contracts/backend.ts";

/**
 * `webgpu` as on a device whose kernels see no more than so many bytes of a buffer at once: a way to try matrices that do not
 * fit one, without their size.
 *
 * @param bindingBytes a multiple of 256. Matrices that are larger are bound in parts
 * @throws QsaeError where there is no WebGPU
 */
export const openWithBindings = (bindingBytes: number): Promise<Backend> => openWebGpuBackend({ bindingBytes });
