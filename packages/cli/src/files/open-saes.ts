/** Several SAEs that are shown side by side. */
import type { VariantCatalog } from "@qsae/variants";
import { openSae, type OpenedSae } from "../open-sae.ts";

/** Opens them in order; two of one name get numbers, since a report tells its SAEs apart by their names. Throws as `openSae`. */
export async function openSaes(paths: readonly string[], catalog: VariantCatalog): Promise<readonly OpenedSae[]> {
  const opened: OpenedSae[] = [];
  for (const path of paths) opened.push(await openSae(path, catalog));
  const names = distinctNames(opened.map(({ name }) => name));
  return opened.map((sae, i) => ({ ...sae, name: names[i]! }));
}

function distinctNames(names: readonly string[]): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
}
