// Execution layer requests (EIP-7685): deposits out of logs, and the hash over all of a block's requests.

import { sha256 } from '@noble/hashes/sha2.js';
import { InvalidBlockError } from '../base/errors.ts';
import { type Hex, hexFromBytes, numberFromBytes } from '../base/hex.ts';
import { MAINNET_DEPOSIT_CONTRACT } from '../chain/system-contracts.ts';
import type { Log } from './log.ts';

/** keccak256 of `DepositEvent(bytes,bytes,bytes,bytes,bytes)`. */
const DEPOSIT_EVENT: Hex = '0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5';
const DEPOSIT_REQUEST = 0;

/** The ABI encoding of a deposit event: where each of its byte strings starts, and how long it is (EIP-6110). */
const DEPOSIT_FIELDS = [
  { name: 'pubkey', offset: 160, size: 48 },
  { name: 'withdrawal_credentials', offset: 256, size: 32 },
  { name: 'amount', offset: 320, size: 8 },
  { name: 'signature', offset: 384, size: 96 },
  { name: 'index', offset: 512, size: 8 },
] as const;
const DEPOSIT_EVENT_SIZE = 576;

/**
 * The deposit request of a block: type byte, then the fields of every deposit event in order (EIP-6110).
 * @throws InvalidBlockError for an event that is not encoded as the deposit contract does it
 */
export function depositRequest(logs: Iterable<Log>, contract: Hex = MAINNET_DEPOSIT_CONTRACT): Uint8Array {
  const request: number[] = [DEPOSIT_REQUEST];
  for (const { address, topics, data } of logs) {
    if (hexFromBytes(address) !== contract || !isDepositEvent({ topics })) continue;
    if (data.length !== DEPOSIT_EVENT_SIZE) throw new InvalidBlockError(`deposit event of ${data.length} bytes`);
    DEPOSIT_FIELDS.forEach(({ name, offset, size }, i) => {
      const start = numberFromBytes(data.subarray(i * 32, i * 32 + 32));
      const length = numberFromBytes(data.subarray(offset, offset + 32));
      if (start !== BigInt(offset) || length !== BigInt(size)) {
        throw new InvalidBlockError(`deposit event with an unexpected layout of ${name}`);
      }
      request.push(...data.subarray(offset + 32, offset + 32 + size));
    });
  }
  return Uint8Array.from(request);
}

/** Whether the log is what deposit contracts write, whichever contract it was. */
export function isDepositEvent({ topics: [topic] }: Pick<Log, 'topics'>): boolean {
  return topic !== undefined && hexFromBytes(topic) === DEPOSIT_EVENT;
}

/** sha256 over the sha256 of each request that is more than its type byte, in order (EIP-7685). */
export function requestsHash(requests: readonly Uint8Array[]): Hex {
  const hash = sha256.create();
  for (const request of requests) if (request.length > 1) hash.update(sha256(request));
  return hexFromBytes(hash.digest());
}
