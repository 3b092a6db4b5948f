/**
 * SVG files of charts as PNG, by resvg in WebAssembly. Letters are IBM Plex Sans, which comes along: the fonts of the machine are
 * not looked at, so that an image is the same everywhere, and has its words where there are none.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { UsageError } from "@qsae/runtime";
import { initWasm, Resvg } from "@resvg/resvg-wasm";

export interface ChartPngOptions {
  /** Pixels per unit of the SVG. Default 2: sharp on screens of high density and in slides. */
  readonly scale?: number;
}

const FAMILY = "IBM Plex Sans";

/** 4 bytes a pixel, in WebAssembly memory: 400 MB. */
const MOST_PIXELS = 1e8;

let opened: Promise<readonly Uint8Array[]> | undefined;

/**
 * A chart of `reportCharts` as the bytes of a PNG file.
 *
 * Needs Node, for the rasteriser (2.4 MB) and the font are read from `node_modules`, once.
 *
 * @throws UsageError if `svg` is no SVG, or the image would have more than 100 million pixels or none
 * @example
 * for (const { name, svg } of reportCharts(report)) {
 *   await writeFile(name.replace(/svg$/, "png"), await chartPng(svg, { scale: 3 }));
 * }
 */
export async function chartPng(svg: string, { scale = 2 }: ChartPngOptions = {}): Promise<Uint8Array> {
  if (!(Number.isFinite(scale) && scale > 0)) {
    throw new UsageError(`chartPng: scale=${scale} is not a positive number; give 2 for twice the size`);
  }
  opened ??= open();
  const fontBuffers = [...(await opened)];
  const drawing = parsed(svg, scale, fontBuffers);
  try {
    const pixels = drawing.width * drawing.height * scale ** 2;
    if (!(pixels >= 1 && pixels <= MOST_PIXELS)) {
      throw new UsageError(
        `chartPng: scale=${scale} makes ${drawing.width} x ${drawing.height} units ${Math.round(pixels)} pixels; ` +
          `an image has 1 to ${MOST_PIXELS}`,
      );
    }
    const image = drawing.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    drawing.free();
  }
}

function parsed(svg: string, scale: number, fontBuffers: Uint8Array[]): InstanceType<typeof Resvg> {
  try {
    return new Resvg(svg, {
      fitTo: { mode: "zoom", value: scale },
      font: { fontBuffers, defaultFontFamily: FAMILY, sansSerifFamily: FAMILY },
    });
  } catch (error) {
    throw new UsageError(`chartPng: not an SVG: ${String(error)}; give one of reportCharts`);
  }
}

async function open(): Promise<readonly Uint8Array[]> {
  const require = createRequire(import.meta.url);
  await initWasm(await readFile(require.resolve("@resvg/resvg-wasm/index_bg.wasm")));
  const regular = require.resolve("@expo-google-fonts/ibm-plex-sans/400Regular/IBMPlexSans_400Regular.ttf");
  const semiBold = require.resolve("@expo-google-fonts/ibm-plex-sans/600SemiBold/IBMPlexSans_600SemiBold.ttf");
  return Promise.all([readFile(regular), readFile(semiBold)]);
}
