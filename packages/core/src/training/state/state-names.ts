/** Names of the run's state in a checkpoint, beside the SAE. */
export const ADAM_M = "adam.m.";
export const ADAM_V = "adam.v.";
export const SINCE_FIRED = "since_fired";
/** Parameters as the optimiser has them, where the saved SAE is something else. */
export const PARAM = "param.";
/** Moving averages, before any input scale is folded in. */
export const AVERAGE = "average.";
export const INPUT_SCALE = "input_scale";
