/** Any text as a part of file names and addresses: `Codes of the encoder` -> `codes-of-the-encoder`. May be empty. */
export function slugOf(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, MOST_CHARACTERS)
    .replace(/^-|-$/g, "");
}

/** File names may have 255 bytes, and some are made of three. */
const MOST_CHARACTERS = 60;
