// Parts of states as geth 1.17.10 lists them, on a chain of our own: in the order of the tries, a page at a time, and what has changed.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import {
  createEngine,
  devGenesis,
  type Engine,
  memoryState,
  type Provider,
  readGenesisFile,
} from '../../../src/index.ts';

const COUNTER = '0x00000000000000000000000000000000000c0de1';
const QUITTER = '0x00000000000000000000000000000000000c0de2';
/** Adds one to its slot 0, and writes the number of the block to the slot of that number. */
const COUNTER_CODE = '0x5f546001015f55434355';
/** Destroys itself. */
const QUITTER_CODE = '0x5fff';
const SLOT = { [`0x${'1'.padStart(64, '0')}`]: `0x${'2'.padStart(64, '0')}` };
const SHANGHAI = {
  ...Object.fromEntries(
    [
      'homestead',
      'eip150',
      'eip155',
      'eip158',
      'byzantium',
      'constantinople',
      'petersburg',
      'istanbul',
      'berlin',
      'london',
    ].map((name) => [`${name}Block`, 0]),
  ),
  ...{ terminalTotalDifficulty: 0, shanghaiTime: 0 },
};
const UNKNOWN = `0x${'11'.repeat(32)}`;

interface Dump {
  readonly root: string;
  readonly accounts: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly next?: string;
}
interface Storage {
  readonly storage: Readonly<Record<string, { readonly key: string; readonly value: string }>> | null;
  readonly nextKey: string | null;
}

let engine: Engine;
let provider: Provider;
let alice: Hex;
beforeAll(async () => {
  engine = await createEngine({ workers: 1, threading: 'inline' });
  const { state, config, block, accounts } = await devGenesis();
  const world = await engine.openWorld({ state, chain: config, block });
  provider = world.provider({ accounts: accounts.map(({ privateKey }) => privateKey), mining: 'none' });
  alice = accounts[0]!.address;
  await ask('anvil_setCode', COUNTER, COUNTER_CODE);
  for (let blocks = 0; blocks < 3; blocks++) {
    await send({ to: COUNTER });
    await send({ to: COUNTER });
    await ask('evm_mine');
  }
});
afterAll(() => engine.dispose());

const ask = <T = unknown>(method: string, ...params: unknown[]) => provider.request({ method, params }) as Promise<T>;
const send = (request: object) => ask<Hex>('eth_sendTransaction', { from: alice, gas: '0x186a0', ...request });
const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    ({ code }) => code,
  );
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const hashOf = (name: Hex) => hexFromBytes(keccak256(bytesFromHex(name)));

test('a dump is a state that can be read again, with its root', async () => {
  const dump = await ask<Dump>('debug_dumpBlock', 'latest');
  const { stateRoot } = await ask<{ stateRoot: string }>('eth_getBlockByNumber', 'latest', false);
  expect(`0x${dump.root}`).toBe(stateRoot);
  expect(dump).not.toHaveProperty('next');
  const { accounts } = memoryState(dump as never);
  expect(accounts.size).toBe(Object.keys(dump.accounts).length);
  const counter = Object.values(dump.accounts).find(({ address }) => address === COUNTER)!;
  expect(counter).toMatchObject({
    ...{ balance: '0', nonce: 0, code: COUNTER_CODE, key: hashOf(COUNTER) },
    storage: { [word(0)]: '06', [word(1)]: '01', [word(2)]: '02', [word(3)]: '03' },
  });
  // By checksummed name, without what is empty.
  const plain = Object.entries(dump.accounts).find(([, { address }]) => address === alice)!;
  expect(plain[0].toLowerCase()).toBe(alice);
  expect(plain[0]).not.toBe(alice);
  expect(plain[1]).not.toHaveProperty('code');
  expect(plain[1]).not.toHaveProperty('storage');
  const [first] = Object.values((await ask<Dump>('debug_dumpBlock', '0x0')).accounts).filter(
    ({ address }) => address === COUNTER,
  );
  expect(first).not.toHaveProperty('storage');
});

test('pages of accounts and of slots are all of them, in the order of their hashes', async () => {
  const all = await ask<Dump>('debug_accountRange', 'latest', '0x', 256, true, true, false);
  const names = Object.values(all.accounts).map(({ key }) => key);
  expect(names).toEqual([...names].sort());
  const paged: unknown[] = [];
  for (let start: string | undefined = '0x'; start !== undefined; ) {
    const page: Dump = await ask('debug_accountRange', 'latest', start, 2, true, true, false);
    paged.push(...Object.values(page.accounts).map(({ key }) => key));
    start = page.next;
  }
  expect(paged).toEqual(names);
  const slots: string[] = [];
  for (let start: string | null = '0x'; start !== null; ) {
    const page: Storage = await ask('debug_storageRangeAt', '0x3', 0, COUNTER, start, 2);
    slots.push(...Object.keys(page.storage ?? {}));
    start = page.nextKey;
  }
  // Before block 3.
  expect(slots).toEqual([0, 1, 2].map((slot) => hashOf(word(slot))).sort());
});

