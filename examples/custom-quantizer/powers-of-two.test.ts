import { describeQuantizer } from "@qsae/core/testing";
import { powersOfTwo } from "./powers-of-two.ts";

describeQuantizer(powersOfTwo);
