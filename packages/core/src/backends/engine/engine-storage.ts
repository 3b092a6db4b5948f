/**
 * A tfjs backend whose tensors live in the engine's memory. It extends tfjs's JavaScript backend, so that a kernel we do not
 * have still runs (slowly, in JavaScript, see {@link EngineStorage.fellBack}); our kernels work on pointers.
 *
 * float32 and int32 tensors are blocks of the engine. bool tensors are blocks of float32 zeros and ones, which is what every
 * consumer of them wants; JavaScript kernels get bytes. Everything else stays a JavaScript array.
 */
import { engine, type Tensor, type TensorInfo, type TypedArray } from "@tensorflow/tfjs";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { elementCount } from "@qsae/runtime";
import type { EncodeMode, EncodeReport, Engine, Pointer } from "@qsae/runtime/training";

type DataId = object;
type BackendValues = Parameters<MathBackendCPU["write"]>[0];
type DataType = Parameters<MathBackendCPU["write"]>[2];

/** A tensor that is being made, and where its numbers go. */
export interface Fresh {
  readonly info: TensorInfo;
  readonly pointer: Pointer;
}

const inEngine = (dtype: DataType): dtype is "float32" | "int32" | "bool" =>
  dtype === "float32" || dtype === "int32" || dtype === "bool";

export class EngineStorage extends MathBackendCPU {
  /** Names of kernels that ran in JavaScript. Moving and renaming tensors does not count. */
  readonly fellBack = new Set<string>();
  private readonly pointers = new Map<DataId, Pointer>();
  private readonly companions = new Map<DataId, { free(): void }>();

  lastEncode: EncodeReport | undefined;

  constructor(
    readonly engine: Engine,
    readonly encodeMode: EncodeMode,
  ) {
    super();
    (this as unknown as { firstUse: boolean }).firstUse = false; // tfjs's advertisement for its Node backend
  }

  /** An uninitialised tensor. */
  create(shape: readonly number[], dtype: "float32" | "int32" | "bool" = "float32"): Fresh {
    const length = elementCount(shape);
    const pointer = this.engine.alloc(length * 4);
    const dataId = super.write(undefined as unknown as BackendValues, [...shape], dtype);
    this.adopt(dataId, pointer, length, dtype);
    return { info: { dataId, shape: [...shape], dtype }, pointer };
  }

  /** A handle for tfjs, tracked by the current scope. */
  toTensor(info: TensorInfo): Tensor {
    return engine().makeTensorFromTensorInfo(info, this);
  }

  /** Where a tensor's numbers are: float32 for float32 and bool, int32 for int32. */
  pointer({ dataId, dtype }: TensorInfo): Pointer {
    const pointer = this.pointers.get(dataId);
    if (pointer === undefined) throw new Error(`a ${dtype} tensor is not in the engine's memory`);
    return pointer;
  }

  /** Something derived from a tensor that is worth keeping as long as the tensor lives. */
  companion<T extends { free(): void }>({ dataId }: TensorInfo, make: () => T): T {
    const known = this.companions.get(dataId) as T | undefined;
    if (known) return known;
    const made = make();
    this.companions.set(dataId, made);
    return made;
  }

  /** Copies: tfjs hands out views of its own and of the caller's arrays. */
  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    if (!inEngine(dtype) || values === undefined) return super.write(values, shape, dtype);
    const { info, pointer } = this.create(shape, dtype);
    this.fill(pointer, values as TypedArray, dtype);
    return info.dataId;
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    super.move(dataId, values, shape, dtype, refCount);
    if (!inEngine(dtype)) return;
    const length = elementCount(shape);
    const pointer = this.engine.alloc(length * 4);
    this.fill(pointer, values as TypedArray, dtype);
    this.adopt(dataId, pointer, length, dtype);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const gone = super.disposeData(dataId, force);
    const pointer = this.pointers.get(dataId);
    if (gone && pointer !== undefined) {
      this.pointers.delete(dataId);
      this.engine.free(pointer);
      this.companions.get(dataId)?.free();
      this.companions.delete(dataId);
    }
    return gone;
  }

  private fill(pointer: Pointer, values: TypedArray, dtype: DataType): void {
    const target =
      dtype === "int32" ? this.engine.i32(pointer, values.length) : this.engine.f32(pointer, values.length);
    target.set(values);
  }

  /** JavaScript kernels read `values`: a fresh view each time, since memory may have grown. */
  private adopt(dataId: DataId, pointer: Pointer, length: number, dtype: "float32" | "int32" | "bool"): void {
    const { engine } = this;
    this.pointers.set(dataId, pointer);
    Object.defineProperty(this.data.get(dataId), "values", {
      configurable: true,
      get: () => {
        if (dtype === "int32") return engine.i32(pointer, length);
        return dtype === "bool" ? Uint8Array.from(engine.f32(pointer, length)) : engine.f32(pointer, length);
      },
    });
  }
}
