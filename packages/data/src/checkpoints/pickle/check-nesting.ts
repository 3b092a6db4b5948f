/**
 * The memo lets a pickle put a list into itself, or into a second list twice, that one twice into a third, and so on: few
 * bytes, no end. Whoever walks the value later would pay, so it is checked once.
 */
import { PickleProblem, type PickleValue } from "./pickle-value.ts";

const MAX_LEVELS = 64;
/** Paths through the value, shared parts counted each time they are reached. */
const MAX_PATHS = 1 << 20;

/** @throws PickleProblem if the value holds itself, has more than 64 levels, or more than a million paths */
export function checkNesting(value: PickleValue): void {
  const open = new Set<object>();
  let paths = 0;
  const visit = (at: PickleValue): void => {
    if (++paths > MAX_PATHS) throw new PickleProblem(`more than ${MAX_PATHS} values, counting shared ones again`);
    if (typeof at !== "object" || at === null || at.kind === "global" || at.kind === "object") return;
    if (open.has(at)) throw new PickleProblem(`a ${at.kind} holds itself`);
    if (open.size >= MAX_LEVELS) throw new PickleProblem(`more than ${MAX_LEVELS} levels of nesting`);
    open.add(at);
    for (const child of at.kind === "dict" ? at.entries.values() : at.items) visit(child);
    open.delete(at);
  };
  visit(value);
}
