/**
 * Where the names of points go so that they neither leave the chart nor lie on each other or on a point: greedy, in the
 * order of the points, each at the first of four corners that is free. Names that fit nowhere are left out, as empty ones are.
 */
export interface LabelledPoint {
  readonly text: string;
  /** In units of the chart. */
  readonly x: number;
  readonly y: number;
}

export interface Label {
  readonly text: string;
  /** Offset of the middle of the text's near end from the point, in units of the chart. */
  readonly dx: number;
  readonly dy: number;
  readonly anchor: "start" | "end";
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const LONGEST = 26;
const CHARACTER_WIDTH = 6.6;
const LINE_HEIGHT = 14;
const POINT_RADIUS = 5;
/** Above first: a line that joins points leaves them sideways and falls. */
const CORNERS = [
  { dx: 7, dy: -11 },
  { dx: -7, dy: -11 },
  { dx: 7, dy: 12 },
  { dx: -7, dy: 12 },
] as const;

/**
 * One label per point, in the order of the points, undefined where there is no room. Long names are cut.
 *
 * @param room what labels must stay inside of
 */
export function placeLabels(points: readonly LabelledPoint[], room: Box): readonly (Label | undefined)[] {
  const taken = points.map(({ x, y }): Box => ({
    left: x - POINT_RADIUS,
    right: x + POINT_RADIUS,
    top: y - POINT_RADIUS,
    bottom: y + POINT_RADIUS,
  }));
  return points.map(({ text: name, x, y }) => {
    if (name === "") return undefined;
    const characters = [...name];
    const text = characters.length > LONGEST ? `${characters.slice(0, LONGEST - 1).join("")}…` : name;
    const width = Math.min(characters.length, LONGEST) * CHARACTER_WIDTH;
    for (const { dx, dy } of CORNERS) {
      const [left, right] = dx > 0 ? [x + dx, x + dx + width] : [x + dx - width, x + dx];
      const box = { left, right, top: y + dy - LINE_HEIGHT / 2, bottom: y + dy + LINE_HEIGHT / 2 };
      if (!isInside(box, room) || taken.some((other) => overlap(box, other))) continue;
      taken.push(box);
      return { text, dx, dy, anchor: dx > 0 ? "start" : "end" };
    }
    return undefined;
  });
}

function isInside(box: Box, room: Box): boolean {
  return box.left >= room.left && box.right <= room.right && box.top >= room.top && box.bottom <= room.bottom;
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
