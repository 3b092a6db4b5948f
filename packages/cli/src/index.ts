export { defineConfig, type QsaeConfig, type VariantChoice } from "./config/define-config.ts";
