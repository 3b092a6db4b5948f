import { describe, expect, it } from "vitest";
import * as format from "./format.ts";

describe("format", () => {
  it.each([
    [format.formatCount(1234567), "1,234,567"],
    [format.formatFixed(32, 1), "32.0"],
    [format.formatFixed(1.6, 2), "1.60"],
    [format.formatSignificant(0.0012345), "0.00123"],
    [format.formatSignificant(0), "0"],
    [format.formatSignificant(123456), "123,000"],
    [format.formatSignificant(1.234e-7), "1.23e-7"],
    [format.formatSignificant(-2.5e12), "-2.5e12"],
    [format.formatFvu(0.07764), "0.0776"],
    [format.formatFvu(0), "0.0000"],
    [format.formatFvu(0.000123), "0.000123"],
    [format.formatIndex(1207), "1207"],
    [format.formatSignedFvu(0.0333), "+0.0333"],
    [format.formatSignedFvu(-0.0000021), "−2.1e-6"],
    [format.formatSigned(0, format.formatCount), "±0"],
    [format.formatSigned(-3984557, format.formatBytes), "−3.98 MB"],
    [format.formatShare(0.01234), "1.2%"],
    [format.formatShare(0.00012), "0.012%"],
    [format.tickFormatUpTo(2e6)(1500000), "1.5M"],
    [format.tickFormatUpTo(0.2)(0.005), "0.005"],
    [format.tickFormatUpTo(0.001)(0.0002), "2e-4"],
    [format.tickFormatUpTo(0.001)(0), "0"],
    [format.formatBytes(0), "0 B"],
    [format.formatBytes(999), "999 B"],
    [format.formatBytes(1234567), "1.23 MB"],
    [format.formatBytes(5e16), "50,000 TB"],
    [format.formatDuration(1500), "1.5 s"],
    [format.formatDuration(61000), "1 min 1 s"],
    [format.formatDuration(3723000), "1 h 2 min"],
    [format.formatDate(new Date("2025-11-24T05:42:00Z")), "24 November 2025, 05:42 UTC"],
  ])("%s", (given, expected) => expect(given).toBe(expected));

  it("shows what is absent or not finite as an en dash", () => {
    const { formatBytes, formatCount, formatDuration, formatFvu, formatShare, formatSignificant } = format;
    for (const f of [formatBytes, formatCount, formatDuration, formatFvu, formatShare, formatSignificant]) {
      for (const value of [undefined, NaN, Infinity, -Infinity]) expect(f(value)).toBe("–");
    }
    expect(format.formatFixed(undefined, 2)).toBe("–");
    expect(format.formatIndex(NaN)).toBe("–");
    for (const value of [undefined, NaN, -Infinity]) expect(format.formatSignedFvu(value)).toBe("–");
  });
});
