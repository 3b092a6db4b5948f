/// <reference types="@webgpu/types" />
/**
 * tfjs's WebGPU backend, which keeps tensors in GPU buffers and has kernels for all ops but ours, with a way to run our own
 * kernels in order with its own.
 */
import { engine, type DataType, type Tensor, type TensorInfo } from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { elementCount, QsaeError } from "@qsae/runtime";
import type { EncodeMode, EncodeReport } from "@qsae/runtime/training";
import { DeviceError } from "../device-error.ts";
import { keepCompanions, type Companion } from "./companions.ts";
import { compileKernel, parameterBytes, type Parameter } from "./kernel.ts";
import { kernelFeatures, type KernelFeatures } from "./kernel-features.ts";
import { kernelsFor } from "./kernels/all.ts";
import { watchMemory, type MemoryWatch } from "./memory-watch.ts";
import type { OpenedDevice } from "./open-device.ts";
import { isAligned, type Part } from "./parts.ts";
import { requireRoom } from "./require-room.ts";

/** So many along each dimension; or where to find that, on the device. */
type Workgroups =
  readonly [x: number, y?: number, z?: number] | { readonly indirect: GPUBuffer; readonly offset: number };

/** A buffer, or a part of it that starts at a multiple of `minStorageBufferOffsetAlignment`. */
export type Binding = GPUBuffer | GPUBufferBinding;

type Program = Parameters<WebGPUBackend["runWebGPUProgram"]>[0];
type ProgramUniforms = Parameters<WebGPUBackend["runWebGPUProgram"]>[3];

type MakeTarget = (shape: readonly number[], dtype: DataType) => TensorInfo;

/** Kernels in one submission, ours alone counted: enough to make up for its cost, few enough to keep the device busy. */
const KERNELS_PER_SUBMISSION = 16;

export interface StorageOptions {
  /** How `encodeTopK` finds the largest. Default `auto`. */
  readonly encode?: EncodeMode;
  /** Bytes of a buffer that a kernel can see at once. Default: as many as the device allows. */
  readonly bindingBytes?: number;
  /** What kernels use. Default: what there is. */
  readonly features?: KernelFeatures;
}

export class WebGpuStorage extends WebGPUBackend {
  /** Bytes of a buffer that a kernel can see at once. */
  readonly bindingBytes: number;
  readonly features: KernelFeatures;
  readonly encodeMode: EncodeMode;
  lastEncode: EncodeReport | undefined;
  private readonly companions = keepCompanions();
  private readonly memoryWatch: MemoryWatch;
  /** What tfjs's next program writes to, where that is no tensor of its own. */
  private target: MakeTarget | undefined;
  /** Those of the kernel that runs: made and taken, less given back. */
  private references: Map<object, number> | undefined;
  private uniformsInUse: GPUBuffer[] = [];
  private recorded = 0;

  private constructor(
    private readonly opened: OpenedDevice,
    private readonly pipelines: ReadonlyMap<string, GPUComputePipeline>,
    { encode, bindingBytes, features }: Required<StorageOptions>,
  ) {
    super(opened.device, opened.info);
    this.encodeMode = encode;
    this.bindingBytes = bindingBytes;
    this.features = features;
    this.memoryWatch = watchMemory(opened.device, () => this.memory().numBytesAllocatedInGPU);
  }

  /** @throws QsaeError naming the kernel that the driver refuses */
  static async open(
    opened: OpenedDevice,
    {
      encode = "auto",
      bindingBytes = opened.device.limits.maxStorageBufferBindingSize,
      features = kernelFeatures(opened.device, opened.info),
    }: StorageOptions = {},
  ): Promise<WebGpuStorage> {
    const compiled = kernelsFor(features, encode).map(
      async (kernel) => [kernel.name, await compileKernel(opened.device, kernel)] as const,
    );
    return new WebGpuStorage(opened, new Map(await Promise.all(compiled)), { encode, bindingBytes, features });
  }

  /** An uninitialised tensor. */
  create(shape: readonly number[], dtype: DataType = "float32"): TensorInfo {
    const count = elementCount(shape);
    requireRoom(this.device.limits, shape);
    if (count > 0) return this.makeTensorInfo([...shape], dtype);
    return this.makeTensorInfo([...shape], dtype, dtype === "float32" ? new Float32Array() : new Int32Array());
  }

