/**
 * Adam (Kingma & Ba 2015, algorithm 1) composed of tfjs ops:
 *
 *     m = beta1 m + (1 - beta1) g,   v = beta2 v + (1 - beta2) g^2
 *     param -= lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
 */
import * as tf from "@tensorflow/tfjs";
import type { AdamOptions, AdamSlot, Tensor } from "../../contracts/tensor-ops.ts";

export function adamStep(slot: AdamSlot, grad: Tensor, options: AdamOptions): AdamSlot {
  const { lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, step } = options;
  const [param, m, v, g] = [slot.param, slot.m, slot.v, grad] as tf.Tensor[] as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const next = tf.tidy(() => {
    const m1 = tf.add(tf.mul(m, beta1), tf.mul(g, 1 - beta1));
    const v1 = tf.add(tf.mul(v, beta2), tf.mul(tf.square(g), 1 - beta2));
    const denominator = tf.add(tf.sqrt(tf.mul(v1, 1 / (1 - beta2 ** step))), eps);
    const update = tf.mul(tf.div(m1, denominator), lr / (1 - beta1 ** step));
    return { param: tf.sub(param, update), m: m1, v: v1 };
  });
  tf.dispose([param, m, v]);
  return next;
}
