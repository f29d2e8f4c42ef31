// evm_*, anvil_*, hardhat_* and dev_*: what tests do to a chain that is their own.

import { InputError, PevmError } from '../../base/errors.ts';
import { type Hex, quantityFromNumber } from '../../base/hex.ts';
import { bytes, describe, hash, plainObject } from '../../base/reader.ts';
import type { ChainNode } from '../chain-node.ts';
import type { Method, Methods } from './method.ts';
import { addressOf, looseNumberOf, type Params, readWithdrawal, SERVER_ERROR, slotOf } from './parameters.ts';

/** Blocks of one call. */
const MAXIMUM_BLOCKS = 10_000n;

/** The same method under the names of several tools. */
function named(names: readonly string[], method: Method): Methods {
  return Object.fromEntries(names.map((name) => [name, method]));
}

const both = (name: string) => [`anvil_${name}`, `hardhat_${name}`];
const all = (name: string) => [...both(name), `evm_${name}`];

export const CONTROL: Methods = {
  anvil_setBlockTimestampInterval: { params: ['seconds'], run: (node, params) => setSpacing(node, params, 1n) },
  // Hardhat counts milliseconds, and viem asks it so.
  hardhat_setBlockTimestampInterval: { params: ['ms'], run: (node, params) => setSpacing(node, params, 1000n) },
  ...named(both('removeBlockTimestampInterval'), {
    params: [],
    run({ miner }) {
      const wasSet = miner.timestampInterval !== undefined;
      miner.timestampInterval = undefined;
      return wasSet;
    },
  }),
  ...named(['evm_setTime', 'anvil_setTime'], {
    params: ['timestamp'],
    run({ miner }, params) {
      miner.offset = looseNumberOf(params[0], 'params[0]') - BigInt(Math.floor(Date.now() / 1000));
      return quantityFromNumber(miner.offset < 0n ? 0n : miner.offset);
    },
  }),
  ...named([...both('setMinGasPrice')], {
    params: ['price'],
    run({ miner }, params) {
      miner.leastPrice = looseNumberOf(params[0], 'params[0]');
      return true;
    },
  }),
  ...named(['hardhat_setPrevRandao', 'anvil_setPrevRandao', 'anvil_setNextBlockPrevRandao'], {
    params: ['value'],
    run({ miner }, params) {
      miner.nextRandao = slotOf(params[0], 'params[0]');
      return true;
    },
  }),
  ...named([...both('setLoggingEnabled')], { params: ['enabled'], run: () => true }),
  miner_start: {
    params: ['threads?'],
    run({ miner }) {
      miner.setMode('instant');
      return true;
    },
  },
  miner_stop: {
    params: [],
    run({ miner }) {
      miner.setMode('none');
      return true;
    },
  },
  // As geth has it in --dev.
  dev_addWithdrawal: {
    params: ['withdrawal'],
    run({ miner }, params) {
      miner.withdrawals.push(readWithdrawal(plainObject(params[0], 'params[0]'), 'params[0]'));
      return null;
    },
  },
  anvil_getIntervalMining: {
    params: [],
    run: ({ miner }) => (typeof miner.mode === 'object' ? Math.ceil(miner.mode.intervalMs / 1000) : null),
  },
  anvil_addBalance: {
    params: ['address', 'amount'],
    run: (node, params) =>
      changed(node, async () => {
        const address = addressOf(params[0], 'params[0]');
        const more = looseNumberOf(params[1], 'params[1]');
        await node.world.setBalance(address, (await node.world.getBalance(address)) + more);
      }),
  },
  anvil_removePoolTransactions: {
    params: ['address'],
    run({ pool }, params) {
      const address = addressOf(params[0], 'params[0]');
      const own = [...pool.senders()].filter(([from]) => from === address).flatMap(([, pooled]) => pooled);
      for (const pooled of own) pool.remove(pooled);
      return null;
    },
  },
  ...named(['evm_snapshot', 'anvil_snapshot'], { params: [], run: snapshot }),
  ...named(['evm_revert', 'anvil_revert'], { params: ['id'], run: revert }),
  evm_mine: { params: ['options?'], run: mineOne },
  ...named(both('mine'), { params: ['blocks?', 'interval?'], run: mineSome }),
  ...named(['evm_setNextBlockTimestamp', 'anvil_setNextBlockTimestamp'], {
    params: ['timestamp'],
    run: setNextTimestamp,
  }),
  ...named(['evm_increaseTime', 'anvil_increaseTime'], {
    params: ['seconds'],
    run({ miner }, params) {
      miner.offset += looseNumberOf(params[0], 'params[0]');
      return quantityFromNumber(miner.offset);
    },
  }),
  ...named(['evm_setAutomine', 'anvil_setAutomine'], {
    params: ['enabled'],
    run({ miner }, params) {
      miner.setMode(params[0] === true ? 'instant' : 'none');
      return true;
    },
  }),
  ...named(['anvil_getAutomine', 'hardhat_getAutomine'], { params: [], run: ({ miner }) => miner.mode === 'instant' }),
  ...named(['evm_setIntervalMining', 'anvil_setIntervalMining'], {
    params: ['interval'],
    run({ miner }, params) {
      const interval = Number(looseNumberOf(params[0], 'params[0]'));
      // anvil counts seconds, Hardhat milliseconds; whoever means seconds says a small number.
      miner.setMode(interval === 0 ? 'none' : { intervalMs: interval < 1000 ? interval * 1000 : interval });
      return true;
    },
  }),
  ...named([...all('setBalance'), 'evm_setAccountBalance'], {
    params: ['address', 'balance'],
    run: (node, [address, balance]) =>
      changed(node, () => node.world.setBalance(addressOf(address, 'params[0]'), looseNumberOf(balance, 'params[1]'))),
  }),
  ...named([...all('setNonce'), 'evm_setAccountNonce'], {
    params: ['address', 'nonce'],
    run: (node, [address, nonce]) =>
      changed(node, () => node.world.setNonce(addressOf(address, 'params[0]'), looseNumberOf(nonce, 'params[1]'))),
  }),
  ...named([...all('setCode'), 'evm_setAccountCode'], {
    params: ['address', 'code'],
    run: (node, [address, code]) =>
      changed(node, () => node.world.setCode(addressOf(address, 'params[0]'), bytes()(code, 'params[1]'))),
  }),
  ...named([...all('setStorageAt'), 'evm_setAccountStorageAt'], {
    params: ['address', 'slot', 'value'],
    run: (node, [address, slot, value]) =>
      changed(node, () =>
        node.world.setStorage(addressOf(address, 'params[0]'), slotOf(slot, 'params[1]'), slotOf(value, 'params[2]')),
      ),
  }),
  ...named(both('impersonateAccount'), { params: ['address'], run: (node, params) => impersonate(node, params, true) }),
  ...named(both('stopImpersonatingAccount'), {
    params: ['address'],
    run: (node, params) => impersonate(node, params, false),
  }),
  ...named(both('autoImpersonateAccount'), {
    params: ['enabled'],
    run({ accounts }, params) {
      accounts.impersonatesAll = params[0] === true;
      return true;
    },
  }),
  ...named(both('setCoinbase'), {
    params: ['address'],
    run({ miner }, params) {
      miner.coinbase = addressOf(params[0], 'params[0]');
      return true;
    },
  }),
  ...named([...both('setNextBlockBaseFeePerGas')], {
    params: ['fee'],
    run({ miner }, params) {
      miner.nextBaseFee = looseNumberOf(params[0], 'params[0]');
      return true;
    },
  }),
  ...named(['evm_setBlockGasLimit', 'anvil_setBlockGasLimit'], {
    params: ['gasLimit'],
    run({ miner }, params) {
      miner.gasLimit = looseNumberOf(params[0], 'params[0]');
      return true;
    },
  }),
  ...named(both('dropTransaction'), {
    params: ['hash'],
    run({ pool }, params) {
      const pooled = pool.byHash(hash(params[0], 'params[0]'));
      if (pooled !== undefined) pool.remove(pooled);
      return pooled?.transaction.hash ?? null;
    },
  }),
  anvil_dropAllTransactions: {
    params: [],
    run({ pool }) {
      pool.clear();
      return null;
    },
  },
};

