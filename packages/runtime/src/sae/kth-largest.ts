/**
 * The k-th largest of a token's scores, by a min-heap of the k largest so far: most scores fail against its root, so that
 * d_sae scores cost about d_sae comparisons, never a sort. Equal scores count as often as they occur.
 */

/** @param heap scratch of k elements; k <= length */
export function kthLargest(scores: Float32Array, start: number, length: number, heap: Float32Array): number {
  const k = heap.length;
  for (let i = 0; i < k; i++) heap[i] = scores[start + i]!;
  for (let i = (k >> 1) - 1; i >= 0; i--) sinkFrom(heap, i, heap[i]!);
  let smallest = heap[0]!;
  for (let i = start + k; i < start + length; i++) {
    const score = scores[i]!;
    if (score > smallest) {
      sinkFrom(heap, 0, score);
      smallest = heap[0]!;
    }
  }
  return smallest;
}

/** Puts `value` in the place of node `i`, below the smaller children. */
function sinkFrom(heap: Float32Array, i: number, value: number): void {
  let hole = i;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = value;
}
