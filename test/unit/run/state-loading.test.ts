// Loading of state: what is asked of a source, and when, and what is told of answers that are none.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import {
  type BlockInput,
  createEngine,
  layerState,
  memoryState,
  type SourceKey,
  type StateKey,
  type StateSource,
  StateSourceError,
} from '../../../src/index.ts';
import { imageOf, loadKeys } from '../../../src/run/state-loading.ts';

const A: Hex = `0x${'aa'.repeat(20)}`;
const B: Hex = `0x${'bb'.repeat(20)}`;
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;

test('block hashes are asked for together with the batch, not one after the other behind it', async () => {
  const asked: string[] = [];
  let answer = () => {};
  const all = new Promise<void>((resolve) => {
    answer = resolve;
  });
  // Answers nothing before it has been asked everything.
  const ask = async (what: string) => {
    asked.push(what);
    if (asked.length === 4) answer();
    await all;
  };
  const source: StateSource = {
    load: async (keys) => {
      await ask('batch');
      return keys.map(() => ({ kind: 'storage', value: `0x${'00'.repeat(32)}` }));
    },
    blockHash: async (number) => {
      await ask(`hash ${number}`);
      return `0x${'11'.repeat(32)}`;
    },
  };
  const slot = { kind: 'storage', address: `0x${'22'.repeat(20)}`, slot: `0x${'33'.repeat(32)}` } as const;
  const hashes = [1n, 2n, 3n].map((number) => ({ kind: 'blockHash', number }) as const);
  await loadKeys(source, [hashes[0]!, slot, hashes[1]!, hashes[2]!], new Set());
  expect(asked.sort()).toEqual(['batch', 'hash 1', 'hash 2', 'hash 3']);
});

test('block hashes are keys of the batch of a source that describes itself', async () => {
  const batches: SourceKey[][] = [];
  const memory = memoryState({}, { blockHashes: { '7': word(7) } });
  const source = layerState(memory, (keys, below) => {
    batches.push([...keys]);
    return below.load(keys);
  });
  const keys: SourceKey[] = [
    { kind: 'account', address: A },
    { kind: 'blockHash', number: 7n },
  ];
  await loadKeys(source, keys, new Set());
  expect(batches).toEqual([keys]);
});

test('a getter that throws is the fault of the source, and the list of keys is its own', async () => {
  const account: StateKey = { kind: 'account', address: `0x${'aa'.repeat(20)}` };
  const answer = {
    kind: 'account',
    get balance(): bigint {
      throw new TypeError('no balance today');
    },
  };
  const broken = { load: async () => [answer as never], blockHash: async () => `0x${'00'.repeat(32)}` as const };
  await expect(loadKeys(broken, [account], new Set())).rejects.toThrow(StateSourceError);
  await expect(loadKeys(broken, [account], new Set())).rejects.toThrow(
    /account 0xa+: cannot be read: no balance today/,
  );
  const state = memoryState({});
  const emptying: StateSource = {
    load: async (keys) => {
      const values = await state.load(keys);
      (keys as StateKey[]).length = 0;
      return values;
    },
    blockHash: (number) => state.blockHash(number),
  };
  expect((await loadKeys(emptying, [account], new Set())).accounts.size).toBe(1);
});

test('code of many accounts is asked for once, by its hash', async () => {
  // Each call writes what it was called with. Memories remember code by its hash, so that this one is of the test's own.
  const code = `0x6000355f55${'5b'.repeat(70)}00` as const;
  const sender: Hex = `0x${'5e'.repeat(20)}`;
  const contracts = [1, 2, 3, 4].map((number) => `0x${'c0'.repeat(19)}0${number}` as Hex);
  const memory = memoryState({
    [sender]: { balance: 10n ** 18n },
    ...Object.fromEntries(contracts.map((address) => [address, { code, nonce: 1 }])),
  });
  const asked: (SourceKey & { kind: 'code' })[] = [];
  const state = layerState(memory, (keys, below) => {
    for (const key of keys) if (key.kind === 'code') asked.push(key);
    return below.load(keys);
  });
  const block = {
    number: '0x1',
    parentHash: word(1),
    timestamp: '0x1',
    gasLimit: '0x1000000',
    baseFeePerGas: '0x0',
    mixHash: word(2),
    withdrawals: [],
    miner: sender,
    transactions: contracts.map((to, nonce) => ({
      ...{ from: sender, to, nonce: `0x${nonce}`, value: '0x0', gas: '0x186a0', gasPrice: '0x1', input: word(9) },
    })),
  } as unknown as BlockInput;
  await using engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
  const { stateDiff } = await engine.executeBlock({ block, hardfork: 'shanghai', state });
  for (const address of contracts) expect(stateDiff.get(address)?.storage.get(word(0))).toBe(word(9));
  expect(asked).toMatchObject([{ hash: hexFromBytes(keccak_256(bytesFromHex(code))) }]);
});

