/// <reference types="@webgpu/types" />
/**
 * WebGPU does not say how much memory there is, only some time after an allocation that there was not enough: here with what
 * it was for.
 */

/** Allocations from here on are watched: smaller ones are not worth a wait for the driver each. */
const WATCHED_BYTES = 2 ** 20;

export interface MemoryWatch {
  allocated<T>(bytes: number, shape: readonly number[], allocate: () => T): T;
  /** What there was no memory for first, for people; undefined while there was enough. */
  exhausted(): string | undefined;
}

/** @param inUse bytes allocated in all */
export function watchMemory(device: GPUDevice, inUse: () => number): MemoryWatch {
  let exhausted: string | undefined;
  return {
    allocated: (bytes, shape, allocate) => {
      if (bytes < WATCHED_BYTES) return allocate();
      device.pushErrorScope("out-of-memory");
      try {
        return allocate();
      } finally {
        const all = inUse();
        void device.popErrorScope().then(
          (error) => {
            if (error === null) return;
            exhausted ??= `webgpu: out of memory: a tensor of shape [${shape.join(", ")}] needs ${bytes} bytes, ${all} with all others: ${error.message.trim()}`;
          },
          () => undefined, // the device was lost, which is told elsewhere
        );
      }
    },
    exhausted: () => exhausted,
  };
}
