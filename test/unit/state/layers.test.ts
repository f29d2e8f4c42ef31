// Layers over state sources: what they keep of what the source knows, and what is asked of whom.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { StateSourceError } from '../../../src/base/errors.ts';
import { type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { describedSource, layerState } from '../../../src/state/layers.ts';
import { memoryState } from '../../../src/state/memory.ts';
import { overlayState } from '../../../src/state/overlay.ts';
import type { SourceKey, StateSource } from '../../../src/state/state-source.ts';

const A: Hex = `0x${'aa'.repeat(20)}`;
const B: Hex = `0x${'bb'.repeat(20)}`;
const C: Hex = `0x${'cc'.repeat(20)}`;
const HASH: Hex = `0x${'11'.repeat(32)}`;
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const NO_CODE = hexFromBytes(keccak_256(new Uint8Array(0)));

const memory = memoryState(
  {
    [A]: { balance: 16n, nonce: 3n, code: '0x6001', storage: { '0x1': 2, '0x2': 3 } },
    [B]: { balance: 1n, storage: { '0x1': 7 } },
  },
  { blockHashes: { '7': HASH } },
);

/** As sources were before they could describe themselves. */
const plain: StateSource = {
  load: (keys, options) => {
    expect(keys.every(({ kind }) => (kind as string) !== 'blockHash')).toBe(true);
    return memory.load(keys, options);
  },
  blockHash: (number) => memory.blockHash(number),
};

const keys: SourceKey[] = [
  { kind: 'blockHash', number: 7n },
  { kind: 'account', address: A },
  { kind: 'code', address: A },
  { kind: 'storage', address: A, slot: word(1) },
  { kind: 'account', address: C },
];

describe('a state in memory', () => {
  test('describes itself, and answers for hashes of blocks in the batch', async () => {
    expect(memory.description).toEqual({
      accounts: memory.accounts,
      blockHashes: new Map([[7n, HASH]]),
      storageOnly: [B],
      emptyAccounts: false,
    });
    expect((await memory.load(keys))[0]).toEqual({ kind: 'blockHash', hash: HASH });
    await expect(memory.load([{ kind: 'blockHash', number: 8n }])).rejects.toBeInstanceOf(StateSourceError);
    expect(memoryState({ [A]: {} }).description.emptyAccounts).toBe(true);
  });
});

describe('a source that does not describe itself', () => {
  test('is one of which nothing is known, and gives the same values as if it did', async () => {
    const source = describedSource(plain);
    expect(source.description).toEqual({});
    expect(await source.load(keys)).toEqual(await memory.load(keys));
    expect(describedSource(memory)).toBe(memory);
  });

  test('that answers too few is told so', async () => {
    const short = describedSource({ ...plain, load: async () => [] });
    await expect(short.load(keys)).rejects.toThrow('answered 0 of 4 keys');
    const none = describedSource({ ...plain, load: async () => undefined as never });
    await expect(none.load(keys)).rejects.toThrow('answered none of 4 keys');
  });
});

describe('a layer', () => {
  test('is asked for everything, and keeps what is known of the state', () => {
    const { description } = layerState(memory, (asked, below, options) => below.load(asked, options));
    expect(description).toEqual({ blockHashes: memory.blockHashes, storageOnly: [B], emptyAccounts: false });
  });

  test('can answer what the source below can', () => {
    const answerable = async <K>(asked: readonly K[]) => asked.slice(1);
    const partial = layerState({ ...memory, description: { answerable } }, (asked, below) => below.load(asked));
    expect(partial.description.answerable).toBe(answerable);
  });

  test('that changes no value may keep a complete state complete', () => {
    const cached = layerState(
      memory,
      (asked, below, options) => below.load(asked, options),
      (below) => below,
    );
    expect(cached.description).toBe(memory.description);
  });

  test('sees keys of all kinds in one batch, also over a source that takes no hashes of blocks in it', async () => {
    const seen: SourceKey[][] = [];
    const recording = layerState(plain, (asked, below, options) => {
      seen.push([...asked]);
      return below.load(asked, options);
    });
    const outer = layerState(recording, (asked, below, options) => below.load(asked, options));
    expect(await outer.load(keys)).toEqual(await memory.load(keys));
    expect(seen).toEqual([keys]);
    expect(await outer.blockHash(7n)).toBe(HASH);
  });

  test('hands on hints, with the source as their owner', async () => {
    class Hinting {
      readonly keys = [{ kind: 'account' as const, address: A }];
      load = plain.load;
      blockHash = plain.blockHash;
      async hint() {
        return this.keys;
      }
    }
    const outer = layerState(new Hinting(), (asked, below) => below.load(asked));
    expect(await outer.hint?.({} as never)).toEqual([{ kind: 'account', address: A }]);
    expect(layerState(plain, (asked, below) => below.load(asked)).hint).toBe(undefined);
  });

  test('hands the signal down', async () => {
    const reason = new Error('enough');
    const outer = layerState(memory, (asked, below, options) => below.load(asked, options));
    await expect(outer.load(keys, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('overrides', () => {
  const overrides = {
    [A]: { balance: '0x64', stateDiff: { [word(2)]: 9 } },
    [B]: { code: '0x00', nonce: 5, state: { [word(3)]: 1n } },
    [C]: { balance: 1 },
  };
  const wanted: SourceKey[] = [A, B, C].flatMap((address) => [
    { kind: 'account', address },
    { kind: 'code', address },
    ...[1, 2, 3].map((slot) => ({ kind: 'storage', address, slot: word(slot) }) as const),
  ]);

  test('answer what they list, and the source the rest', async () => {
    const answers = await overlayState(memory, overrides).load(wanted);
    const zero = { kind: 'storage', value: word(0) };
    const account = { kind: 'account', exists: true, nonce: 0n, codeHash: NO_CODE };
    expect(answers).toEqual([
      { ...account, balance: 100n, nonce: 3n, codeHash: hexFromBytes(keccak_256(Uint8Array.of(0x60, 1))) },
      { kind: 'code', code: '0x6001' },
      ...[2, 9, 0].map((value) => ({ kind: 'storage', value: word(value) })),
      { ...account, balance: 1n, nonce: 5n, codeHash: hexFromBytes(keccak_256(Uint8Array.of(0))) },
      { kind: 'code', code: '0x00' },
      ...[zero, zero, { kind: 'storage', value: word(1) }],
      { ...account, balance: 1n },
      { kind: 'code', code: '0x' },
      ...[zero, zero, zero],
    ]);
  });

  test('leave a complete state complete, and a listed state lists what a state that is asked answers', async () => {
    const over = overlayState(memory, overrides);
    const listed = memoryState({
      [A]: { balance: 100n, nonce: 3n, code: '0x6001', storage: { '0x1': 2, '0x2': 9 } },
      [B]: { balance: 1n, nonce: 5n, code: '0x00', storage: { '0x3': 1 } },
      [C]: { balance: 1n },
    });
    expect(over.description).toEqual({
      ...listed.description,
      blockHashes: memory.blockHashes,
    });
    expect(await over.load(wanted)).toEqual(await listed.load(wanted));
    expect(await overlayState(plain, overrides).load(wanted)).toEqual(await listed.load(wanted));
    expect(memory.accounts.size).toBe(2);
  });

  test('ask for nothing that they know', async () => {
    const asked: SourceKey[] = [];
    const source = layerState(memory, (batch, below) => {
      asked.push(...batch);
      return below.load(batch);
    });
    await overlayState(source, { [B]: { balance: 1, nonce: 5, code: '0x00', state: {} } }).load(wanted);
    expect(asked.filter((key) => key.kind !== 'blockHash' && key.address === B)).toEqual([]);
  });

  test('that empty an account take it away, and leave one that was empty before', async () => {
    const source = memoryState({ [A]: { balance: 1 }, [B]: {} });
    const emptied = { [A]: { balance: 0 }, [B]: { balance: 0 }, [C]: {} };
    const asked: SourceKey[] = [A, B, C].map((address) => ({ kind: 'account', address }));
    const expected = [{ exists: false }, { exists: true }, { exists: false }];
    const over = overlayState(source, emptied);
    expect([...(over.description.accounts?.values() ?? [])].map(({ address }) => hexFromBytes(address))).toEqual([B]);
    const byKey = overlayState({ load: source.load, blockHash: source.blockHash }, emptied);
    expect(await byKey.load(asked)).toMatchObject(expected);
  });

  test('know which accounts have storage alone, as far as that is sure', () => {
    const asked = layerState(memory, (batch, below) => below.load(batch));
    const known = (given: Parameters<typeof overlayState>[1]) => overlayState(asked, given).description.storageOnly;
    expect(known({ [A]: { balance: 1 } })).toEqual([B]);
    expect(known({ [B]: { nonce: 1 } })).toEqual([]);
    expect(known({ [B]: { code: '0x00' } })).toEqual([]);
    expect(known({ [B]: { state: {} } })).toEqual([]);
    expect(known({ [C]: { nonce: 0, code: '0x', stateDiff: { [word(1)]: 1 } } })).toEqual([B, C]);
    expect(overlayState(asked, { [C]: { stateDiff: { [word(1)]: 1 } } }).description.emptyAccounts).toBe(undefined);
    expect(overlayState(asked, { [C]: { balance: 5 } }).description.emptyAccounts).toBe(false);
  });

  test.for([
    ['a field of another name', { [A]: { balances: 1 } }, 'unknown; did you mean "balance"?', '.balances'],
    ['a short address', { '0x12': {} }, 'expected 20 bytes', ''],
    ['one account in two spellings', { [A]: {}, [`0x${'AA'.repeat(20)}`]: {} }, 'listed twice', ''],
    ['state and stateDiff', { [A]: { state: {}, stateDiff: {} } }, 'there is state as well', '.stateDiff'],
    ['a short slot', { [A]: { stateDiff: { '0x01': 1 } } }, 'expected 32 bytes', '.stateDiff'],
    ['a negative balance', { [A]: { balance: -1 } }, 'negative', '.balance'],
    ['a nonce of 65 bits', { [A]: { nonce: 1n << 64n } }, 'does not fit 64 bits', '.nonce'],
    ['no object', { [A]: 5 }, 'expected an object', ''],
  ] as const)('refuse %s, by name', ([, given, problem, field]) => {
    let error: unknown;
    try {
      overlayState(memory, given as never);
    } catch (reason) {
      error = reason;
    }
    expect(error).toMatchObject({ name: 'InputError', message: expect.stringContaining(problem) });
    expect((error as { field: string }).field).toContain(field);
    expect((error as { field: string }).field).toMatch(/^overrides\["0x/);
  });
});