describe('an answer that is none is refused by name', () => {
  const account = { kind: 'account', balance: 1n, nonce: 0n, codeHash: word(0), exists: true };
  const keys: Record<string, SourceKey> = {
    account: { kind: 'account', address: A },
    code: { kind: 'code', address: A, hash: word(1) },
    storage: { kind: 'storage', address: A, slot: word(2) },
    blockHash: { kind: 'blockHash', number: 7n },
  };
  test.for([
    ['account', null, 'kind: expected account, got nothing'],
    ['account', { kind: 'storage', value: word(1) }, 'kind: expected account, got "storage"'],
    ['account', { ...account, balance: -1n }, 'balance: expected a bigint from 0 to 2^256 - 1, got -1'],
    ['account', { ...account, balance: '0x1' }, 'balance: expected a bigint'],
    ['account', { ...account, nonce: 1n << 64n }, 'nonce: expected a bigint from 0 to 2^64 - 1'],
    ['account', { ...account, codeHash: '0x12' }, 'codeHash: expected 32 bytes, got 1'],
    ['account', { ...account, exists: 'yes' }, 'exists: expected true or false, got "yes"'],
    ['code', { kind: 'code', code: '0x1' }, 'code: odd number of hex digits'],
    ['code', { kind: 'code', code: '0x00' }, 'code: its hash is 0xbc3678'],
    ['storage', { kind: 'storage', value: 5 }, 'value: expected hex bytes, got 5'],
    ['blockHash', { kind: 'blockHash', hash: '0x' }, 'hash: expected 32 bytes, got 0'],
  ] as const)('%s: %s', async ([kind, value, problem]) => {
    const source = layerState(memoryState({}), async () => [value as never]);
    const error = await loadKeys(source, [keys[kind]!], new Set()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StateSourceError);
    expect((error as Error).message).toContain(problem);
    expect((error as Error).message).toContain(kind === 'blockHash' ? 'the hash of block 7' : `${kind} ${A}`);
  });

  test('accounts that a source lists', async () => {
    const listed = memoryState({ [A]: { balance: 1 } }).accounts;
    const [good] = listed.values();
    for (const [field, wrong] of Object.entries({
      address: new Uint8Array(19),
      balance: 1,
      nonce: -1n,
      code: '0x',
      codeHash: new Uint8Array(20),
      storage: new Map([['', { slot: new Uint8Array(1), value: new Uint8Array(32) }]]),
    })) {
      const accounts = new Map([['', { ...good!, [field]: wrong }]]);
      await expect(imageOf({ accounts })).rejects.toMatchObject({
        name: 'InputError',
        field: `state.accounts[0].${field}`,
      });
    }
  });

  test.for([
    ['accounts', []],
    ['emptyAccounts', 'no'],
    ['storageOnly', ['0x12']],
    ['answerable', true],
    ['blockHashes', { '7': '0x12' }],
  ] as const)('what a source says of itself: %s', async ([field, value]) => {
    await using engine = await createEngine({ workers: 1, threading: 'inline' });
    const state = { ...layerState(memoryState({ [B]: {} }), async () => []), description: { [field]: value } };
    const run = engine.execute([], 'synthetic', { state: state as never });
    await expect(run).rejects.toMatchObject({
      name: 'InputError',
      field: expect.stringMatching(new RegExp(`^options\\.state\\.description\\.${field}`)),
    });
  });
});
