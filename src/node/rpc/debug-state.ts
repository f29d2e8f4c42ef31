// debug_*: what states hold, in the order of their tries, and what has changed between two of them.

import { InputError } from '../../base/errors.ts';
import { bytesFromHex } from '../../base/hex.ts';
import { describe, isMissing } from '../../base/reader.ts';
import { blockAt, blockOf } from '../block-name.ts';
import type { Call } from '../call.ts';
import type { ChainNode } from '../chain-node.ts';
import type { ChainBlock } from '../chain-store.ts';
import type { Method, Methods } from './method.ts';
import { addressOf, booleanOf, bytesOf, hashOf, integerOf, type Params, refusal } from './parameters.ts';

/** Accounts of one answer, as in geth. */
const MAXIMUM_ACCOUNTS = 256;

const load = () => import('../state-ranges.ts');

export const DEBUG_STATE: Methods = {
  debug_dumpBlock: {
    params: ['block'],
    async run({ record }, params) {
      const at = blockAt(record.store, params[0], 'params[0]');
      const { accountRange } = await load();
      return accountRange(record, at, { start: 0n, most: MAXIMUM_ACCOUNTS, hasCode: true, hasStorage: true });
    },
  },
  debug_accountRange: {
    params: ['block', 'start', 'maxResults', 'nocode', 'nostorage', 'incompletes'],
    run: accounts,
  },
  debug_storageRangeAt: { params: ['block', 'txIndex', 'address', 'start', 'maxResults'], run: storage },
  debug_getModifiedAccountsByNumber: modifiedBetween((value, field, { record }) => {
    const number = numberOf(value, field);
    return () => record.store.byNumber(BigInt(number));
  }),
  debug_getModifiedAccountsByHash: modifiedBetween((value, field, { record }) => {
    const hash = hashOf(value, field);
    return () => record.store.byHash(hash);
  }),
};

/** JSON numbers, not quantities: as geth has it. */
function numberOf(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 64) return value;
  throw new InputError(field, `expected a block number as a JSON number, got ${describe(value)}`);
}

async function accounts({ record }: ChainNode, params: Params) {
  const at = () => blockOf(record.store, params[0], 'params[0]');
  const start = bytesOf(params[1], 'params[1]');
  const wanted = integerOf(params[2], 'params[2]');
  const [noCode, noStorage] = [3, 4, 5].map((i) => booleanOf(params[i], `params[${i}]`));
  const { accountRange } = await load();
  return accountRange(record, at(), {
    // Of more than 32 bytes, the last ones.
    start: BigInt.asUintN(256, BigInt(start === '0x' ? '0x0' : start)),
    most: wanted > 0 && wanted < MAXIMUM_ACCOUNTS ? wanted : MAXIMUM_ACCOUNTS,
    hasCode: !noCode,
    hasStorage: !noStorage,
  });
}

async function storage(node: ChainNode, params: Params, call: Call) {
  const index = integerOf(params[1], 'params[1]');
  const address = addressOf(params[2], 'params[2]');
  const start = bytesOf(params[3], 'params[3]');
  const most = integerOf(params[4], 'params[4]');
  const { store } = node.record;
  const at = blockOf(store, params[0], 'params[0]');
  if (at.number === store.first.number) throw refusal('params[0]', `no transactions are known of block ${at.number}`);
  const { length } = at.block.transactions;
  const isThere = index >= 0 && (index < length || (index === 0 && length === 0));
  if (!isThere) throw refusal('params[1]', `the block has ${length} transactions, none at ${index}`);
  const { storageRange } = await load();
  return storageRange(node, { at, index, address, start: bytesFromHex(start), most }, call);
}

type Reads = (value: unknown, field: string, node: ChainNode) => () => ChainBlock | undefined;

function modifiedBetween(reads: Reads): Method {
  return {
    params: ['start', 'end?'],
    async run(node, params) {
      const [first, second] = params.map((value, i) =>
        isMissing(value) ? undefined : reads(value, `params[${i}]`, node),
      );
      const found = (block: ReturnType<Reads>, i: number) => {
        const at = block();
        if (at === undefined) throw refusal(`params[${i}]`, `there is no block ${describe(params[i])}`);
        return at;
      };
      const { store } = node.record;
      const start = found(first!, 0);
      // One block alone: what it has changed.
      const older = second === undefined ? store.byHash(start.block.parentHash) : start;
      const newer = second === undefined ? start : found(second, 1);
      if (older === undefined) throw refusal('params[0]', `the block before block ${start.number} is not there`);
      if (older.number >= newer.number) {
        throw refusal('params[1]', `block ${newer.number} does not come after block ${older.number}`);
      }
      const { modifiedAccounts } = await load();
      return modifiedAccounts(node.record, older, newer);
    },
  };
}
