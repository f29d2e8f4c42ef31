// What simulated scaling (test/bench/scaling) drives beside the ABI. Compiled by the `simulation` target only.

import { Scratch } from "./layout";
import { scratch } from "./base/worker";
import { readAccess } from "./store/access-set";

/** `read` as the EVM inside the core makes it: what the attempt has read before is not looked at again. */
export function readPlainly(location: u32): u32 {
  return readAccess(location, scratch(Scratch.VALUE));
}
