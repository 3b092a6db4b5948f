/** Charts as images. An entry of its own: it carries a rasteriser and a font, which pages do not need. */
export { chartPng, type ChartPngOptions } from "./report/chart-png.ts";
