/// <reference types="@webgpu/types" />
/** What kernels may use beyond plain WGSL, found out when a device opens. */

export interface KernelFeatures {
  /** Sums over the threads that run in step, without a barrier. */
  readonly subgroups: boolean;
  /** `dot4I8Packed` and its packing (DP4A). */
  readonly packedDots: boolean;
}

export function kernelFeatures({ features }: Pick<GPUDevice, "features">): KernelFeatures {
  const language = (globalThis.navigator as Partial<Navigator> | undefined)?.gpu?.wgslLanguageFeatures;
  return {
    // Only with the number of its subgroup can a thread know where the sum belongs.
    subgroups: features.has("subgroups") && language?.has("subgroup_id") === true,
    packedDots: language?.has("packed_4x8_integer_dot_product") === true,
  };
}
