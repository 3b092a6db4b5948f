/**
 * `pnpm bench unpack [--json] [--rounds 40] [--rows 2048] [--cols 512]`: packed codes to integers (`unpackCodes`) and to float
 * weights (`dequantizeMatrix`) for every width a file can have, on one thread, as numbers per second and as GB of floats per second.
 */
import { parseArgs } from "node:util";
import { seededRandom } from "@qsae/core";
import { bitsPerCode, dequantizeMatrix, packCodes, unpackCodes, type CodeMatrix, type CodeRange } from "@qsae/runtime";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "40" },
    rows: { type: "string", default: "2048" },
    cols: { type: "string", default: "512" },
  },
});
const [rows, cols, rounds] = [Number(options.rows), Number(options.cols), Number(options.rounds)];

/** A number of levels for every packing, and how their scales are shared. */
const cases: readonly { readonly levels: number; readonly groups?: number; readonly planes?: number }[] = [
  ...[2, 3, 4, 8, 16, 32, 64, 128, 256].map((levels) => ({ levels })),
  { levels: 16, groups: cols / 64 },
  { levels: 3, planes: 2 },
];

interface Row {
  readonly bits: number;
  readonly levels: number;
  /** Scales of a row. */
  readonly groups: number;
  readonly planes: number;
  /** Best of the rounds: what else the machine does only makes a round longer. */
  readonly unpack_ms: number;
  readonly dequantize_ms: number;
  readonly codes_per_second: number;
  readonly weights_per_second: number;
  /** Of float32 weights. */
  readonly gbytes_per_second: number;
}

function bestMs(run: () => void): number {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    run();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

function randomMatrix(levels: number, groups: number, planes: number): CodeMatrix {
  const random = seededRandom(levels);
  const range: CodeRange = [-(levels >> 1), levels - 1 - (levels >> 1)];
  const each = { kind: "affine" } as const;
  return {
    kind: "codes",
    rows,
    cols,
    codes: range,
    rule: planes > 1 ? { kind: "sum", planes, each } : each,
    planes: Array.from({ length: planes }, () => ({
      packed: packCodes(
        Int16Array.from({ length: rows * cols }, () => range[0] + Math.floor(random() * levels)),
        rows,
        cols,
        range,
      ),
      scale: Float32Array.from({ length: rows * groups }, random),
      scaleShape: [rows, groups] as const,
      scaleDtype: "F32" as const,
    })),
    quantizer: { id: "random", options: {} },
  };
}

function measure({ levels, groups = 1, planes = 1 }: (typeof cases)[number]): Row {
  const matrix = randomMatrix(levels, groups, planes);
  const weights = rows * cols;
  const unpackMs = bestMs(() => matrix.planes.forEach(({ packed }) => unpackCodes(packed, rows, cols, matrix.codes)));
  const dequantizeMs = bestMs(() => dequantizeMatrix(matrix));
  return {
    bits: bitsPerCode(levels) * planes,
    levels,
    groups,
    planes,
    unpack_ms: unpackMs,
    dequantize_ms: dequantizeMs,
    codes_per_second: (1000 * weights * planes) / unpackMs,
    weights_per_second: (1000 * weights) / dequantizeMs,
    gbytes_per_second: (4 * weights) / dequantizeMs / 1e6,
  };
}

const results = cases.map(measure);
if (options.json) {
  console.log(JSON.stringify({ rows: results, node: process.version, shape: [rows, cols] }));
} else {
  console.log(`${process.version}, [${rows}, ${cols}], one thread, best of ${rounds} rounds\n`);
  console.log("bits  scales a row  planes   unpackCodes            dequantizeMatrix");
  for (const row of results) {
    const counts = `${row.bits.toString().padStart(4)}  ${row.groups.toString().padStart(12)}  ${row.planes.toString().padStart(6)}`;
    const unpacked = `${row.unpack_ms.toFixed(2).padStart(7)} ms ${(row.codes_per_second / 1e6).toFixed(0).padStart(6)} M/s`;
    const decoded = `${row.dequantize_ms.toFixed(2).padStart(7)} ms ${(row.weights_per_second / 1e6).toFixed(0).padStart(6)} M/s ${row.gbytes_per_second.toFixed(2).padStart(6)} GB/s`;
    console.log(`${counts}  ${unpacked}   ${decoded}`);
  }
}
