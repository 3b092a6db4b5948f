/**
 * A stack of sparse autoencoders, each on what the ones before left over, and all trained together:
 *
 *     r_0 = x,   y_i = z_i atoms_i (+ b_dec at i = 0),   r_{i+1} = 2 (r_i - y_i),   xhat_m = sum_{i<m} y_i / 2^i
 *     loss = sum_m w_m MSE(xhat_m, x) + the activations' losses
 *
 * Like matching pursuit, a later encoder sees what earlier atoms have already explained. The levels' latents lie one after the
 * other in `W_enc`, `b_enc`, `W_dec`.
 */
import type { ForwardPass, InitContext, Tensor, TensorOps, Tensors, TopKLatents, Variant } from "@qsae/core";
import type { HostTensor, HostTensors, PackedStage } from "@qsae/runtime";
import type { Activated, Activation } from "../autoencoder/activation.ts";
import { countFired, decodePrefixes } from "../autoencoder/decode.ts";
import { inputScaleFolding } from "../autoencoder/fold-input-scale.ts";
import { requiredTensor } from "../autoencoder/required-tensor.ts";
import type { Start } from "../autoencoder/start.ts";
import { warmStarted } from "../autoencoder/warm-start.ts";
import { weightedError } from "../autoencoder/weighted-error.ts";
import type { Weights } from "../autoencoder/weights.ts";
import type { Level } from "./level-sizes.ts";
import { joined, partOf } from "./part-of.ts";
import { refuseTarget } from "./refuse-target.ts";

/** What a level, and residual, is multiplied by from one level to the next. */
const FACTOR = 2;
export interface ResidualStackParts {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly dIn: number;
  readonly dSae: number;
  readonly levels: readonly Level[];
  /** One per level, without parameters of their own, all with latents of one kind. */
  readonly activations: readonly Activation[];
  readonly encoder: Weights;
  readonly dictionary: Weights;
  readonly start: Start;
  /** Whether losses of later levels reach earlier ones. */
  readonly joint: boolean;
  /** w_m, one per level. */
  readonly lossWeights: readonly number[];
}

export function residualStack(parts: ResidualStackParts): Variant {
  const { id, config, dIn, dSae, activations, encoder, dictionary } = parts;
  const foldInputScale = inputScaleFolding({ activation: activations[0]!, encoder, dictionary });
  return {
    id,
    config,
    dIn,
    dSae,
    quantized: [...(encoder.quantized ?? []), ...(dictionary.quantized ?? [])],
    init: (ops, context) => ops.tidy(() => initialParameters(ops, parts, context)),
    forward: (ops, params, context) => {
      refuseTarget(id, context.target);
      return forward(ops, parts, params, context);
    },
    ...(foldInputScale ? { foldInputScale } : {}),
    lower: async (ops, params) => ({
      dIn,
      stages: await Promise.all(parts.levels.map((_, i) => lowerLevel(ops, parts, params, i))),
      description: { variant: id, config, provenance: {}, metrics: {} },
    }),
  };
}

function forward(
  ops: TensorOps,
  { levels, activations, encoder, dictionary, joint, lossWeights }: ResidualStackParts,
  params: Tensors,
  { x, dead, progress }: { x: Tensor; dead?: Tensor; progress: number },
): ForwardPass {
  const bDec = params["b_dec"]!; // [d_in]
  const wEnc = encoder.effective(ops, params, progress); // [d_in, d_sae]
  const wDec = dictionary.effective(ops, params, progress); // [d_sae, d_in]
  const reconstructions: Tensor[] = []; // each [n, d_in]
  const activated: Activated[] = [];
  let residual = ops.sub(x, bDec); // [n, d_in], what the encoder of a level reads
  for (const [i, level] of levels.entries()) {
    const own = {
      wEnc: partOf(ops, wEnc, level, "last"),
      bEnc: partOf(ops, params["b_enc"]!, level, "first"),
      wDec: partOf(ops, wDec, level, "first"),
      ...(dead ? { dead: partOf(ops, dead, level, "first") } : {}),
    };
    const output = activations[i]!.apply(ops, { x: residual, ...own, params, progress });
    const [decoded] = decodePrefixes(ops, output.latents, own.wDec, [level.size]) as [Tensor]; // [n, d_in]
    const before = reconstructions.at(-1) ?? bDec;
    const added = ops.mul(decoded, FACTOR ** -i);
    reconstructions.push(ops.add(joint ? before : ops.detach(before), added));
    activated.push(output);
    const left = ops.mul(ops.sub(residual, decoded), FACTOR);
    residual = joint ? left : ops.detach(left);
  }
  const errors = reconstructions.map((reconstruction) => ops.sub(x, reconstruction));
  const latents = joinedLatents(
    ops,
    levels,
    activated.map((level) => level.latents),
  );
  return {
    reconstructions,
    losses: {
      mse: weightedError(ops, errors, lossWeights),
      ...levelLosses(ops, activated, ops.detach(errors.at(-1)!)),
    },
    fired: countFired(ops, latents),
    latents,
  };
}