test('storage is that before the block, wherever in the block it is asked for; of no account it is none', async () => {
  const whole = {
    [hashOf(word(0))]: { key: word(0), value: word(2) },
    [hashOf(word(1))]: { key: word(1), value: word(1) },
  };
  for (const index of [0, 1]) {
    expect(await ask('debug_storageRangeAt', '0x2', index, COUNTER, '0x', 9)).toEqual({
      storage: whole,
      nextKey: null,
    });
  }
  const none = { storage: null, nextKey: null };
  expect(await ask('debug_storageRangeAt', '0x2', 0, alice, '0x', 9)).toEqual(none);
  expect(await ask('debug_storageRangeAt', '0x2', 0, COUNTER, '0x', 0)).toEqual({
    storage: {},
    nextKey: Object.keys(whole).sort()[0],
  });
});

test('what transactions before have destroyed has no storage', async () => {
  const { address: from, privateKey } = (await devGenesis({ accounts: 1 })).accounts[0]!;
  const { state, config, block } = await readGenesisFile(
    Buffer.from(
      JSON.stringify({
        config: { chainId: 1337, ...SHANGHAI },
        ...{ gasLimit: '0x1c9c380', difficulty: '0x0' },
        alloc: { [from]: { balance: '0x56bc75e2d63100000' }, [QUITTER]: { code: QUITTER_CODE, storage: SLOT } },
      }),
    ),
  );
  const own = await engine.openWorld({ state, chain: config, block });
  const old = own.provider({ accounts: [privateKey], mining: 'none' });
  const request = (method: string, ...params: unknown[]) => old.request({ method, params });
  const call = { from, to: QUITTER, gas: '0x186a0', gasPrice: '0x3b9aca00' };
  await request('eth_sendTransaction', call);
  await request('eth_sendTransaction', call);
  await request('evm_mine');
  expect(await request('debug_storageRangeAt', 'latest', 0, QUITTER, '0x', 9)).toMatchObject({
    storage: { [hashOf(word(1))]: { key: word(1), value: word(2) } },
  });
  expect(await request('debug_storageRangeAt', 'latest', 1, QUITTER, '0x', 9)).toEqual({
    storage: null,
    nextKey: null,
  });
  const { hash, stateRoot } = (await request('eth_getBlockByNumber', 'latest', false)) as { hash: Hex; stateRoot: Hex };
  const roots = (await request('debug_intermediateRoots', hash)) as Hex[];
  expect(roots[0]).not.toBe(roots[1]);
  expect(roots[1]).toBe(stateRoot);
  // It is not there any more, so it is none of those that have another value.
  expect(await request('debug_getModifiedAccountsByNumber', 1)).not.toContain(QUITTER);
});

test('roots between transactions are those of blocks that end there', async () => {
  // Nothing is done behind the transactions of these blocks that would change the state.
  const { hash, stateRoot } = await ask<{ hash: Hex; stateRoot: Hex }>('eth_getBlockByNumber', '0x2', false);
  const roots = await ask<Hex[]>('debug_intermediateRoots', hash);
  expect(roots).toHaveLength(2);
  expect(roots[1]).toBe(stateRoot);
  // The options are read, and no use is made of them.
  expect(await ask('debug_intermediateRoots', hash, { tracer: 'none' })).toEqual(roots);
  const id = await ask('evm_snapshot');
  const { timestamp } = await ask<{ timestamp: Hex }>('eth_getBlockByNumber', 'latest', false);
  await ask('evm_setNextBlockTimestamp', Number(timestamp) + 5);
  await send({ to: COUNTER });
  await ask('evm_mine');
  const alone = await ask<{ stateRoot: Hex }>('eth_getBlockByNumber', 'latest', false);
  await ask('evm_revert', id);
  const again = await ask('evm_snapshot');
  await ask('evm_setNextBlockTimestamp', Number(timestamp) + 5);
  await send({ to: COUNTER });
  await send({ to: COUNTER });
  await ask('evm_mine');
  const both = await ask<{ hash: Hex; stateRoot: Hex }>('eth_getBlockByNumber', 'latest', false);
  expect(await ask('debug_intermediateRoots', both.hash)).toEqual([alone.stateRoot, both.stateRoot]);
  await ask('evm_mine');
  const none = await ask<{ hash: Hex }>('eth_getBlockByNumber', 'latest', false);
  expect(await ask('debug_intermediateRoots', none.hash)).toBeNull();
  await ask('evm_revert', again);
});

