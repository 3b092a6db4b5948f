import { QsaeError } from "@qsae/runtime";

/** The device can be used no longer: it was lost, or its driver reports an error. What was on it is gone. */
export class DeviceError extends QsaeError {
  override readonly name = "DeviceError";
}