/** The activations' losses, those of one name added up. Dead latents of any level explain what the whole stack leaves. */
function levelLosses(ops: TensorOps, activated: readonly Activated[], residual: Tensor): Tensors {
  const sums: Record<string, Tensor> = {};
  for (const [i, { losses, targetLosses }] of activated.entries()) {
    const scaled = ops.mul(residual, FACTOR ** i); // as large as what the level's atoms add up to
    const own = { ...losses, ...targetLosses?.({ ofLatents: scaled, residual: scaled }) };
    for (const [name, loss] of Object.entries(own)) sums[name] = sums[name] ? ops.add(sums[name], loss) : loss;
  }
  return sums;
}

/** Latents of the whole dictionary: dense ones side by side, selected ones with indices moved to their level. */
function joinedLatents(
  ops: TensorOps,
  levels: readonly Level[],
  latents: readonly ForwardPass["latents"][],
): ForwardPass["latents"] {
  if (latents.every((level) => "dtype" in level)) return joined(ops, latents, 1); // [n, d_sae]
  const selected = latents as readonly TopKLatents[];
  return {
    values: joined(
      ops,
      selected.map(({ values }) => values),
      1,
    ),
    indices: ops.toInt32(
      joined(
        ops,
        selected.map(({ indices }, i) => ops.add(ops.detach(indices), levels[i]!.begin)),
        1,
      ),
    ),
    dSae: levels.at(-1)!.begin + levels.at(-1)!.size,
  };
}

function initialParameters(
  ops: TensorOps,
  { id, dIn, dSae, encoder, dictionary, start }: ResidualStackParts,
  { seed, center, deviation, warmStart = {} }: InitContext,
): Tensors {
  const fresh = start(ops, { dIn, dSae, seed, center, deviation });
  return warmStarted(ops, id, warmStart, {
    ...encoder.init(ops, fresh.encoder, seed),
    b_enc: fresh.bEnc,
    ...dictionary.init(ops, fresh.atoms, seed),
    b_dec: fresh.bDec,
  });
}

async function lowerLevel(
  ops: TensorOps,
  { dIn, dSae, levels, activations, encoder, dictionary }: ResidualStackParts,
  params: HostTensors,
  i: number,
): Promise<PackedStage> {
  const level = levels[i]!;
  const own = levelParameters(params, dSae, level);
  const { selection, bEnc = requiredTensor(own, "b_enc").data } = activations[i]!.lower(own);
  return {
    dSae: level.size,
    input: i === 0 ? { kind: "x" } : { kind: "residual", factor: FACTOR },
    subtractBDec: i === 0,
    encoder: await encoder.pack(ops, own),
    bEnc,
    selection,
    dictionary: await dictionary.pack(ops, own),
    bDec: i === 0 ? requiredTensor(params, "b_dec").data : new Float32Array(dIn),
    outputWeight: FACTOR ** -i,
  };
}

/** The parameters of a level's latents: columns of W_enc, rows of whatever else has one per latent. */
function levelParameters(params: HostTensors, dSae: number, level: Level): HostTensors {
  return Object.fromEntries(
    Object.entries(params).map(([name, tensor]) => {
      if (name === "W_enc") return [name, columnsOf(tensor, level)];
      return [name, tensor.shape[0] === dSae ? rowsOf(tensor, level) : tensor];
    }),
  );
}

function rowsOf({ shape: [, ...rest], data }: HostTensor, { begin, size }: Level): HostTensor {
  const width = rest.reduce((product, length) => product * length, 1);
  return { shape: [size, ...rest], data: data.slice(begin * width, (begin + size) * width) };
}

function columnsOf({ shape, data }: HostTensor, { begin, size }: Level): HostTensor {
  const [rows, columns] = shape as [number, number];
  const values = new Float32Array(rows * size);
  for (let d = 0; d < rows; d++) values.set(data.subarray(d * columns + begin, d * columns + begin + size), d * size);
  return { shape: [rows, size], data: values };
}
