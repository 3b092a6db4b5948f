/// <reference types="@webgpu/types" />
/**
 * Compute kernels of our own beside tfjs's. A kernel binds storage buffers in order, then one uniform buffer of 32-bit
 * parameters. All are compiled when the device opens: a shader that a driver refuses is an error there, with its name.
 */
import { QsaeError } from "@qsae/runtime";

export interface WgslKernel {
  /** What errors call it. */
  readonly name: string;
  /** WGSL with the entry point `main`. */
  readonly code: string;
}

/** A parameter of a kernel: `{ u32: 3 }` or `{ f32: 0.5 }`. */
export type Parameter = { readonly u32: number } | { readonly f32: number };

/** @throws QsaeError naming the kernel, with what the driver says */
export async function compileKernel(device: GPUDevice, { name, code }: WgslKernel): Promise<GPUComputePipeline> {
  device.pushErrorScope("validation");
  const module = device.createShaderModule({ label: name, code });
  void device.popErrorScope(); // what it would say is in the compilation's own messages
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter(({ type }) => type === "error");
  if (errors.length > 0)
    throw refused(name, errors.map(({ lineNum, message }) => `line ${lineNum}: ${message}`).join("; "));
  try {
    return await device.createComputePipelineAsync({
      label: name,
      layout: "auto",
      compute: { module, entryPoint: "main" },
    });
  } catch (error) {
    throw refused(name, (error as Error).message);
  }
}

function refused(name: string, why: string): QsaeError {
  return new QsaeError(`webgpu: the driver refuses the kernel ${name}: ${why.trim()}`);
}

/** Parameters as a kernel's uniform struct has them. */
export function parameterBytes(parameters: readonly Parameter[]): ArrayBuffer {
  const bytes = new DataView(new ArrayBuffer(16 * Math.ceil(Math.max(1, parameters.length) / 4)));
  parameters.forEach((parameter, i) => {
    if ("u32" in parameter) bytes.setUint32(4 * i, parameter.u32, true);
    else bytes.setFloat32(4 * i, parameter.f32, true);
  });
  return bytes.buffer;
}
