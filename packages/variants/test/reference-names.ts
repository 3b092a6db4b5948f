/**
 * Parameter names and layouts of the Python reference (PyTorch state dicts) and ours. Every variant has `encoder.0.weight
 * [d_sae, d_in]` and `encoder.0.bias`; the decoders differ. The residual variant holds one such set per level, under
 * `saes.I.`, which are the blocks of ours along d_sae.
 */
import { UsageError, type HostTensor, type HostTensors } from "@qsae/runtime";

/** Name of ours, and whether the reference stores it transposed. */
type Entry = readonly [name: string, transposed: boolean];

const ENCODER: Readonly<Record<string, Entry>> = {
  "encoder.0.weight": ["W_enc", true],
  "encoder.0.bias": ["b_enc", false],
  "decoder.bias": ["b_dec", false],
};
const ATOMS_IN_COLUMNS: Readonly<Record<string, Entry>> = { ...ENCODER, "decoder.weight": ["W_dec", true] };
const SIGNS: Readonly<Record<string, Entry>> = {
  ...ENCODER,
  "decoder.weight": ["W_dec", false],
  "decoder.weight_mirror": ["W_dec.mirror", false],
};

const layouts: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  baseline: ATOMS_IN_COLUMNS,
  binary: { ...ENCODER, "decoder.weight": ["W_dec.bits", false] },
  "binary-latent": ATOMS_IN_COLUMNS,
  ternary: { ...ATOMS_IN_COLUMNS, "decoder.mask": ["W_dec.mask", true] },
  "quantized-matryoshka": SIGNS,
  "residual-quantized": SIGNS,
};

/** Along which axis of the reference's tensor a level's block of ours runs; b_dec has none, the first level's is the one. */
const LEVEL = /^saes\.(\d+)\.(.+)$/;

/**
 * Tensors of the reference under our names, in our layouts. Gradients and parameters alike.
 *
 * @throws UsageError naming a tensor that the variant does not have
 */
export function fromReference(variant: string, tensors: HostTensors): HostTensors {
  const layout = layouts[variant];
  if (!layout) throw new UsageError(`variant ${variant} has no counterpart in the Python reference`);
  const blocks: Record<string, HostTensor[]> = {};
  for (const [key, tensor] of Object.entries(tensors)) {
    const [, level, inLevel] = LEVEL.exec(key) ?? [];
    const name = inLevel ?? key;
    if (!Object.hasOwn(layout, name)) {
      throw new UsageError(
        `variant ${variant}: the reference has no tensor "${name}"; it has ${Object.keys(layout).join(", ")}`,
      );
    }
    (blocks[name] ??= [])[Number(level ?? 0)] = tensor;
  }
  const ours = Object.entries(blocks).map(([name, levels]) => {
    const [ourName, transposed] = layout[name]!;
    const whole = ourName === "b_dec" ? levels[0]! : stacked(levels);
    return [ourName, transposed ? transpose(whole) : whole] as const;
  });
  return Object.fromEntries(ours);
}

/** Blocks joined along the first axis. */
function stacked(blocks: readonly HostTensor[]): HostTensor {
  const [first] = blocks;
  if (blocks.length === 1) return first!;
  const rows = blocks.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const data = new Float32Array(blocks.reduce((sum, block) => sum + block.data.length, 0));
  let offset = 0;
  for (const block of blocks) {
    data.set(block.data, offset);
    offset += block.data.length;
  }
  return { shape: [rows, ...first!.shape.slice(1)], data };
}

function transpose({ shape, data }: HostTensor): HostTensor {
  const [rows, cols] = shape as [number, number];
  const turned = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) turned[c * rows + r] = data[r * cols + c]!;
  return { shape: [cols, rows], data: turned };
}
