// Roots of whole states by hashing all of them: the same as those of tries into which everything is put one by one.
import { describe, expect, test } from 'vitest';
import { bytes32FromNumber, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import type { AccountDiff, StateDiff } from '../../../src/block/state-diff.ts';
import { type AllocAccount, memoryState } from '../../../src/state/memory.ts';
import { rootOfWhole } from '../../../src/state/state-root-whole.ts';
import { rootOfKept } from '../../../src/state/trie/kept-tries.ts';
import { count } from '../../support/effort.ts';
import { Random } from '../../support/fuzz-random.ts';
import { MptStateRoot } from '../../support/mpt-state-root.ts';

const random = new Random(2026);
const MODERN = { emptyIsAbsent: true };
const NONE: StateDiff = new Map();
const word = (value: bigint): Hex => hexFromBytes(bytes32FromNumber(value));
const addressOf = (index: number): Hex => `0x${(index * 0x9e3779b1 + 1).toString(16).padStart(40, '0')}`;

/** Of any length, as values in storage and balances are. */
function number(bits: number): bigint {
  let value = 0n;
  for (let left = random.below(bits + 1); left > 0; left -= 32) value = (value << 32n) | BigInt(random.word());
  return BigInt.asUintN(bits, value);
}

function account(slots: number): AllocAccount {
  const storage = Array.from({ length: slots }, (_, slot) => [word(BigInt(slot)), number(256)] as const);
  const code = random.below(3) === 0 ? `0x60${random.below(256).toString(16).padStart(2, '0')}` : undefined;
  return { balance: number(256), nonce: number(64), ...(code && { code }), storage: Object.fromEntries(storage) };
}

function change(): AccountDiff | null {
  const choice = random.below(6);
  if (choice === 0) return null;
  const slots = Array.from({ length: random.below(6) }, () => {
    return [word(BigInt(random.below(40))), word(random.below(3) === 0 ? 0n : number(256))] as const;
  });
  return {
    ...(random.below(2) === 0 && { balance: choice === 1 ? 0n : number(256) }),
    ...(random.below(2) === 0 && { nonce: choice === 1 ? 0n : number(64) }),
    ...(random.below(4) === 0 && { code: '0x6001600155' }),
    ...(choice === 2 && { destroyed: true }),
    storage: new Map(slots),
  };
}

describe('the root of a whole state', () => {
  test('is that of tries, with and without changes, for states of any size', async () => {
    for (let round = count('whole states', { ci: 12, long: 2_000 }); round > 0; round--) {
      const size = random.below(round % 10 === 0 ? 120 : 12);
      const alloc = Object.fromEntries(
        Array.from({ length: size }, (_, index) => [addressOf(index), account(random.below(4) === 0 ? 40 : 0)]),
      );
      const diff: StateDiff = new Map();
      for (let index = 0; index < size + 3; index++) if (random.below(3) === 0) diff.set(addressOf(index), change());
      for (const options of [MODERN, { emptyIsAbsent: false }]) {
        const tries = new MptStateRoot();
        expect(rootOfWhole(memoryState(alloc), NONE, options)).toBe(
          await tries.rootOf(memoryState(alloc), NONE, options),
        );
        expect(rootOfWhole(memoryState(alloc), diff, options)).toBe(
          await tries.rootOf(memoryState(alloc), diff, options),
        );
        // Of what is kept, all of it changed, and the same once more over what stayed as it was.
        const state = memoryState(alloc);
        for (const change of [NONE, diff, NONE, diff]) {
          expect(await rootOfKept(state, change, options)).toBe(
            await tries.rootOf(memoryState(alloc), change, options),
          );
        }
      }
    }
  }, 120_000);

  test('is that of tries for each part of a small storage, and each part of it cleared', async () => {
    const slots = 6;
    const part = (chosen: number, value: (slot: number) => bigint) =>
      Array.from({ length: slots }, (_, slot) => [word(BigInt(slot)), value(slot)] as const).filter(
        (_, slot) => (chosen >> slot) & 1,
      );
    for (let there = 0; there < 1 << slots; there++) {
      const alloc = { [addressOf(1)]: { storage: Object.fromEntries(part(there, (slot) => BigInt(slot) + 127n)) } };
      const state = memoryState(alloc);
      const tries = new MptStateRoot();
      for (let cleared = there; cleared > 0; cleared = (cleared - 1) & there) {
        const storage = new Map(part(cleared, () => 0n).map(([slot, value]) => [slot, word(value)] as const));
        const diff: StateDiff = new Map([[addressOf(1), { storage }]]);
        const options = { emptyIsAbsent: false };
        const expected = await tries.rootOf(state, diff, options);
        expect(rootOfWhole(state, diff, options)).toBe(expected);
        expect(await rootOfKept(state, diff, options)).toBe(expected);
      }
    }
  }, 120_000);

  test('is left to tries that are kept where a large state is asked for again', () => {
    const alloc = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [addressOf(index), { balance: 1 }]));
    const state = memoryState(alloc);
    const small: StateDiff = new Map([[addressOf(1), { balance: 2n, storage: new Map() }]]);
    expect(rootOfWhole(state, small, MODERN)).toBe(rootOfWhole(memoryState(alloc), small, MODERN));
    expect(rootOfWhole(state, small, MODERN)).toBeUndefined();
  });
});
