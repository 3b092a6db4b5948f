import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeLabels } from "./place-labels.ts";

const room = { left: 0, right: 400, top: 0, bottom: 200 };

describe("placeLabels", () => {
  it("puts a name above its point to the right, to the left where the room ends, below where the top does", () => {
    const labels = placeLabels(
      [
        { text: "ternary", x: 50, y: 100 },
        { text: "float", x: 390, y: 50 },
        { text: "rounded", x: 50, y: 5 },
      ],
      room,
    );
    expect(labels[0]).toEqual({ text: "ternary", anchor: "start", dx: 7, dy: -11 });
    expect(labels[1]).toEqual({ text: "float", anchor: "end", dx: -7, dy: -11 });
    expect(labels[2]).toEqual({ text: "rounded", anchor: "start", dx: 7, dy: 12 });
  });

  it("cuts long names, between characters", () => {
    expect(placeLabels([{ text: "🦉".repeat(40), x: 50, y: 50 }], room)[0]!.text).toBe(`${"🦉".repeat(25)}…`);
  });

  it("leaves out a name for which there is no room, the last of the points first", () => {
    const crowd = Array.from({ length: 6 }, (_, i) => ({ text: `sae ${i}`, x: 200, y: 100 }));
    const labels = placeLabels(crowd, room);
    expect(labels.map((label) => label !== undefined)).toEqual([true, true, true, true, false, false]);
  });

  it("never lays a name over another or outside the room", () => {
    const point = fc.record({ x: fc.integer({ min: 0, max: 400 }), y: fc.integer({ min: 0, max: 200 }) });
    fc.assert(
      fc.property(fc.array(point, { maxLength: 15 }), (points) => {
        const labels = placeLabels(
          points.map(({ x, y }) => ({ text: "ternary", x, y })),
          room,
        );
        const boxes = labels.flatMap((label, i) => {
          if (label === undefined) return [];
          const near = points[i]!.x + label.dx;
          return [{ left: label.anchor === "start" ? near : near - 7 * 6.6, y: points[i]!.y + label.dy }];
        });
        for (const a of boxes) {
          expect(a.left).toBeGreaterThanOrEqual(0);
          expect(a.left + 7 * 6.6).toBeLessThanOrEqual(400);
          for (const b of boxes) {
            if (a !== b) expect(Math.abs(a.left - b.left) >= 7 * 6.6 - 1e-9 || Math.abs(a.y - b.y) >= 14).toBe(true);
          }
        }
      }),
    );
  });
});
