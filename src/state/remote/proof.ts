// Proofs as nodes give them: an account, its slots, and the nodes of the tries above them (EIP-1186).

import { InputError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import { bytes, hash, list, plainObject, type Reader } from '../../base/reader.ts';
import { wordOf } from './block-keys.ts';
import { PINNED, type RpcRequest } from './json-rpc.ts';
import { hexNumber } from './state-requests.ts';

/** What a node says of an account, with the nodes of the tries that prove it. */
export interface AccountProof {
  readonly address: Hex;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly codeHash: Hex;
  readonly storageHash: Hex;
  readonly accountProof: readonly Hex[];
  readonly storageProof: readonly { readonly slot: Hex; readonly value: Hex; readonly proof: readonly Hex[] }[];
}

/** An account as the root has it. */
export interface ProvenAccount {
  readonly exists: boolean;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly codeHash: Hex;
  readonly storageHash: Hex;
}

/** A path through a trie has 64 half bytes. */
const MOST_NODES = 65;

const readBalance = hexNumber(256);
const readNonce = hexNumber(64);
const readValue = hexNumber(256);
const readNodes = list(bytes(undefined, 1 << 16), MOST_NODES);

/** The account with some of its slots, and their proofs, at the pinned block. */
export function proofRequest(address: Hex, slots: readonly Hex[]): RpcRequest<AccountProof> {
  const params = [address, slots, PINNED];
  return { method: 'eth_getProof', params, read: (result) => readProof(result, 'result', address, slots) };
}

function readProof(result: unknown, field: string, address: Hex, slots: readonly Hex[]): AccountProof {
  const given = plainObject(result, field);
  const at = <T>(name: string, read: Reader<T>): T => read(given[name], `${field}.${name}`);
  if (String(given.address).toLowerCase() !== address) throw new InputError(`${field}.address`, 'another account');
  const entries = at('storageProof', list(plainObject, slots.length));
  if (entries.length !== slots.length) {
    throw new InputError(`${field}.storageProof`, `${entries.length} slots for ${slots.length}`);
  }
  return {
    address,
    balance: at('balance', readBalance),
    nonce: at('nonce', readNonce),
    codeHash: at('codeHash', hash),
    storageHash: at('storageHash', hash),
    accountProof: at('accountProof', readNodes),
    storageProof: entries.map((entry, i) => {
      const where = `${field}.storageProof[${i}]`;
      const slot = slots[i]!;
      // Some nodes give the key as it was asked for, some as a number.
      const key = entry.key;
      if (typeof key !== 'string' || !/^0x[0-9a-fA-F]{1,64}$/.test(key) || BigInt(key) !== BigInt(slot)) {
        throw new InputError(`${where}.key`, 'another slot');
      }
      const value = wordOf(readValue(entry.value, `${where}.value`));
      return { slot, value, proof: readNodes(entry.proof, `${where}.proof`) };
    }),
  };
}
