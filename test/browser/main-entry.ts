/** All that a page carries which only runs SAEs. */
export * from "@qsae/runtime";
