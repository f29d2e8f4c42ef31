// eth_*: what a state holds, and proofs of it.

import { InputError } from '../../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import { describe, list, plainObject } from '../../base/reader.ts';
import { blockOf } from '../block-name.ts';
import type { ChainNode } from '../chain-node.ts';
import type { RecordedChain } from '../recorded-chain.ts';
import type { Methods } from './method.ts';
import { addressOf, hashOf, type Params, slotOf } from './parameters.ts';

const ZERO: Hex = `0x${'00'.repeat(32)}`;
/** Slots that one call may ask for, as geth allows. */
const MAXIMUM_SLOTS = 1024;

export const ETH_STATE: Methods = {
  eth_getBalance: {
    params: ['address', 'block?'],
    async run({ record }, params) {
      const { address, at } = placeOf(record, params, 1);
      return quantityFromNumber((await record.accountAfter(at, address)).balance);
    },
  },
  eth_getTransactionCount: {
    params: ['address', 'block?'],
    async run({ record, pool }, params) {
      const { address, at } = placeOf(record, params, 1);
      const nonce = await record.nonceAfter(at, address);
      return quantityFromNumber(params[1] === 'pending' ? pool.nextNonce(address, nonce) : nonce);
    },
  },
  eth_getCode: {
    params: ['address', 'block?'],
    run({ record }, params) {
      const { address, at } = placeOf(record, params, 1);
      return record.codeAfter(at, address);
    },
  },
  eth_getStorageAt: {
    params: ['address', 'slot', 'block?'],
    async run({ record }, params) {
      const slot = slotOf(params[1], 'params[1]');
      const { address, at } = placeOf(record, params, 2);
      return (await record.slotsAfter(at, address, [slot]))[0];
    },
  },
  eth_getStorageValues: { params: ['slots', 'block?'], run: storageValues },
  eth_getProof: { params: ['address', 'slots', 'block?'], run: proof },
};

/** The account and the block that the parameters name. */
function placeOf({ store }: RecordedChain, params: Params, block: number) {
  const address = addressOf(params[0], 'params[0]');
  return { address, at: blockOf(store, params[block], `params[${block}]`) };
}

async function storageValues({ record }: ChainNode, params: Params) {
  const wanted = Object.entries(plainObject(params[0], 'params[0]')).map(([name, slots]) => {
    const field = `params[0].${name}`;
    return [addressOf(name, field), list(hashOf, MAXIMUM_SLOTS)(slots, field)] as const;
  });
  const count = wanted.reduce((sum, [, slots]) => sum + slots.length, 0);
  if (count === 0) throw new InputError('params[0]', 'empty: it names no slot');
  if (count > MAXIMUM_SLOTS) throw new InputError('params[0]', `${count} slots, at most ${MAXIMUM_SLOTS} allowed`);
  const at = blockOf(record.store, params[1], 'params[1]');
  const answers = wanted.map(
    async ([address, slots]) => [address, await record.slotsAfter(at, address, slots)] as const,
  );
  return Object.fromEntries(await Promise.all(answers));
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
