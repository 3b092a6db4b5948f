/** Of the options of `quantizeSae` and `quantizeMixed`. */
export const quantizeDefaults = { calibrationTokens: 20_000, steps: 1000, batchSize: 1024, seed: 0 } as const;
