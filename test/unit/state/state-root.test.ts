// State roots: of states and of diffs over them, against tries written down by hand and against states made anew.

import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { bytes32FromNumber, bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import type { StateDiff } from '../../../src/block/state-diff.ts';
import { type Alloc, type AllocAccount, memoryState } from '../../../src/state/memory.ts';
import { stateAfter } from '../../../src/state/state-after.ts';
import { stateRootOf } from '../../../src/state/state-root.ts';

const A: Hex = `0x${'aa'.repeat(20)}`;
const B: Hex = `0x${'bb'.repeat(20)}`;
const C: Hex = `0x${'cc'.repeat(20)}`;
const EMPTY_ROOT = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const MODERN = { emptyIsAbsent: true };
const word = (value: number | bigint): Hex => hexFromBytes(bytes32FromNumber(BigInt(value)));

/** Root of a trie with one leaf: a flag for a leaf of even length, then the whole hashed key. */
function oneLeaf(key: Uint8Array, value: Uint8Array): Uint8Array {
  return keccak_256(RLP.encode([Uint8Array.of(0x20, ...keccak_256(key)), value]));
}

const rootOf = (alloc: Alloc): Promise<Hex> => stateRootOf(memoryState(alloc), new Map(), { emptyIsAbsent: false });

describe('the root of a state', () => {
  test('without accounts is that of the empty trie', async () => {
    expect(await rootOf({})).toBe(EMPTY_ROOT);
  });

  test('of one account is the hash of one leaf, with the root of its storage inside', async () => {
    const code = '0x6001';
    const storage = oneLeaf(bytes32FromNumber(1n), RLP.encode(0x1234));
    const account = RLP.encode([3, 16, storage, keccak_256(bytesFromHex(code))]);
    const alloc = { [A]: { nonce: 3, balance: 16, code, storage: { '0x1': '0x1234', '0x2': 0 } } };
    expect(await rootOf(alloc)).toBe(hexFromBytes(oneLeaf(bytesFromHex(A), account)));
  });

  test('counts accounts that are listed and empty', async () => {
    expect(await rootOf({ [A]: {} })).not.toBe(EMPTY_ROOT);
  });
});

describe('the root after a diff', () => {
  const code = '0x600160015500';
  const a: AllocAccount = { nonce: 1, balance: 1000, code, storage: { '0x1': 1, '0x2': 2, '0x3': 3 } };
  const b: AllocAccount = { balance: 7 };
  const alloc = { [A]: a, [B]: b };

  /** What the diff is over `alloc`, and the state that it must lead to. */
  const cases: { name: string; diff: StateDiff; after: Alloc; emptyIsAbsent?: boolean }[] = [
    {
      name: 'takes new values and leaves the others',
      diff: new Map([[A, { balance: 5n, storage: new Map([[word(2), word(9)]]) }]]),
      after: { ...alloc, [A]: { ...a, balance: 5, storage: { '0x1': 1, '0x2': 9, '0x3': 3 } } },
    },
    {
      name: 'leaves cleared slots out',
      diff: new Map([[A, { storage: new Map([1, 2, 3].map((slot) => [word(slot), word(0)])) }]]),
      after: { ...alloc, [A]: { ...a, storage: {} } },
    },
    {
      name: 'drops the old storage of an account that was destroyed and made again',
      diff: new Map([[A, { code: '0x00', destroyed: true as const, storage: new Map([[word(4), word(4)]]) }]]),
      after: { ...alloc, [A]: { ...a, code: '0x00', storage: { '0x4': 4 } } },
    },
    {
      name: 'forgets deleted accounts, those that nobody knew too',
      diff: new Map([
        [A, null],
        [C, null],
      ]),
      after: { [B]: b },
    },
    {
      name: 'adds accounts with code and storage',
      diff: new Map([[C, { balance: 0n, nonce: 1n, code: code as Hex, storage: new Map([[word(1), word(1)]]) }]]),
      after: { ...alloc, [C]: { nonce: 1, code, storage: { '0x1': 1 } } },
    },
    {
      name: 'leaves out what became empty, where empty is absent',
      diff: new Map([[B, { balance: 0n, storage: new Map() }]]),
      after: { [A]: a },
    },
    {
      name: 'keeps what became empty, where that is an account',
      diff: new Map([[B, { balance: 0n, storage: new Map() }]]),
      after: { [A]: a, [B]: {} },
      emptyIsAbsent: false,
    },
  ];

  for (const { name, diff, after, emptyIsAbsent = true } of cases) {
    test(name, async () => {
      const state = memoryState(alloc);
      expect(await stateRootOf(state, diff, { emptyIsAbsent })).toBe(await rootOf(after));
      const next = stateAfter(state, diff, { emptyIsAbsent });
      expect(await stateRootOf(next, new Map(), { emptyIsAbsent })).toBe(await rootOf(after));
      expect(next.accounts.size).toBe(Object.keys(after).length);
    });
  }

  test('does not change the state, so that many diffs over it can be asked for at once', async () => {
    const state = memoryState(alloc);
    const roots = await Promise.all(cases.map(({ diff }) => stateRootOf(state, diff, MODERN)));
    expect(roots).toEqual(await Promise.all(cases.map(({ diff }) => stateRootOf(memoryState(alloc), diff, MODERN))));
    expect(await stateRootOf(state, new Map(), MODERN)).toBe(await rootOf(alloc));
  });

  test('is that of a state made anew, over random states', async () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed % below;
    };
    for (let round = 0; round < 5; round++) {
      const accounts = new Map<Hex, Map<number, number>>();
      for (let i = 0; i < 60; i++) {
        const slots = Array.from({ length: random(20) }, () => [random(64), 1 + random(1000)] as const);
        accounts.set(`0x${(i + 1).toString(16).padStart(40, '0')}`, new Map(slots));
      }
      const allocOf = () =>
        Object.fromEntries(
          [...accounts].map(([address, slots]) => [address, { balance: 1, storage: Object.fromEntries(slots) }]),
        );
      const state = memoryState(allocOf());
      const diff: StateDiff = new Map();
      for (const [address, slots] of accounts) {
        const choice = random(4);
        if (choice === 0) {
          diff.set(address, null);
          accounts.delete(address);
        } else if (choice === 1) {
          const storage = new Map<Hex, Hex>();
          for (let i = 0; i < 5; i++) {
            const slot = random(64);
            const value = random(2) * random(100);
            storage.set(word(slot), word(value));
            slots.set(slot, value);
          }
          diff.set(address, { storage });
        }
      }
      expect(await stateRootOf(state, diff, MODERN)).toBe(await rootOf(allocOf()));
    }
  });
});
