/**
 * Which package may import which: the whole graph, in one place. The lint rule and its test read this.
 *
 *     runtime <- core <- quantizers <- variants
 *                core <- data, core <- analysis, cli imports all
 *
 * What is not published (apps/, benchmarks/, tools/) may import all of them, and none of them imports it.
 */
export const importGraph: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  core: ["runtime"],
  quantizers: ["runtime", "core"],
  variants: ["runtime", "core", "quantizers"],
  data: ["runtime", "core"],
  analysis: ["runtime", "core"],
  cli: ["runtime", "core", "quantizers", "variants", "data", "analysis"],
};

/** Packages that run in browsers: no Node built-in may be imported there, whatever the edge. */
export const browserPackages: readonly string[] = ["runtime", "core"];
