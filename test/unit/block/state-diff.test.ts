// Comparing a state diff with what a block file expects.

import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { readExpected } from '../../../src/block/expected.ts';
import { compareWithExpected, type StateDiff } from '../../../src/block/state-diff.ts';

const A: Hex = `0x${'aa'.repeat(20)}`;
const B: Hex = `0x${'bb'.repeat(20)}`;
const slot = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const expectedOf = (post: unknown) => readExpected({ txs: [], post }, 'expected');

const DIFF: StateDiff = new Map([
  [A, { balance: 5n, nonce: 1n, code: '0x00' as Hex, storage: new Map([[slot(1), slot(2)]]) }],
  [B, null],
]);
const POST = {
  [A]: { balance: '0x5', nonce: 1, codeHash: hexFromBytes(keccak_256(Uint8Array.of(0))), storage: { '0x1': '0x2' } },
  [B]: null,
};

test('equal changes give no mismatch', () => {
  expect(compareWithExpected(DIFF, expectedOf(POST), true)).toEqual([]);
  expect(compareWithExpected(DIFF, expectedOf(POST), false)).toEqual([]);
});

test.each<[string, unknown, string[]]>([
  ['a balance', { ...POST, [A]: { ...POST[A], balance: '0x6' } }, [`${A}.balance`]],
  ['a nonce', { ...POST, [A]: { ...POST[A], nonce: 2 } }, [`${A}.nonce`]],
  ['code', { ...POST, [A]: { ...POST[A], codeHash: null } }, [`${A}.codeHash`]],
  ['a slot', { ...POST, [A]: { ...POST[A], storage: { '0x1': '0x3' } } }, [`${A}.storage[${slot(1)}]`]],
  ['a slot too many', { ...POST, [A]: { ...POST[A], storage: {} } }, [`${A}.storage[${slot(1)}]`]],
  [
    'a slot too few',
    { ...POST, [A]: { ...POST[A], storage: { '0x1': '0x2', '0x4': '0x0' } } },
    [`${A}.storage[${slot(4)}]`],
  ],
  ['an account', { [B]: null }, [`${A}.balance`, `${A}.nonce`, `${A}.codeHash`, `${A}.storage[${slot(1)}]`]],
  ['a deletion', { ...POST, [B]: { balance: '0x0' } }, [B]],
])('%s that differs is named', (_, post, paths) => {
  expect(compareWithExpected(DIFF, expectedOf(post), true).map(({ path }) => path)).toEqual(paths);
});

test('an account that never was is the same as a deleted one from Spurious Dragon on', () => {
  const { [B]: _, ...rest } = POST;
  expect(compareWithExpected(DIFF, expectedOf(rest), true)).toEqual([]);
  expect(compareWithExpected(DIFF, expectedOf(rest), false)).toEqual([
    { path: B, expected: 'unchanged', actual: 'deleted' },
  ]);
});

test('slots that are said again, as they were, are no changes', () => {
  const again: StateDiff = new Map([
    [
      A,
      {
        ...DIFF.get(A)!,
        destroyed: true,
        storage: new Map([
          [slot(1), slot(2)],
          [slot(7), slot(9)],
        ]),
      },
    ],
    [B, null],
  ]);
  expect(compareWithExpected(again, expectedOf(POST), true).map(({ path }) => path)).toEqual([
    `${A}.storage[${slot(7)}]`,
  ]);
  expect(compareWithExpected(again, expectedOf(POST), true, new Map([[A, new Set([slot(7)])]]))).toEqual([]);
});
