// eth_*: logs, filters and subscriptions.

import { InputError, PevmError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import { describe, plainObject } from '../../base/reader.ts';
import { findNumber } from '../block-name.ts';
import type { Call } from '../call.ts';
import type { ChainNode } from '../chain-node.ts';
import { logsOf } from '../filters.ts';
import { mayHold, readLogFilter } from '../log-filter.ts';
import type { Methods } from './method.ts';
import { hashOf, type Params, SERVER_ERROR } from './parameters.ts';

/** As geth has it, of what is asked without a connection that stays, and of kinds that there are not. */
const NO_METHOD = -32601;
/** Logs of one answer. */
const MAXIMUM_LOGS = 200_000;

export const ETH_LOGS: Methods = {
  eth_getLogs: { params: ['filter'], run: (node, params) => logs(node, params[0]) },
  eth_newFilter: {
    params: ['filter'],
    run: ({ filters }, params) => {
      const given = plainObject(params[0], 'params[0]');
      return filters.watch('logs', { ...readLogFilter(given, 'params[0]'), ...given });
    },
  },
  eth_newBlockFilter: { params: [], run: ({ filters }) => filters.watch('blocks') },
  eth_newPendingTransactionFilter: { params: ['full?'], run: ({ filters }) => filters.watch('transactions') },
  eth_getFilterChanges: {
    params: ['id'],
    run: ({ filters }, params) => filters.changes(idOf(params[0])) ?? unknownFilter(params[0]),
  },
  eth_getFilterLogs: {
    params: ['id'],
    run: (node, params) => logs(node, node.filters.logFilter(idOf(params[0])) ?? unknownFilter(params[0])),
  },
  eth_uninstallFilter: { params: ['id'], run: ({ filters }, params) => filters.end(idOf(params[0])) },
  eth_subscribe: { params: ['kind?', 'filter?'], run: subscribe },
  eth_unsubscribe: {
    params: ['id'],
    run({ filters }, params) {
      if (filters.end(idOf(params[0]))) return true;
      throw new PevmError(SERVER_ERROR, `subscription not found: ${describe(params[0])}`);
    },
  },
};

function idOf(value: unknown): Hex {
  if (typeof value !== 'string') throw new InputError('params[0]', `expected a filter's id, got ${describe(value)}`);
  return value as Hex;
}

function unknownFilter(id: unknown): never {
  throw new PevmError(SERVER_ERROR, `filter not found: ${describe(id)}`);
}

function logs({ record }: ChainNode, filter: unknown): unknown[] {
  const field = 'params[0]';
  const given = plainObject(filter, field);
  const wanted = readLogFilter(given, field);
  const { store } = record;
  const { blockHash, fromBlock, toBlock } = given;
  if (blockHash !== undefined && blockHash !== null) {
    if (fromBlock !== undefined || toBlock !== undefined) {
      throw new InputError(`${field}.blockHash`, 'not together with fromBlock or toBlock');
    }
    const at = store.byHash(hashOf(blockHash, `${field}.blockHash`));
    if (at === undefined) throw new PevmError(SERVER_ERROR, `unknown block ${blockHash}`);
    return logsOf(at, wanted);
  }
  for (const [name, tag] of Object.entries({ fromBlock, toBlock })) {
    if (tag === 'pending') throw new InputError(`${field}.${name}`, 'there are no logs of pending blocks');
  }
  // A block that is not there yet is the end of all that there are.
  const from = findNumber(store, fromBlock ?? 'latest', `${field}.fromBlock`)?.number ?? numberOf(fromBlock);
  const to = findNumber(store, toBlock ?? 'latest', `${field}.toBlock`)?.number ?? numberOf(toBlock);
  if (from > to) throw new InputError(`${field}.fromBlock`, `block ${from} comes after toBlock, ${to}`);
  if (to > store.head.number)
    throw new InputError(`${field}.toBlock`, `block ${to} is beyond the head, ${store.head.number}`);
  const found: unknown[] = [];
  for (let number = from; number <= to; number++) {
    const at = store.byNumber(number);
    if (at === undefined || !mayHold(at.block.logsBloom, wanted)) continue;
    found.push(...logsOf(at, wanted));
    if (found.length > MAXIMUM_LOGS)
      throw new PevmError(-32005, `more than ${MAXIMUM_LOGS} logs; ask for fewer blocks`);
  }
  return found;
}

function numberOf(value: unknown): bigint {
  return typeof value === 'string' && /^0[xX]/.test(value) ? BigInt(value.toLowerCase()) : 0n;
}

function subscribe({ filters }: ChainNode, params: Params, { notify }: Call): Hex {
  if (notify === undefined) {
    throw new PevmError(NO_METHOD, 'notifications not supported: subscribe over WebSocket, or with the provider');
  }
  const [kind, given] = params;
  let id: Hex = '0x';
  const tell = (result: unknown) => notify(id, result);
  if (kind === 'newHeads') id = filters.watch('blocks', {}, tell);
  else if (kind === 'logs')
    id = filters.watch('logs', readLogFilter(plainObject(given ?? {}, 'params[1]'), 'params[1]'), tell);
  else if (kind === 'newPendingTransactions') id = filters.watch('transactions', {}, tell);
  else {
    const problem = `expected newHeads, logs or newPendingTransactions, got ${describe(kind)}`;
    throw typeof kind === 'string'
      ? new PevmError(NO_METHOD, `params[0]: ${problem}`)
      : new InputError('params[0]', problem);
  }
  return id;
}
