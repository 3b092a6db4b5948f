/**
 * Tensors of the Python reference (ASSERT-KTH/QuantizedSAE, PyTorch state_dicts) under our names and in our layouts: `W_enc
 * [d_in, d_sae]`, `b_enc`, `W_dec [d_sae, d_in]`, `b_dec`. PyTorch's linear layers hold both matrices the other way round, but
 * its quantized decoders hold one atom per row, as we do.
 *
 *     baseline, binary-latent   W_enc, b_enc, W_dec, b_dec
 *     binary                    W_dec.bits [d_sae, d_in * n_bits], logits, least significant bit first, in place of W_dec
 *     ternary                   W_dec as trained (before the threshold), W_dec.mask [d_sae, d_in]; it has no b_dec
 *     quantized-matryoshka      W_dec, W_dec.mirror [d_sae, d_in], whose signs make the atoms
 *     residual-quantized        the same, the levels (`saes.0.`, `saes.1.`, ...) one after the other along d_sae; b_dec is that of
 *                               level 0, the only one the reference uses
 */
import { unknownName, UsageError, type HostTensor, type HostTensors } from "@qsae/runtime";

/** Variants that the Python reference has, by our ids. */
export const REFERENCE_VARIANTS = [
  "baseline",
  "binary",
  "binary-latent",
  "ternary",
  "quantized-matryoshka",
  "residual-quantized",
] as const;

export type ReferenceVariant = (typeof REFERENCE_VARIANTS)[number];

/** Name of ours, and whether the reference stores it transposed. */
type Entry = readonly [name: string, transposed: boolean];
type Layout = Readonly<Record<string, Entry>>;

const ENCODER: Layout = { "encoder.0.weight": ["W_enc", true], "encoder.0.bias": ["b_enc", false] };
const BIAS: Layout = { "decoder.bias": ["b_dec", false] };
const COLUMNS: Layout = { "decoder.weight": ["W_dec", true] };
const SIGNS: Layout = {
  ...ENCODER,
  ...BIAS,
  "decoder.weight": ["W_dec", false],
  "decoder.weight_mirror": ["W_dec.mirror", false],
};

const LAYOUTS: Readonly<Record<ReferenceVariant, Layout>> = {
  baseline: { ...ENCODER, ...COLUMNS, ...BIAS },
  binary: { ...ENCODER, "decoder.weight": ["W_dec.bits", false], ...BIAS },
  "binary-latent": { ...ENCODER, ...COLUMNS, ...BIAS },
  ternary: { ...ENCODER, ...COLUMNS, "decoder.mask": ["W_dec.mask", true] },
  "quantized-matryoshka": SIGNS,
  "residual-quantized": SIGNS,
};

const OF_LEVEL = /^saes\.(\d{1,3})\.(.+)$/;

/**
 * Tensors of a state_dict of the Python reference as our variants of preset `reference` take them (`init` with `warmStart`,
 * `lower`). Any part of one will do, and gradients as well as parameters.
 *
 * @param variant one of {@link REFERENCE_VARIANTS}
 * @throws UsageError naming a variant or tensor that the reference does not have, a level that is missing, or a shape that
 * is no matrix where there must be one
 * @example
 * const { tensors } = await readTorchFile("ternary_sae.pth"); // of @qsae/data; importSae does all of this and checks shapes
 * const params = fromReference("ternary", tensors); // W_enc, b_enc, W_dec, W_dec.mask
 */
export function fromReference(variant: string, tensors: HostTensors): HostTensors {
  const known = REFERENCE_VARIANTS.find((name) => name === variant);
  if (known === undefined) throw unknownName("variant of the Python reference", variant, REFERENCE_VARIANTS);
  const ours: Record<string, HostTensor> = {};
  for (const [name, levels] of Object.entries(blocksOf(known, tensors))) {
    const [ourName, transposed] = LAYOUTS[known][name]!;
    const whole = ourName === "b_dec" ? levels[0]! : stacked(name, levels);
    ours[ourName] = transposed ? transpose(name, whole) : whole;
  }
  return ours;
}

/** Tensors by the reference's name, those of several levels in order. */
function blocksOf(variant: ReferenceVariant, tensors: HostTensors): Readonly<Record<string, readonly HostTensor[]>> {
  const layout = LAYOUTS[variant];
  const blocks: Record<string, HostTensor[]> = {};
  for (const [key, tensor] of Object.entries(tensors)) {
    const [, level, inLevel] = (variant === "residual-quantized" && OF_LEVEL.exec(key)) || [];
    const name = inLevel ?? key;
    if (!Object.hasOwn(layout, name)) {
      throw new UsageError(
        `variant ${variant}: the reference has no tensor "${key}"; it has ${Object.keys(layout).join(", ")}`,
      );
    }
    (blocks[name] ??= [])[Number(level ?? 0)] = tensor;
  }
  for (const [name, levels] of Object.entries(blocks)) {
    const missing = levels.findIndex((tensor: HostTensor | undefined) => tensor === undefined);
    if (missing >= 0)
      throw new UsageError(`variant ${variant}: saes.${missing}.${name} is missing, but later ones are there`);
  }
  return blocks;
}

/** Blocks joined along the first axis. */
function stacked(name: string, blocks: readonly HostTensor[]): HostTensor {
  const [first, ...more] = blocks;
  if (more.length === 0) return first!;
  const [, ...rest] = first!.shape;
  if (blocks.some(({ shape }) => shape.length !== first!.shape.length || shape.slice(1).join() !== rest.join())) {
    throw new UsageError(`levels of ${name} are ${blocks.map(shapeOf).join(", ")}; only their first axis may differ`);
  }
  const data = new Float32Array(blocks.reduce((sum, block) => sum + block.data.length, 0));
  let offset = 0;
  for (const block of blocks) {
    data.set(block.data, offset);
    offset += block.data.length;
  }
  return { shape: [blocks.reduce((sum, { shape }) => sum + shape[0]!, 0), ...rest], data };
}

function transpose(name: string, tensor: HostTensor): HostTensor {
  const { shape, data } = tensor;
  const [rows, cols, ...more] = shape;
  if (rows === undefined || cols === undefined || more.length > 0) {
    throw new UsageError(`${name} is ${shapeOf(tensor)}; expected a matrix`);
  }
  const turned = new Float32Array(data.length); // [cols, rows]
  for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) turned[c * rows + r] = data[r * cols + c]!;
  return { shape: [cols, rows], data: turned };
}

function shapeOf({ shape }: HostTensor): string {
  return `[${shape.join(", ")}]`;
}
