import { expect, it } from "vitest";
import { visibleText } from "./visible-text.ts";

it.each([
  [" the", " the"],
  ["\n\n\t", "↵↵⇥"],
  ["\r\n", "␍↵"],
  ["a\u0000b", "a⟨U+0000⟩b"],
  ["\u202eright to left", "⟨U+202E⟩right to left"],
  ["\ud83d", "⟨U+D83D⟩"],
  ["🜁é—مرحبا", "🜁é—مرحبا"],
  ["👩\u200d🔬", "👩\u200d🔬"], // joined: one sign
  ["</script>", "</script>"],
  ["\ufffd", "\ufffd"],
])("shows %j as %j", (piece, shown) => expect(visibleText(piece)).toBe(shown));