  /**
   * Numbers `first ..` of a tensor as one of its own, for tfjs's kernels alone; to be disposed. Where a binding may begin
   * there, it is the same memory, else a copy.
   */
  partOf(info: TensorInfo, first: number, shape: readonly number[]): TensorInfo {
    const [from, bytes] = [this.buffer(info), 4 * elementCount(shape)];
    // tfjs has its kernels go by the type of what is in the buffer, which a cast may have left as it was.
    const part = { ...this.makeTensorInfo([...shape], this.tensorMap.get(info.dataId).dtype), dtype: info.dtype };
    if (!isAligned(4 * first)) {
      this.copy(from, this.buffer(part), bytes, { fromByte: 4 * first });
      return part;
    }
    const data = this.tensorMap.get(part.dataId) as { resource: unknown; external?: boolean };
    data.resource = { buffer: from, offset: 4 * first, size: bytes } satisfies GPUBufferBinding; // bound as it is
    data.external = true; // its memory is not freed with it
    return part;
  }

  /** Where the program of tfjs that `run` runs writes to: of a shape and a type that it says. */
  writingTo<T>(target: MakeTarget, run: () => T): T {
    this.target = target;
    try {
      return run();
    } finally {
      this.target = undefined;
    }
  }

  /** Runs a kernel. Where it fails, the references to tensors that it took or made are given back. */
  attempt<T>(kernel: () => T): T {
    const outer = this.references;
    const own = new Map<object, number>();
    this.references = own;
    try {
      return kernel();
    } catch (error) {
      this.references = undefined;
      for (const [dataId, count] of own) for (let i = 0; i < count; i++) this.disposeData(dataId);
      throw error;
    } finally {
      this.references = outer;
    }
  }

  private counted(dataId: object, change: 1 | -1): void {
    this.references?.set(dataId, (this.references.get(dataId) ?? 0) + change);
  }

  override write(...given: Parameters<WebGPUBackend["write"]>): object {
    const dataId = super.write(...given);
    this.counted(dataId, 1);
    return dataId;
  }

