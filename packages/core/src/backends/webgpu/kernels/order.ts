/**
 * WGSL: numbers as integers in the same order, and latents with such keys. -0 and 0 are one number; NaN lies beyond the
 * infinities.
 */
export const order = /* wgsl */ `
fn key_of(value: f32) -> u32 {
  let bits = select(bitcast<u32>(value), 0u, value == 0.0);
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}
fn value_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, key >= 0x80000000u));
}

// An entry: the key of a score, the latent. No latent: worse than all.
const NO_LATENT = 0xffffffffu;
const NONE = vec2u(0u, NO_LATENT);
// Of equal scores the lower latent is the better one.
fn is_worse(a: vec2u, b: vec2u) -> bool { return a.x < b.x || (a.x == b.x && a.y > b.y); }
`;
