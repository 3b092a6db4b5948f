export { describeQuantizer, type QuantizerSuiteOptions } from "./describe-quantizer.ts";
