/// <reference types="@webgpu/types" />
/** What kernels may use beyond plain WGSL, found out when a device opens. */

/** What codes `encodeTopK` scores all latents with, before it scores the best of them in float32: kernels/coding.ts. */
export type CodingName = "int8" | "f16";

export interface KernelFeatures {
  /** Sums over the threads that run in step, without a barrier. */
  readonly subgroups: boolean;
  /** Absent: all scores are float32 ones. */
  readonly coding?: CodingName;
}

/** Makers whose GPUs have no product of packed 8-bit numbers: the language's is made of many instructions there. */
const WITHOUT_PACKED_DOTS: readonly string[] = ["apple"];

export function kernelFeatures(
  { features }: Pick<GPUDevice, "features">,
  { vendor }: Pick<GPUAdapterInfo, "vendor">,
): KernelFeatures {
  const language = (globalThis.navigator as Partial<Navigator> | undefined)?.gpu?.wgslLanguageFeatures;
  const packedDots = language?.has("packed_4x8_integer_dot_product") === true;
  const halves = features.has("shader-f16");
  const coding = packedDots && !(halves && WITHOUT_PACKED_DOTS.includes(vendor)) ? "int8" : halves ? "f16" : undefined;
  return {
    // Only with the number of its subgroup can a thread know where the sum belongs.
    subgroups: features.has("subgroups") && language?.has("subgroup_id") === true,
    ...(coding === undefined ? {} : { coding }),
  };
}
