import picocolors from "picocolors";

/** Functions that colour text, or return it as it is. */
export type Colors = ReturnType<typeof picocolors.createColors>;

export interface ColorChoice {
  readonly isTty: boolean;
  /** Result of `--no-color`: false switches colours off. */
  readonly color: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Colours for one stream: only on a terminal that can show them, never under NO_COLOR (https://no-color.org) or
 * `--no-color`; FORCE_COLOR asks for them anywhere.
 */
export function colorsFor({ isTty, color, env }: ColorChoice): Colors {
  const refused = !color || Boolean(env["NO_COLOR"]);
  const capable = isTty && env["TERM"] !== "dumb";
  return picocolors.createColors(!refused && (capable || Boolean(env["FORCE_COLOR"])));
}
