import { expect, it } from "vitest";
import { addressIn, hashOf } from "./address.ts";

it("names a latent in an address, and reads it back", () => {
  expect(hashOf({ sae: "sae-1", latent: 123 })).toBe("#sae-1/latent-123");
  expect(addressIn("#sae-1/latent-123")).toEqual({ sae: "sae-1", latent: 123 });
});

it.each([
  "",
  "#sae-1",
  "#sae-1/latent-",
  "#sae-1/latent-x",
  "#/latent-1",
  "#sae-1/latent-1e3",
  "#sae-1/latent-9999999999",
])("takes %j for no address of a latent", (hash) => expect(addressIn(hash)).toBeUndefined());
