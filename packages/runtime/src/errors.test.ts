import { describe, expect, it } from "vitest";
import { FormatError, NonFiniteError, QsaeError, unknownName, UsageError } from "./errors.ts";

describe("errors", () => {
  it("have the name of their class and are QsaeErrors", () => {
    for (const error of [new UsageError("x"), new FormatError("f", "x"), new NonFiniteError("x")]) {
      expect(error).toBeInstanceOf(QsaeError);
      expect(error.name).toBe(error.constructor.name);
    }
  });

  it("say what is allowed instead of an unknown name", () => {
    expect(unknownName("backend", "gpu", ["cpu", "wasm"])).toEqual(
      new UsageError('unknown backend "gpu"; allowed: cpu, wasm'),
    );
  });
});

describe("FormatError", () => {
  it("names the source first and keeps it apart", () => {
    const error = new FormatError("a.safetensors", "is cut short");
    expect(error.message).toBe("a.safetensors: is cut short");
    expect(error.source).toBe("a.safetensors");
  });

  it("quotes hostile text at a bounded length, without control characters", () => {
    expect(new FormatError("a", "x".repeat(1e6)).message.length).toBeLessThan(1100);
    expect(new FormatError("a", 'tensor "\u001b[31mred\u0000\u009b"\nnext').message).toBe(
      'a: tensor "\uFFFD[31mred\uFFFD\uFFFD"\nnext',
    );
  });
});
