// eth_*: what a state holds, and proofs of it.

import { InputError } from '../../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, keyFromBytes, quantityFromNumber } from '../../base/hex.ts';
import { describe, list, plainObject } from '../../base/reader.ts';
import type { MemoryAccount } from '../../state/memory.ts';
import type { ChainNode } from '../chain-node.ts';
import type { Methods } from './method.ts';
import { addressOf, blockOf, type Params, slotOf } from './parameters.ts';

const ZERO: Hex = `0x${'00'.repeat(32)}`;
/** Slots that one call may ask for, as geth allows. */
const MAXIMUM_SLOTS = 1024;

export const ETH_STATE: Methods = {
  eth_getBalance: {
    params: ['address', 'block?'],
    run: (node, params) => quantityFromNumber(accountOf(node, params, 1)?.balance ?? 0n),
  },
  eth_getTransactionCount: {
    params: ['address', 'block?'],
    run(node, params) {
      const nonce = accountOf(node, params, 1)?.nonce ?? 0n;
      if (params[1] !== 'pending') return quantityFromNumber(nonce);
      return quantityFromNumber(node.pool.nextNonce(addressOf(params[0], 'params[0]'), nonce));
    },
  },
  eth_getCode: {
    params: ['address', 'block?'],
    run: (node, params) => hexFromBytes(accountOf(node, params, 1)?.code ?? new Uint8Array(0)),
  },
  eth_getStorageAt: {
    params: ['address', 'slot', 'block?'],
    run(node, params) {
      const slot = slotOf(params[1], 'params[1]');
      return slotValue(accountOf(node, params, 2), slot);
    },
  },
  eth_getStorageValues: { params: ['slots', 'block?'], run: storageValues },
  eth_getProof: { params: ['address', 'slots', 'block?'], run: proof },
};

function accountOf({ record }: ChainNode, params: Params, block: number): MemoryAccount | undefined {
  const address = addressOf(params[0], 'params[0]');
  const at = blockOf(record.store, params[block], `params[${block}]`);
  return record.stateAfter(at).accounts.get(keyFromBytes(bytesFromHex(address)));
}

function slotValue(account: MemoryAccount | undefined, slot: Hex): Hex {
  const found = account?.storage.get(keyFromBytes(bytesFromHex(slot)));
  return found === undefined ? ZERO : hexFromBytes(found.value);
}

function storageValues({ record }: ChainNode, params: Params) {
  const wanted = Object.entries(plainObject(params[0], 'params[0]')).map(([name, slots]) => {
    const field = `params[0].${name}`;
    return [addressOf(name, field), list(slotOf, MAXIMUM_SLOTS)(slots, field)] as const;
  });
  const count = wanted.reduce((sum, [, slots]) => sum + slots.length, 0);
  if (count === 0) throw new InputError('params[0]', 'empty: it names no slot');
  if (count > MAXIMUM_SLOTS) throw new InputError('params[0]', `${count} slots, at most ${MAXIMUM_SLOTS} allowed`);
  const { accounts } = record.stateAfter(blockOf(record.store, params[1], 'params[1]'));
  return Object.fromEntries(
    wanted.map(([address, slots]) => {
      const account = accounts.get(keyFromBytes(bytesFromHex(address)));
      return [address, slots.map((slot) => slotValue(account, slot))];
    }),
  );
}

async function proof({ record }: ChainNode, params: Params) {
  const address = addressOf(params[0], 'params[0]');
  const given = list((value, field) => [value, slotOf(value, field)] as const, MAXIMUM_SLOTS)(params[1], 'params[1]');
  const at = blockOf(record.store, params[2], 'params[2]');
  const slots = given.map(([, slot]) => bytesFromHex(slot));
  const { account, accountProof, storage } = await record.proofAfter(at, bytesFromHex(address), slots);
  return {
    address,
    accountProof: accountProof.map(hexFromBytes),
    balance: quantityFromNumber(account.balance),
    // Of an account that is not there geth gives zeros.
    codeHash: account.isThere ? hexFromBytes(account.codeHash) : ZERO,
    nonce: quantityFromNumber(account.nonce),
    storageHash: account.isThere ? hexFromBytes(account.storageRoot) : ZERO,
    storageProof: storage.map(({ value, proof: nodes }, i) => ({
      key: keyAnswer(given[i]![0], given[i]![1]),
      value: quantityFromNumber(value),
      proof: nodes.map(hexFromBytes),
    })),
  };
}

/** geth gives a key of 32 bytes back as it came, and a shorter one as a quantity. */
function keyAnswer(given: unknown, slot: Hex): Hex {
  if (typeof given !== 'string') throw new InputError('params[1]', `expected slots, got ${describe(given)}`);
  return given.replace(/^0x/, '').length === 64 ? slot : quantityFromNumber(BigInt(slot));
}
