export { describeQuantizer, type QuantizerSuiteOptions } from "./describe-quantizer.ts";
export { backendsHere } from "./backends-here.ts";
export { openWithBindings } from "./open-with-bindings.ts";