/** A change of the head's state from outside; geth-like tools answer `true` or null, and both are taken for done. */
async function changed(node: ChainNode, change: () => Promise<void>): Promise<true> {
  await node.miner.between(change);
  return true;
}

function impersonate({ accounts }: ChainNode, params: Params, wanted: boolean): true {
  accounts.impersonate(addressOf(params[0], 'params[0]'), wanted);
  return true;
}

function snapshot(node: ChainNode): Promise<Hex> {
  return node.miner.between(async () => quantityFromNumber(node.snapshot()));
}

async function revert(node: ChainNode, params: Params): Promise<boolean> {
  const id = Number(looseNumberOf(params[0], 'params[0]'));
  return node.miner.between(() => node.revert(id));
}

/** A time, or an object with one and a number of blocks (ganache). */
async function mineOne(node: ChainNode, params: Params): Promise<Hex> {
  const [given] = params;
  if (typeof given === 'object' && given !== null) {
    const { timestamp, blocks = 1 } = given as { timestamp?: unknown; blocks?: unknown };
    await mineMany(node, looseNumberOf(blocks, 'params[0].blocks'), 0n, timestampOf(timestamp, 'params[0].timestamp'));
  } else {
    await node.miner.mine({ timestamp: timestampOf(given, 'params[0]') });
  }
  return '0x0';
}

function timestampOf(value: unknown, field: string): bigint | undefined {
  return value === undefined || value === null ? undefined : looseNumberOf(value, field);
}

async function mineSome(node: ChainNode, params: Params): Promise<null> {
  const count = params[0] === undefined || params[0] === null ? 1n : looseNumberOf(params[0], 'params[0]');
  const interval = params[1] === undefined || params[1] === null ? 0n : looseNumberOf(params[1], 'params[1]');
  await mineMany(node, count, interval);
  return null;
}

async function mineMany(node: ChainNode, count: bigint, interval: bigint, timestamp?: bigint): Promise<void> {
  if (count > MAXIMUM_BLOCKS)
    throw new InputError('params[0]', `at most ${MAXIMUM_BLOCKS} blocks allowed, got ${count}`);
  for (let at = 0n; at < count; at++) {
    const after = at === 0n || interval === 0n ? undefined : BigInt(node.record.head.block.timestamp) + interval;
    await node.miner.mine({ timestamp: at === 0n ? timestamp : after });
  }
}

/** `unit`: how many of them are a second. */
function setSpacing({ miner }: ChainNode, params: Params, unit: bigint): true {
  const interval = looseNumberOf(params[0], 'params[0]') / unit;
  if (interval === 0n) throw new InputError('params[0]', 'a block is at least a second after its parent');
  miner.timestampInterval = interval;
  return true;
}

function setNextTimestamp({ miner, record }: ChainNode, params: Params): Hex {
  const timestamp = looseNumberOf(params[0], 'params[0]');
  const parent = BigInt(record.head.block.timestamp);
  if (timestamp <= parent) {
    throw new PevmError(SERVER_ERROR, `timestamp ${describe(timestamp)} is not after that of the head, ${parent}`);
  }
  miner.nextTimestamp = timestamp;
  return quantityFromNumber(timestamp);
}
