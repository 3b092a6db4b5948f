/** One pass per row of a matrix: centring. */
import { ceilDiv, smaller } from "./arithmetic";
import { nextTile } from "./control";

const ROWS: usize = 16;

/** out [n, d] = x [n, d] - center [d]. In place allowed. */
export function centerRows(thread: usize, x: usize, center: usize, out: usize, n: usize, d: usize): void {
  const count = ceilDiv(n, ROWS);
  for (;;) {
    const t = nextTile();
    if (t >= count) break;
    const end = smaller(n, (t + 1) * ROWS);
    for (let i = t * ROWS; i < end; i++) {
      const from = x + 4 * i * d;
      const to = out + 4 * i * d;
      let j: usize = 0;
      for (; j + 4 <= d; j += 4) {
        const at: usize = 4 * j;
        v128.store(to + at, f32x4.sub(v128.load(from + at), v128.load(center + at)));
      }
      for (; j < d; j++) store<f32>(to + 4 * j, load<f32>(from + 4 * j) - load<f32>(center + 4 * j));
    }
  }
}
