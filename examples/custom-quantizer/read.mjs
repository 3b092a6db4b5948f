/** Runs a packed SAE with @qsae/runtime alone: levels and scales are in the file, the code of its quantizer is not needed. */
import { readFile } from "node:fs/promises";
import { loadSae } from "@qsae/runtime";

const [, , path] = process.argv;
const sae = loadSae(await readFile(path), path);
const atom = sae.atom(7); // [d_in], quantized
const magnitudes = [...new Set(atom.map(Math.abs))].sort((a, b) => a - b);
console.log(`${sae.dSae} latents of width ${sae.dIn}; weights of atom 7: ±${magnitudes.join(", ±")}`);
console.log("latents that fire on it:", ...sae.encode(atom).indices);