test('accounts that have changed are listed in the order of their hashes; null where there are none', async () => {
  const changed = await ask<Hex[]>('debug_getModifiedAccountsByNumber', 2);
  expect(changed).toEqual(expect.arrayContaining([alice, COUNTER]));
  expect(changed.map(hashOf)).toEqual(changed.map(hashOf).sort());
  expect(await ask('debug_getModifiedAccountsByNumber', 1, 2)).toEqual(changed);
  const [one, two] = await Promise.all(
    ['0x1', '0x2'].map((number) => ask<{ hash: string }>('eth_getBlockByNumber', number, false)),
  );
  expect(await ask('debug_getModifiedAccountsByHash', two!.hash)).toEqual(changed);
  expect(await ask('debug_getModifiedAccountsByHash', one!.hash, two!.hash)).toEqual(changed);
});

test.each<[method: string, params: unknown[], code: number]>([
  ['debug_dumpBlock', [], -32602],
  ['debug_dumpBlock', [{ blockNumber: '0x1' }], -32602],
  ['debug_dumpBlock', ['0xffff'], -32000],
  ['debug_accountRange', ['latest', '0x', 1, true, true], -32602],
  ['debug_accountRange', ['latest', [], 1, true, true, true], -32602],
  ['debug_accountRange', ['latest', '0x', '0x1', true, true, true], -32602],
  ['debug_accountRange', ['latest', '0x', 1.5, true, true, true], -32602],
  ['debug_accountRange', ['latest', '0x', 1, 'true', true, true], -32602],
  ['debug_accountRange', [UNKNOWN, '0x', 1, true, true, true], -32000],
  ['debug_storageRangeAt', ['0x0', 0, COUNTER, '0x', 1], -32000],
  ['debug_storageRangeAt', ['0x1', 2, COUNTER, '0x', 1], -32000],
  ['debug_storageRangeAt', ['0x1', -1, COUNTER, '0x', 1], -32000],
  ['debug_storageRangeAt', ['0x1', '0x0', COUNTER, '0x', 1], -32602],
  ['debug_storageRangeAt', ['0x1', 0, '0x12', '0x', 1], -32602],
  ['debug_getModifiedAccountsByNumber', ['0x1'], -32602],
  ['debug_getModifiedAccountsByNumber', [-1], -32602],
  ['debug_getModifiedAccountsByNumber', [0], -32000],
  ['debug_getModifiedAccountsByNumber', [2, 2], -32000],
  ['debug_getModifiedAccountsByNumber', [1, 99], -32000],
  ['debug_getModifiedAccountsByHash', [UNKNOWN], -32000],
  ['debug_getModifiedAccountsByHash', ['0x12'], -32602],
  ['debug_getBadBlocks', ['blocks.json'], -32000],
  ['debug_getBadBlocks', [1], -32602],
  ['debug_intermediateRoots', [UNKNOWN], -32000],
  ['debug_intermediateRoots', [UNKNOWN, { tracer: 5 }], -32602],
  ['debug_intermediateRoots', ['latest'], -32602],
  ['debug_traceBlockByNumber', ['0x1', { tracer: 'callTracer', enableMemory: 1 }], -32602],
  ['debug_traceBlockByNumber', ['0x1', { tracer: 'callTracer', overrides: [] }], -32602],
  ['eth_getBalance', [COUNTER, { blockNumber: '0x1', requireCanonical: 'true' }], -32602],
  ['debug_traceBadBlock', [UNKNOWN], -32000],
  ['debug_traceBadBlock', [UNKNOWN, { tracer: 5 }], -32602],
])('%s of %j is refused with %i', async (method, params, expected) => {
  expect(await code(ask(method, ...params))).toBe(expected);
});

test('what the next block costs, what there is, what waits, and that no block is bad', async () => {
  const head = await ask<{ number: string; hash: string; baseFeePerGas: string }>(
    'eth_getBlockByNumber',
    'latest',
    false,
  );
  const { baseFeePerGas } = await ask<{ baseFeePerGas: string[] }>('eth_feeHistory', 1, 'latest', []);
  expect(await ask('eth_baseFee')).toBe(baseFeePerGas[1]);
  const all = { disabled: false, oldestBlock: '0x0' };
  expect(await ask('eth_capabilities')).toEqual({
    head: { number: head.number, hash: head.hash },
    ...{ state: all, tx: all, logs: all, receipts: all, blocks: all, stateproofs: all },
  });
  expect(await ask('debug_getBadBlocks')).toEqual([]);
  expect(await ask('eth_pendingTransactions')).toEqual([]);
  const hash = await send({ to: COUNTER });
  expect(await ask('eth_pendingTransactions')).toMatchObject([{ hash, from: alice, blockHash: null }]);
  await ask('anvil_dropTransaction', hash);
});
