import { defineConfig, defaultClientConditions } from "vite";

/**
 * With these headers a page is cross-origin isolated: it has shared memory, and with that WebAssembly has threads. Any server
 * of the built page should send them; without, the page computes with one thread.
 */
export const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

export default defineConfig({
  // Relative paths: the built page works in any folder of a site.
  base: "./",
  resolve: {
    conditions: [
      "@qsae/source",
      // onnxruntime's worker threads import its glue code by URL, so it has to be a file of its own (src/worker/onnxruntime.ts).
      "onnxruntime-web-use-extern-wasm",
      ...defaultClientConditions,
    ],
  },
  server: { headers: isolation },
  preview: { headers: isolation },
  worker: { format: "es" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    // tfjs alone is more than what vite warns of; it is in the worker, and the page is there before it.
    chunkSizeWarningLimit: 3000,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
