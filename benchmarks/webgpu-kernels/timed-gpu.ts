/// <reference types="@webgpu/types" />
/** A `GPU` whose devices measure every compute pass with timestamps, under the pass's label. */

export interface PassTimes {
  /** Milliseconds of each pass since the last call, by label; submissions in the same time. */
  take(): Promise<{ readonly ms: ReadonlyMap<string, readonly number[]>; readonly submits: number }>;
  /** What passes without a label of their own are called from now on. */
  label: string;
}

/** A query set has at most 4096 queries, two per pass. */
const CAPACITY = 2048;

/** Wraps what `requestAdapter` gives. Only one device may be opened with it. */
export function timedGpu(gpu: GPU): { readonly gpu: GPU; readonly times: PassTimes } {
  let device: GPUDevice | undefined;
  let queries: GPUQuerySet;
  let labels: string[] = [];
  let submits = 0;
  const times: PassTimes = {
    label: "tfjs",
    take: async () => {
      const count = labels.length;
      const taken = { ms: new Map<string, number[]>(), submits };
      if (count > 0) {
        const bytes = 16 * count;
        const resolved = device!.createBuffer({
          size: bytes,
          usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
        });
        const read = device!.createBuffer({ size: bytes, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
        const encoder = device!.createCommandEncoder({ label: "times" });
        encoder.resolveQuerySet(queries, 0, 2 * count, resolved, 0);
        encoder.copyBufferToBuffer(resolved, 0, read, 0, bytes);
        device!.queue.submit([encoder.finish()]);
        await read.mapAsync(GPUMapMode.READ);
        const stamps = new BigUint64Array(read.getMappedRange().slice(0));
        labels.forEach((label, i) => {
          const ms = Number(stamps[2 * i + 1]! - stamps[2 * i]!) / 1e6;
          taken.ms.set(label, [...(taken.ms.get(label) ?? []), ms]);
        });
        resolved.destroy();
        read.destroy();
      }
      labels = [];
      submits = 0;
      return taken;
    },
  };
  const measured = (opened: GPUDevice): GPUDevice => {
    device = opened;
    queries = opened.createQuerySet({ type: "timestamp", count: 2 * CAPACITY });
    const createCommandEncoder = opened.createCommandEncoder.bind(opened);
    const submit = opened.queue.submit.bind(opened.queue);
    opened.queue.submit = (buffers) => {
      submits++;
      submit(buffers);
    };
    opened.createCommandEncoder = (descriptor) => {
      const encoder = createCommandEncoder(descriptor);
      const beginComputePass = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (pass) => {
        if (labels.length === CAPACITY) return beginComputePass(pass);
        const at = 2 * labels.length;
        labels.push(pass?.label || times.label);
        const timestampWrites = {
          querySet: queries,
          beginningOfPassWriteIndex: at,
          endOfPassWriteIndex: at + 1,
        };
        return beginComputePass({ ...pass, timestampWrites });
      };
      return encoder;
    };
    return opened;
  };
  const wrapped = {
    get wgslLanguageFeatures() {
      return gpu.wgslLanguageFeatures;
    },
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await gpu.requestAdapter(options);
      if (adapter === null) return null;
      const requestDevice = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor = {}) =>
        measured(
          await requestDevice({
            ...descriptor,
            requiredFeatures: [...(descriptor.requiredFeatures ?? []), "timestamp-query"],
          }),
        );
      return adapter;
    },
  };
  return { gpu: wrapped as unknown as GPU, times };
}
