// State in memory, and the sequential view over it.

import vm from 'node:vm';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { InputError, StateSourceError } from '../../../src/base/errors.ts';
import { bytes32FromNumber, bytesFromHex, type Hex, hexFromBytes, keyFromBytes } from '../../../src/base/hex.ts';
import { EMPTY_CODE_HASH, memoryState } from '../../../src/state/memory.ts';
import { SequentialView } from '../../../src/state/sequential-view.ts';

const A: Hex = `0x${'aa'.repeat(20)}`;
const B: Hex = `0x${'bb'.repeat(20)}`;
const C: Hex = `0x${'cc'.repeat(20)}`;
const HASH: Hex = `0x${'11'.repeat(32)}`;
const ONE = hexFromBytes(bytes32FromNumber(1n));

const STATE = memoryState(
  {
    [A]: { balance: '0x10', nonce: 3, code: '0x6001', storage: { '0x1': '0x2', [ONE.replace('1', '2')]: 0 } },
    [B]: { balance: '1000000000000000000', nonce: '0x5', codeHash: HASH },
  },
  { blockHashes: { '7': HASH } },
);

const EMPTY_STORAGE = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';

describe('state in memory', () => {
  test('answers keys in order, absent ones as empty', async () => {
    const [account, code, storage, absent, noCode, noSlot] = await STATE.load([
      { kind: 'account', address: A },
      { kind: 'code', address: A },
      { kind: 'storage', address: A, slot: ONE },
      { kind: 'account', address: C },
      { kind: 'code', address: C },
      { kind: 'storage', address: C, slot: ONE },
    ]);
    expect(account).toEqual({
      kind: 'account',
      balance: 16n,
      nonce: 3n,
      codeHash: hexFromBytes(keccak_256(Uint8Array.of(0x60, 1))),
      exists: true,
    });
    expect(code).toEqual({ kind: 'code', code: '0x6001' });
    expect(storage).toEqual({ kind: 'storage', value: hexFromBytes(bytes32FromNumber(2n)) });
    expect(absent).toEqual({
      kind: 'account',
      balance: 0n,
      nonce: 0n,
      codeHash: hexFromBytes(EMPTY_CODE_HASH),
      exists: false,
    });
    expect(noCode).toEqual({ kind: 'code', code: '0x' });
    expect(noSlot).toEqual({ kind: 'storage', value: `0x${'00'.repeat(32)}` });
  });

  test('can be walked through without waiting', () => {
    const account = STATE.accounts.get(keyFromBytes(bytesFromHex(A)));
    expect(account).toMatchObject({ balance: 16n, nonce: 3n });
    expect([...(account?.storage.values() ?? [])].map(({ slot }) => hexFromBytes(slot))).toContain(ONE);
    expect(STATE.accounts.size).toBe(2);
  });

  test('knows the hash of code it does not have, and says so when the code is asked for', async () => {
    expect(await STATE.load([{ kind: 'account', address: B }])).toMatchObject([
      { codeHash: HASH, balance: 10n ** 18n, nonce: 5n },
    ]);
    await expect(STATE.load([{ kind: 'code', address: B }])).rejects.toBeInstanceOf(StateSourceError);
  });

  test('gives block hashes it knows, and a typed error for others', async () => {
    expect(await STATE.blockHash(7n)).toBe(HASH);
    await expect(STATE.blockHash(8n)).rejects.toBeInstanceOf(StateSourceError);
  });

  test('stops when asked to', async () => {
    const reason = new Error('enough');
    await expect(STATE.load([], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('takes a Map, and refuses what is not an alloc', () => {
    expect(memoryState(new Map([[A, { balance: 1n }]])).accounts.size).toBe(1);
    expect(() => memoryState([] as never)).toThrow(InputError);
    expect(() => memoryState({ x: {} })).toThrow(/state\["x"\]/);
    expect(() => memoryState({ [A]: 5 } as never)).toThrow(/expected an object/);
  });
});

test('a diff of the prestate tracer is refused: it lacks what was only read', () => {
  const diff = { pre: { [A]: { balance: '0x1' } }, post: { [A]: { balance: '0x2' } } };
  expect(() => memoryState(diff as never)).toThrow(/^state: a diff of the prestate tracer.*without diffMode/);
});

test('a slot or an account that is listed twice is refused, however it is written', () => {
  const storage = { '0x1': '0x2', [ONE]: '0x3' };
  expect(() => memoryState({ [A]: { storage } })).toThrow(/storage\[.*the same slot is listed twice/);
  const upper = `0x${A.slice(2).toUpperCase()}`;
  expect(() => memoryState({ [A]: {}, [upper]: {} })).toThrow('the same account is listed twice');
});

describe('the sequential view', () => {
  const address = bytesFromHex(A);
  const slot = bytes32FromNumber(1n);

  test('reads the state, then its own writes, and lists what changed', () => {
    const view = new SequentialView(STATE);
    expect(view.balance(address)).toBe(16n);
    expect(view.balanceAtLeast(address, 16n)).toBe(true);
    expect(view.balanceAtLeast(address, 17n)).toBe(false);
    view.credit(address, 4n);
    view.setNonce(address, 9n);
    view.setStorage(address, slot, bytes32FromNumber(7n));
    view.setCode(address, Uint8Array.of(1), keccak_256(Uint8Array.of(1)));
    expect(view.balance(address)).toBe(20n);
    expect(view.storage(address, slot)).toEqual(bytes32FromNumber(7n));
    expect(view.diff(true)).toEqual(
      new Map([
        [A, { balance: 20n, nonce: 9n, code: '0x01', storage: new Map([[ONE, hexFromBytes(bytes32FromNumber(7n))]]) }],
      ]),
    );
  });

  test('has nothing to list when values are what they were', () => {
    const view = new SequentialView(STATE);
    view.setBalance(address, 1n);
    view.setBalance(address, 16n);
    view.setStorage(address, slot, bytes32FromNumber(2n));
    expect(view.diff(true)).toEqual(new Map());
  });

  test('lists cleared storage, and what came after, of an account that was reset', () => {
    const view = new SequentialView(STATE);
    view.resetStorage(address);
    expect(view.storage(address, slot)).toEqual(bytes32FromNumber(0n));
    view.setStorage(address, bytes32FromNumber(5n), slot);
    expect(view.diff(true).get(A)).toEqual({
      destroyed: true,
      storage: new Map([
        [ONE, hexFromBytes(bytes32FromNumber(0n))],
        [hexFromBytes(bytes32FromNumber(5n)), ONE],
      ]),
    });
  });

  test('tells deleted and empty accounts apart only where the fork does', () => {
    const view = new SequentialView(STATE);
    view.setBalance(address, 0n);
    view.setNonce(address, 0n);
    view.setCode(address, new Uint8Array(0), EMPTY_CODE_HASH);
    expect(view.diff(true).get(A)).toBeNull();
    expect(view.diff(false).get(A)).toMatchObject({ balance: 0n, nonce: 0n });
    view.setExists(address, false);
    expect(view.diff(false).get(A)).toBeNull();
    view.setExists(bytesFromHex(C), true);
    expect(view.diff(false).get(C)).toEqual({ balance: 0n, nonce: 0n, storage: new Map() });
    expect(view.diff(true).has(C)).toBe(false);
  });

  test('hands out copies and keeps copies', () => {
    const view = new SequentialView(STATE);
    view.code(address).fill(0);
    view.storage(address, slot).fill(9);
    const value = bytes32FromNumber(8n);
    view.setStorage(address, slot, value);
    value.fill(0);
    expect(view.code(address)).toEqual(Uint8Array.of(0x60, 1));
    expect(view.storage(address, slot)).toEqual(bytes32FromNumber(8n));
  });

  test('keeps free-form bytes and numbers apart', () => {
    const view = new SequentialView(STATE);
    view.write('key', Uint8Array.of(1));
    view.add('key', 5n);
    view.add(new TextEncoder().encode('key'), (1n << 256n) - 1n);
    expect(view.read('key')).toEqual(Uint8Array.of(1));
    expect(view.readNumber('key')).toBe(4n);
    expect(view.atLeast('key', 5n)).toBe(false);
    view.write('key', undefined);
    expect(view.read('key')).toBeUndefined();
    expect(view.readNumber('other')).toBe(0n);
  });
});

describe('what other tools write', () => {
  const bare = A.slice(2);
  const storageOf = (account: unknown): unknown => {
    const [found] = memoryState({ [A]: account } as never).accounts.values();
    return [...(found?.storage.values() ?? [])].map(({ slot, value }) => [hexFromBytes(slot), hexFromBytes(value)]);
  };
  const word = (value: bigint): Hex => hexFromBytes(bytes32FromNumber(value));

  test('addresses may have no 0x, and null is what is missing', () => {
    const state = memoryState({
      [bare]: { balance: null, nonce: 1, code: null, codeHash: null, storage: null },
      [B]: null,
    });
    expect([...state.accounts.values()]).toMatchObject([{ balance: 0n, nonce: 1n, codeHash: EMPTY_CODE_HASH }]);
    expect(hexFromBytes([...state.accounts.values()][0]!.address)).toBe(A);
  });

  test('a genesis file and a dump hold their accounts', () => {
    expect(memoryState({ alloc: { [bare]: { balance: '1' } }, config: {} } as never).accounts.size).toBe(1);
    expect(memoryState({ root: bare, accounts: { [A]: { balance: '1' } } } as never).accounts.size).toBe(1);
  });

  test('storage may be a Map, of another realm too', () => {
    const entries = [[word(1n), word(5n)]];
    for (const Kind of [Map, vm.runInNewContext('Map') as typeof Map]) {
      expect(storageOf({ storage: new Kind(entries as never) })).toEqual(entries);
      expect(memoryState(new Kind([[A, { nonce: 1 }]]) as never).accounts.size).toBe(1);
    }
  });

  test("a dump of geth writes storage in hex without 0x, a genesis file's digits are decimal", () => {
    const root = `0x${'12'.repeat(32)}`;
    const slot = word(0n).slice(2);
    expect(storageOf({ root, storage: { [slot]: '10' } })).toEqual([[word(0n), word(16n)]]);
    expect(storageOf({ storage: { [slot]: '10' } })).toEqual([[word(0n), word(10n)]]);
    expect(() => storageOf({ storage: { [slot]: '1a' } })).toThrow(InputError);
  });

  test('a dump without the storage that its root speaks of is refused', () => {
    const account = { root: `0x${'12'.repeat(32)}`, codeHash: hexFromBytes(EMPTY_CODE_HASH), balance: '1' };
    expect(() => memoryState({ [A]: account } as never)).toThrow(/storage: missing, and root says/);
  });

  test.each([
    ['an override of geth', { nonce: 1, state: { '0x01': '0x06' } }, 'state'],
    ['an override of single slots', { stateDiff: { '0x01': '0x06' } }, 'stateDiff'],
    ['a proof', { storageProof: [{ key: '0x1', value: '0x6', proof: [] }] }, 'storageProof'],
    ['a proof without slots', { storageHash: `0x${'12'.repeat(32)}`, storageProof: [] }, 'storage'],
    ['a trie account', { storageRoot: `0x${'12'.repeat(32)}` }, 'storage'],
    ['an artifact of Hardhat', { deployedBytecode: '0x6001' }, 'deployedBytecode'],
    ['an artifact', { bytecode: '0x6001' }, 'bytecode'],
    ['a chain specification of Parity', { balance: '1', constructor: '0x6001' }, 'constructor'],
    ['the C++ test format', { wei: '100' }, 'wei'],
    ['RPC method names', { transactionCount: '0x1' }, 'transactionCount'],
    ['a struct of Go', { Balance: '0x5' }, 'Balance'],
    ['a tool of Python', { code_hash: `0x${'12'.repeat(32)}` }, 'code_hash'],
    ['a typing mistake', { storge: { '0x1': '0x6' } }, 'storge'],
  ])('%s names a field otherwise, and is refused by that name', (_, account, name) => {
    expect(() => memoryState({ [A]: account } as never)).toThrow(`state["${A}"].${name}: `);
  });

  test.each([
    ['a proof of an account without storage', { nonce: '0x1', storageHash: EMPTY_STORAGE, storageProof: [] }],
    ['a proof beside its storage', { storage: { 1: 6 }, storageProof: [{ key: '0x1', value: '0x6', proof: [] }] }],
    ['an account of besu', { balance: '1', comment: 'rich', privateKey: `0x${'01'.repeat(32)}` }],
    ['other names with nothing', { state: {}, stateDiff: null, bytecode: null }],
  ])('%s is taken', (_, account) => {
    expect(memoryState({ [A]: account } as never).accounts.size).toBe(1);
  });

  test.each([
    ['a Map for an account', { [A]: new Map([['balance', 5n]]) }, `state["${A}"]`],
    ['a Set of addresses', new Set([A]), 'state'],
    ['a Promise', Promise.resolve({ [A]: { balance: 1 } }), 'state'],
    ['a thenable', Object.create(Promise.resolve({})), 'state'],
    ['an answer of fetch', new Response('{}'), 'state'],
    ['a Date for an account', { [A]: new Date() }, `state["${A}"]`],
    ['a WeakMap for storage', { [A]: { storage: new WeakMap() } }, `state["${A}"].storage`],
  ])('%s is refused, where it would seem to be empty', (_, alloc, field) => {
    expect(() => memoryState(alloc as never)).toThrow(`${field}: expected an object with fields`);
  });

  test.each([
    ['a dump that goes on', { accounts: { [A]: { balance: '1' } }, next: 'AAAB' }, /^state\.next: the dump goes on/],
    ['an alloc that is not there', { alloc: null }, /^state\["alloc"\]: not hex/],
    ['a name without an account', { [A]: { balance: 1 }, storage: null }, /^state\["storage"\]: not hex/],
    ['a hash in place of an address', { accounts: { 'pre(0xab)': { balance: '1' } } }, /the hash of an address: dump/],
    [
      'an account of revm',
      { [A]: { info: { balance: '0x1', nonce: 1 }, storage: {} } },
      /\.info: an account of a state/,
    ],
  ])('%s is refused: the state would be another', (_, alloc, message) => {
    expect(() => memoryState(alloc as never)).toThrow(message);
  });

  test('the last part of a dump, and builtin contracts of a chain specification, are taken', () => {
    expect(memoryState({ accounts: { [A]: { balance: '1' } }, next: null } as never).accounts.size).toBe(1);
    const builtin = { name: 'ecrecover', pricing: { linear: { base: 3000, word: 0 } } };
    expect(memoryState({ accounts: { [A]: { balance: '1', builtin } } } as never).accounts.size).toBe(1);
  });

  test('an account with the hash of no code has none', async () => {
    const state = memoryState({ [A]: { balance: 1, codeHash: hexFromBytes(EMPTY_CODE_HASH) } });
    expect(await state.load([{ kind: 'code', address: A }])).toEqual([{ kind: 'code', code: '0x' }]);
  });
});
