/// <reference types="@webgpu/types" />
/**
 * Opens a backend as on a device whose shaders cannot multiply packed 8-bit numbers. Something has opened `webgpu` before: there is
 * `navigator.gpu`, in Node as well.
 */
export async function withoutPackedDots<T>(open: () => Promise<T>): Promise<T> {
  const { gpu } = navigator;
  const language = new Set([...gpu.wgslLanguageFeatures].filter((name) => name !== "packed_4x8_integer_dot_product"));
  offer(
    new Proxy(gpu, {
      get: (target, name) => {
        if (name === "wgslLanguageFeatures") return language;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    }),
  );
  try {
    return await open();
  } finally {
    offer(gpu);
  }
}

function offer(gpu: GPU): void {
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true });
}
