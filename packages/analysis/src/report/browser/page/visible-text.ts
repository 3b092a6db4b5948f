/**
 * Tokens as text that can be seen and does nothing: line breaks and other control characters would tear a context apart,
 * and those that turn the direction of writing would scramble all that follows.
 */

const SIGNS: Readonly<Record<string, string>> = { "\n": "↵", "\t": "⇥", "\r": "␍" };

// Controls, separators of lines and paragraphs, marks of direction, invisible spaces, halves of surrogate pairs.
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}\u00ad\u200b\u2060\ufeff]/gu;

export function visibleText(piece: string): string {
  return piece.replace(UNSEEN, (character) => SIGNS[character] ?? codeOf(character));
}

/** `U+202E` in brackets. */
function codeOf(character: string): string {
  return `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}
