/** Custom gradients, detached tensors, and gradients of a function of named parameters, on tfjs's tape. */
import * as tf from "@tensorflow/tfjs";
import type { Tensor, Tensors, ValueAndGrads } from "../../contracts/tensor-ops.ts";

/** tfjs has no stop-gradient: a second handle on the same storage is one, since the tape follows handles. */
export function detach(a: Tensor): Tensor {
  const { dataId, shape, dtype } = a as tf.Tensor;
  tf.backend().incRef(dataId);
  return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
}

/** `tf.customGrad` without its variadic typing. */
export function customGrad(
  inputs: readonly Tensor[],
  forward: () => { readonly value: Tensor; readonly saved: readonly Tensor[] },
  backward: (dy: Tensor, saved: readonly Tensor[]) => readonly Tensor[],
): Tensor {
  const run = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const { value, saved } = forward();
    save([...saved] as tf.Tensor[]);
    return { value: value as tf.Tensor, gradFunc: (dy, kept) => [...backward(dy, kept)] as tf.Tensor[] };
  });
  return run(...(inputs as tf.Tensor[]));
}

export function valueAndGrads(params: Tensors, f: (params: Tensors) => { loss: Tensor; aux: Tensors }): ValueAndGrads {
  const names = Object.keys(params);
  const xs = names.map((name) => params[name] as tf.Tensor);
  let kept: [string, tf.Tensor][] = [];
  const { value, grads } = tf.engine().gradients(
    () => {
      const { loss, aux } = f(params);
      // tfjs ends the forward scope before the backward pass: aux would be disposed there.
      kept = Object.entries(aux).map(([name, a]) => [name, tf.keep(a as tf.Tensor)]);
      return loss as tf.Scalar;
    },
    xs,
    undefined,
    true,
  );
  const aux = Object.fromEntries(
    kept.map(([name, a]) => {
      const owned = tf.clone(a); // belongs to the caller's scope, unlike the kept one
      a.dispose();
      return [name, owned];
    }),
  );
  const filled = names.map((name, i) => [name, grads[i] ?? tf.zerosLike(xs[i]!)] as const);
  return { value, grads: Object.fromEntries(filled), aux };
}
