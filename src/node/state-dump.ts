// A whole state as one text, and back: JSON by address, compressed, in hex, as anvil has it.

import { InputError } from '../base/errors.ts';
import { gunzip, gzip } from '../base/gzip.ts';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../base/hex.ts';
import { bytes, plainObject } from '../base/reader.ts';
import { type MemoryAccount, type MemoryState, memoryState } from '../state/memory.ts';

/** First bytes of what is compressed with gzip. */
const GZIP = [0x1f, 0x8b];
/** Of a state in JSON. */
const MOST_BYTES = 1 << 30;

export async function dumpOf(accounts: Iterable<MemoryAccount>): Promise<Hex> {
  const listed: Record<string, unknown> = {};
  for (const { address, balance, nonce, code, storage } of accounts) {
    listed[hexFromBytes(address)] = {
      nonce: Number(nonce),
      balance: quantityFromNumber(balance),
      code: code === undefined ? '0x' : hexFromBytes(code),
      storage: Object.fromEntries([...storage].map(([, slot]) => [hexFromBytes(slot.slot), hexFromBytes(slot.value)])),
    };
  }
  const text = new TextEncoder().encode(JSON.stringify({ accounts: listed }));
  return hexFromBytes(await gzip(text));
}

/** @throws InputError for what is no state */
export async function readDump(given: unknown, field: string): Promise<MemoryState> {
  const raw = bytesFromHex(bytes()(given, field));
  let state: unknown;
  try {
    const isPacked = GZIP.every((byte, at) => raw[at] === byte);
    const text = isPacked ? await gunzip(raw, MOST_BYTES) : raw;
    state = JSON.parse(new TextDecoder().decode(text));
  } catch (error) {
    throw new InputError(field, 'no state that a node has dumped: neither JSON nor compressed JSON', { cause: error });
  }
  const accounts = plainObject(plainObject(state, field).accounts, `${field}.accounts`);
  return memoryState(accounts as Parameters<typeof memoryState>[0], { field: `${field}.accounts` });
}