  override incRef(dataId: object): void {
    super.incRef(dataId);
    this.counted(dataId, 1);
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

  /** The same, for a kernel that changes them: what was read before or derived from them is forgotten. */
  bufferToChange(info: TensorInfo): GPUBuffer {
    const buffer = this.buffer(info);
    this.companions.forget(info.dataId);
    // null is what tfjs asks for, whatever its declaration says
    (this.tensorMap.get(info.dataId) as { values: unknown }).values = null;
    return buffer;
  }

  /** A tensor of its own with the same numbers. */
  copied(info: TensorInfo): TensorInfo {
    const copy = this.create(info.shape, info.dtype);
    this.copy(this.buffer(info), this.buffer(copy), 4 * elementCount(info.shape));
    return copy;
  }

  /** A buffer that no tensor has, uninitialised; to be released. */
  acquire(bytes: number, usage: GPUBufferUsageFlags = 0): GPUBuffer {
    const shape = [bytes / 4];
    requireRoom(this.device.limits, shape);
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    return this.memoryWatch.allocated(bytes, shape, () =>
      this.bufferManager.acquireBuffer(Math.max(16, bytes), STORAGE | COPY_SRC | COPY_DST | usage),
    );
  }

  /** To the pool: whoever gets the buffer next uses it after what was recorded already. */
  release(buffer: GPUBuffer): void {
    this.bufferManager.releaseBuffer(buffer);
  }

  /** A buffer for the time of `use`. */
  withScratch<T>(bytes: number, use: (scratch: GPUBuffer) => T, usage?: GPUBufferUsageFlags): T {
    const buffer = this.acquire(bytes, usage);
    try {
      return use(buffer);
    } finally {
      this.release(buffer);
    }
  }

  /** What `make` derives from a tensor's numbers, kept under that name until they change or the tensor is disposed. */
  companion<T extends Companion>({ dataId }: TensorInfo, name: string, make: () => T): T {
    return this.companions.of(dataId, name, make);
  }

  override disposeData(dataId: object, force = false): boolean {
    this.counted(dataId, -1);
    const gone = super.disposeData(dataId, force);
    if (gone) this.companions.forget(dataId);
    return gone;
  }

  /** So many bytes of a buffer to another; default: from the first to the first. */
  copy(from: GPUBuffer, to: GPUBuffer, bytes: number, { fromByte = 0, toByte = 0 } = {}): void {
    if (bytes > 0) this.record((encoder) => encoder.copyBufferToBuffer(from, fromByte, to, toByte, bytes));
  }

  /** Sets the first `bytes` of a buffer to 0. */
  clear(buffer: GPUBuffer, bytes: number): void {
    this.record((encoder) => encoder.clearBuffer(buffer, 0, bytes));
  }

  /**
   * Runs one of our kernels after all that was asked for before.
   *
   * @throws QsaeError where a binding is larger than the device allows
   */
  run(name: string, bindings: readonly Binding[], parameters: readonly Parameter[], workgroups: Workgroups): void {
    const pipeline = this.pipelines.get(name)!;
    const resources = bindings.map((binding) => ("buffer" in binding ? binding : { buffer: binding }));
    for (const { buffer, size = buffer.size } of resources) this.requireBinding(`the kernel ${name}`, size);
    const uniforms = parameterBytes(parameters);
    const uniform = this.bufferManager.acquireBuffer(
      uniforms.byteLength,
      GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM,
    );
    this.uniformsInUse.push(uniform);
    this.queue.writeBuffer(uniform, 0, uniforms);
    const bindGroup = this.device.createBindGroup({
      label: name,
      layout: pipeline.getBindGroupLayout(0),
      entries: [...resources, { buffer: uniform }].map((resource, binding) => ({ binding, resource })),
    });
    this.record((encoder) => {
      const pass = encoder.beginComputePass({ label: name });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      if ("indirect" in workgroups) pass.dispatchWorkgroupsIndirect(workgroups.indirect, workgroups.offset);
      else pass.dispatchWorkgroups(...workgroups);
      pass.end();
    });
  }

  /** tfjs's own kernels bind whole tensors: one that is too large for that is an error here, not later in the driver. */
  override runWebGPUProgram(
    program: Program,
    inputs: TensorInfo[],
    outputDtype: DataType,
    programDefinedUniform?: ProgramUniforms,
    output?: TensorInfo,
  ): TensorInfo {
    for (const shape of [...inputs.map((input) => input.shape), program.outputShape]) {
      requireRoom(this.device.limits, shape);
      this.requireBinding(`tfjs's kernel ${program.shaderKey}`, 4 * elementCount(shape), shape);
    }
    const to = output ?? this.target?.(program.outputShape, outputDtype);
    return super.runWebGPUProgram(program, inputs, outputDtype, programDefinedUniform, to);
  }

  /** After this, uniforms may be written anew: writes come after the submission. */
  override submitQueue(): void {
    super.submitQueue();
    this.recorded = 0;
    for (const uniform of this.uniformsInUse.splice(0)) this.bufferManager.releaseBuffer(uniform);
  }

  /** @throws DeviceError where the device was lost, its memory was not enough, or the driver has reported an error */
  requireAlive(): void {
    const problem = this.problem();
    if (problem) throw problem;
  }

  /** The same as a value; undefined while the device works. */
  problem(): DeviceError | undefined {
    const exhausted = this.memoryWatch.exhausted();
    return exhausted === undefined ? this.opened.problem() : new DeviceError(exhausted);
  }

  /** Of live tensors, in GPU buffers, without companions. What is freed with the next submission is freed now. */
  liveBytes(): number {
    this.flush();
    return this.memory().numBytesInGPU - this.companions.bytes();
  }

  /** Submits what was recorded. */
  flush(): void {
    this.endComputePassEncoder();
    this.ensureCommandEncoderReady();
    this.submitQueue();
  }

  override uploadToGPU(dataId: object): void {
    const { resource, shape } = this.tensorMap.get(dataId);
    if (resource !== undefined && resource !== null) return;
    const bytes = 4 * elementCount(shape);
    requireRoom(this.device.limits, shape);
    this.memoryWatch.allocated(bytes, shape, () => super.uploadToGPU(dataId));
  }

  /** Whether a kernel sees a tensor of this shape whole. */
  canBind(shape: readonly number[]): boolean {
    return 4 * elementCount(shape) <= this.bindingBytes;
  }

  private requireBinding(who: string, bytes: number, shape?: readonly number[]): void {
    if (bytes <= this.bindingBytes) return;
    throw new QsaeError(
      `webgpu: ${who} needs ${bytes} bytes at once${shape ? `, a tensor of shape [${shape.join(", ")}]` : ""}; kernels of this device see at most ${this.bindingBytes}`,
    );
  }

  /** Into the commands that tfjs gathers, so that all are submitted together and in order. */
  private record(commands: (encoder: GPUCommandEncoder) => void): void {
    this.endComputePassEncoder();
    this.ensureCommandEncoderReady();
    commands(gathering(this));
    if (++this.recorded >= KERNELS_PER_SUBMISSION) this.submitQueue();
  }
}

/** Where tfjs gathers commands: it declares that private, and has no other way in. */
function gathering(backend: WebGPUBackend): GPUCommandEncoder {
  return (backend as unknown as { commandEncoder: GPUCommandEncoder }).commandEncoder;
}

/** The rows of a part, as a binding. */
export function bindPart(buffer: GPUBuffer, { first, count }: Part, rowBytes: number): GPUBufferBinding {
  return { buffer, offset: first * rowBytes, size: count * rowBytes };
}
