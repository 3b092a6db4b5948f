/** For choosing the width of codes: register tiles of one width and nothing else. */
import { dotTileBytes, dotTileWords } from "./dot-tile";
import { nextTile } from "./control";

/** `repeats` tiles of `groups` groups; a [groups, 5], b [groups, 8] of 4 bytes each, c [5, 8] i32, init [8] i32. */
export function probeDots(
  thread: usize,
  width: usize,
  groups: usize,
  a: usize,
  b: usize,
  c: usize,
  init: usize,
  repeats: usize,
): void {
  if (nextTile() != 0) return;
  for (let i: usize = 0; i < repeats; i++) {
    if (width == 1) dotTileBytes(groups, a, b, c, 32, init);
    else dotTileWords(groups, a, b, c, 32, init);
  }
}
