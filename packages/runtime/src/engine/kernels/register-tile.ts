/** Shapes of the kernels' register tiles; why these, see assembly/build/generate-tile.ts. */
import type { Engine } from "../engine.ts";

/** Rows of the float32 tile: panels of the left operand are this wide. */
export const tileRowsOf = (engine: Engine): number => (engine.build === "relaxed" ? 6 : 4);
export const TILE_COLUMNS = 8;
/** Rows of the integer tiles. */
export const DOT_ROWS = 5;
