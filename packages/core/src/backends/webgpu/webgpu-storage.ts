/// <reference types="@webgpu/types" />
/**
 * tfjs's WebGPU backend, which keeps tensors in GPU buffers and has kernels for all ops but ours, with a way to run our own
 * kernels in order with its own.
 */
import { engine, type Tensor, type TensorInfo } from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { elementCount, QsaeError } from "@qsae/runtime";
import { compileKernel, parameterBytes, type Parameter, type WgslKernel } from "./kernel.ts";
import type { OpenedDevice } from "./open-device.ts";

type Workgroups = readonly [x: number, y?: number, z?: number];

/** A buffer, or a part of it that starts at a multiple of `minStorageBufferOffsetAlignment`. */
export type Binding = GPUBuffer | GPUBufferBinding;

export class WebGpuStorage extends WebGPUBackend {
  private readonly companions = new Map<object, { free(): void }>();

  private constructor(
    private readonly opened: OpenedDevice,
    private readonly pipelines: ReadonlyMap<string, GPUComputePipeline>,
  ) {
    super(opened.device, opened.info);
  }

  /** @throws QsaeError naming the kernel that the driver refuses */
  static async open(opened: OpenedDevice, kernels: readonly WgslKernel[]): Promise<WebGpuStorage> {
    const pipelines = new Map<string, GPUComputePipeline>();
    for (const kernel of kernels) pipelines.set(kernel.name, await compileKernel(opened.device, kernel));
    return new WebGpuStorage(opened, pipelines);
  }

  /** An uninitialised tensor. */
  create(shape: readonly number[], dtype: "float32" | "int32" = "float32"): TensorInfo {
    this.requireRoom(4 * elementCount(shape), shape);
    return this.makeTensorInfo([...shape], dtype);
  }

  /** A handle for tfjs, tracked by the current scope. */
  toTensor(info: TensorInfo): Tensor {
    return engine().makeTensorFromTensorInfo(info, this);
  }

  /** Where a tensor's numbers are: float32 for float32, int32 for int32 and bool. */
  buffer({ dataId }: TensorInfo): GPUBuffer {
    this.uploadToGPU(dataId);
    return this.tensorMap.get(dataId).resource as GPUBuffer;
  }

  /** The same, for a kernel that changes them: what was read before is forgotten. */
  bufferToChange(info: TensorInfo): GPUBuffer {
    const buffer = this.buffer(info);
    // null is what tfjs asks for, whatever its declaration says
    (this.tensorMap.get(info.dataId) as { values: unknown }).values = null;
    return buffer;
  }

  /** A tensor of its own with the same numbers. */
  copied(info: TensorInfo): TensorInfo {
    const copy = this.create(info.shape, info.dtype as "float32" | "int32");
    const [from, to] = [this.buffer(info), this.buffer(copy)];
    this.inOrder((encoder) => encoder.copyBufferToBuffer(from, 0, to, 0, 4 * elementCount(info.shape)));
    return copy;
  }

  /** A buffer that no tensor has, uninitialised; to be released. */
  acquire(bytes: number): GPUBuffer {
    this.requireRoom(bytes, [bytes / 4]);
    return this.bufferManager.acquireBuffer(
      Math.max(4, bytes),
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    );
  }

  /** To the pool: whoever gets the buffer next uses it after what is submitted already. */
  release(buffer: GPUBuffer): void {
    this.bufferManager.releaseBuffer(buffer);
  }

  /** A buffer for the time of `use`. */
  withScratch<T>(bytes: number, use: (scratch: GPUBuffer) => T): T {
    const buffer = this.acquire(bytes);
    try {
      return use(buffer);
    } finally {
      this.release(buffer);
    }
  }

  /** Something derived from a tensor that is worth keeping as long as the tensor lives. */
  companion<T extends { free(): void }>({ dataId }: TensorInfo, make: () => T): T {
    const known = this.companions.get(dataId) as T | undefined;
    if (known) return known;
    const made = make();
    this.companions.set(dataId, made);
    return made;
  }

  override disposeData(dataId: object, force = false): boolean {
    const gone = super.disposeData(dataId, force);
    if (gone) {
      this.companions.get(dataId)?.free();
      this.companions.delete(dataId);
    }
    return gone;
  }

  /** Sets the first `bytes` of a buffer to 0. */
  clear(buffer: GPUBuffer, bytes: number): void {
    this.inOrder((encoder) => encoder.clearBuffer(buffer, 0, bytes));
  }

  /** Runs one of our kernels after all that was asked for before. */
  run(name: string, bindings: readonly Binding[], parameters: readonly Parameter[], workgroups: Workgroups): void {
    const pipeline = this.pipelines.get(name)!;
    const uniforms = parameterBytes(parameters);
    const uniform = this.bufferManager.acquireBuffer(
      uniforms.byteLength,
      GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM,
    );
    const resources = [...bindings, uniform].map((binding) => ("buffer" in binding ? binding : { buffer: binding }));
    const bindGroup = this.device.createBindGroup({
      label: name,
      layout: pipeline.getBindGroupLayout(0),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
    this.inOrder((encoder) => {
      this.queue.writeBuffer(uniform, 0, uniforms);
      const pass = encoder.beginComputePass({ label: name });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.dispatchWorkgroups(...workgroups);
      pass.end();
    });
    this.bufferManager.releaseBuffer(uniform);
  }

  /** @throws QsaeError where the device was lost, or the driver has reported an error */
  requireAlive(): void {
    const lost = this.opened.lost();
    if (lost !== undefined) {
      throw new QsaeError(
        `webgpu: the device was lost (${lost}); what was on it is gone. Go on from the last checkpoint: qsae train --resume`,
      );
    }
    const failed = this.opened.failed();
    if (failed !== undefined) throw new QsaeError(`webgpu: the driver reports an error: ${failed.trim()}`);
  }

  /** Of live tensors, in GPU buffers. What tfjs frees with its next submission is freed now. */
  liveBytes(): number {
    this.inOrder(() => undefined);
    return this.memory().numBytesInGPU;
  }

  override uploadToGPU(dataId: object): void {
    const { resource, shape } = this.tensorMap.get(dataId);
    if (resource == null) this.requireRoom(4 * elementCount(shape), shape);
    super.uploadToGPU(dataId);
  }

  private requireRoom(bytes: number, shape: readonly number[]): void {
    const { maxBufferSize } = this.device.limits;
    if (bytes <= maxBufferSize) return;
    throw new QsaeError(
      `webgpu: a tensor of shape [${shape.join(", ")}] needs ${bytes} bytes; this device has buffers of at most ${maxBufferSize}`,
    );
  }

  /** Submits what tfjs has gathered, then ours. */
  private inOrder(record: (encoder: GPUCommandEncoder) => void): void {
    this.endComputePassEncoder();
    this.ensureCommandEncoderReady();
    this.submitQueue();
    const encoder = this.device.createCommandEncoder();
    record(encoder);
    this.queue.submit([encoder.finish()]);
  }
}
