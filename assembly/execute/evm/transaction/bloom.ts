// The bloom of a transaction's logs (yellow paper, section 4.3.1): three bits for every address and topic.

import { BLOOM_SIZE, EvmLog } from "../../../layout";
import { keccak256 } from "../../../base/keccak256";
import { Temporary, temporary } from "../memory/workspace";
import { logCount, logs } from "../state/effects";

/** Sets the bits of all logs of the running transaction in the BLOOM_SIZE bytes at `bloom`. */
export function addToBloom(bloom: u32): void {
  let log = logs;
  for (let number: u32 = 0; number < logCount; number++) {
    setBits(bloom, log + EvmLog.ADDRESS, 20);
    const topics = load<u32>(log, EvmLog.TOPIC_COUNT);
    for (let topic: u32 = 0; topic < topics; topic++) setBits(bloom, log + EvmLog.SIZE + topic * 32, 32);
    log += EvmLog.SIZE + topics * 32 + ((load<u32>(log, EvmLog.DATA_LENGTH) + 7) & ~7);
  }
}

function setBits(bloom: u32, bytes: u32, length: u32): void {
  const hash = temporary + Temporary.HASH;
  keccak256(hash, bytes, length);
  for (let pair: u32 = 0; pair < 6; pair += 2) {
    const bit = ((u32(load<u8>(hash + pair)) << 8) | load<u8>(hash + pair, 1)) & 2047;
    const place = bloom + BLOOM_SIZE - 1 - (bit >> 3);
    store<u8>(place, load<u8>(place) | (1 << u8(bit & 7)));
  }
}
