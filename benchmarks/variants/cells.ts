/**
 * The cells of the table and the claims about them: data, to be edited. A changed cell is measured again by the next run, and
 * so are those that are matched to it or start from it.
 */
import type { Cell } from "./cell.ts";
import type { Claim } from "./claims.ts";

/** Learning rates: the best of short trials (600 steps). */
const steps = { steps: 3000, batch_size: 1024 };
const SEEDS = [0, 1, 2];

/** The plain recipe: float TopK SAE. */
const topk = {
  variant: "baseline",
  config: { activation: "topk", k: 32 },
  training: { ...steps, lr: 2e-3 },
} as const;

const bySeed = (make: (seed: number) => Cell): Cell[] => SEEDS.map(make);

/** A reference preset, and the default of the same variant at its L0. */
function pair(
  variant: string,
  reference: Pick<Cell, "config" | "training">,
  corrected: Pick<Cell, "config" | "training"> & { readonly matchL0: Omit<NonNullable<Cell["matchL0"]>, "to"> },
): Cell[] {
  const common = { trainer: "qsae", variant, seed: 0 } as const;
  const id = `${variant}-reference/0`;
  return [
    { ...common, ...reference, id, config: { preset: "reference", ...reference.config } },
    { ...common, ...corrected, id: `${variant}-matched/0`, matchL0: { to: id, ...corrected.matchL0 } },
  ];
}

export const cells: readonly Cell[] = [
  ...bySeed((seed) => ({ id: `topk/${seed}`, trainer: "qsae", seed, ...topk })),
  ...bySeed((seed) => ({ id: `torch-topk/${seed}`, trainer: "pytorch", seed, ...topk })),
  ...bySeed((seed) => ({
    id: `ternary/${seed}`,
    trainer: "qsae",
    variant: "ternary",
    config: { k: 32 },
    training: { ...steps, lr: 2e-3 },
    seed,
    warmStartFrom: `topk/${seed}`,
  })),
  {
    id: "binary-latent/0",
    trainer: "qsae",
    variant: "binary-latent",
    config: {},
    training: { ...steps, lr: 1e-3 },
    seed: 0,
  },
  {
    id: "quantized-matryoshka/0",
    trainer: "qsae",
    variant: "quantized-matryoshka",
    config: {},
    training: { ...steps, lr: 1e-3 },
    seed: 0,
  },
  {
    id: "residual-quantized/0",
    trainer: "qsae",
    variant: "residual-quantized",
    config: {},
    training: { ...steps, lr: 1e-3 },
    seed: 0,
  },
  ...pair(
    "baseline",
    { config: { k: 32 }, training: { ...steps, lr: 1e-3 } },
    { config: {}, training: topk.training, matchL0: { key: "k" } },
  ),
  ...pair(
    "binary",
    { config: { n_bits: 4, k: 32 }, training: { ...steps, lr: 1e-3 } },
    { config: { n_bits: 4 }, training: { ...steps, lr: 2e-3 }, matchL0: { key: "k" } },
  ),
  ...pair(
    "binary-latent",
    { config: {}, training: { ...steps, lr: 1e-3 } },
    {
      config: {},
      training: { ...steps, lr: 1e-3 },
      matchL0: { key: "sparsity_lambda", start: 1e-5 },
    },
  ),
  ...pair(
    "ternary",
    { config: {}, training: { ...steps, lr: 1e-3 } },
    { config: {}, training: { ...steps, lr: 2e-3 }, matchL0: { key: "k" } },
  ),
  ...pair(
    "quantized-matryoshka",
    { config: {}, training: { ...steps, lr: 1e-3 } },
    { config: {}, training: { ...steps, lr: 1e-3 }, matchL0: { key: "sparsity_lambda", start: 1.5e-3 } },
  ),
  ...pair(
    "residual-quantized",
    { config: {}, training: { ...steps, lr: 1e-3 } },
    { config: {}, training: { ...steps, lr: 1e-3 }, matchL0: { key: "sparsity_lambda", start: 1.5e-3 } },
  ),
];

export const claims: readonly Claim[] = [
  { kind: "mean at most times", group: "topk", of: "torch-topk", factor: 1.01 },
  { kind: "no dead latents", group: "topk" },
  { kind: "mean at most", group: "ternary", fvu: 0.125 },
  ...cells.flatMap(({ id, matchL0 }): Claim[] =>
    matchL0 ? [{ kind: "better at matched L0", cell: id, than: matchL0.to }] : [],
  ),
  ...["residual-quantized", "quantized-matryoshka"].flatMap((group): Claim[] => [
    { kind: "falls at every level", cell: `${group}/0` },
    { kind: "last level beats", cell: `${group}/0`, than: "binary-latent/0" },
  ]),
];
