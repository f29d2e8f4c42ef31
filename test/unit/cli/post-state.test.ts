// What a block has changed, field by field, against the state of a made-up node.

import { expect, test } from 'vitest';
import { PostState } from '../../../src/cli/post-state.ts';
import { type AccountDiff, type Hex, InvalidBlockError, rpcState } from '../../../src/index.ts';
import type { BlockResult } from '../../../src/types.ts';
import { FakeNode } from '../../support/fake-node.ts';
import { HttpNode } from '../../support/http-node.ts';
import { ALICE, BOB, exampleAlloc, NOBODY, TOKEN, TOKEN_CODE, word } from '../../support/remote-source.ts';

const noSlots = (fields: Omit<AccountDiff, 'storage'>): AccountDiff => ({ ...fields, storage: new Map() });
const slots = (entries: [number, number][]): AccountDiff => ({
  storage: new Map(entries.map(([slot, value]) => [word(slot), word(value)])),
});

test.each(['reads', 'proofs'] as const)('each field of an account is compared (%s)', async (trust) => {
  const node = new FakeNode();
  node.add(exampleAlloc());
  await node.seal();
  await using served = await HttpNode.start(node);
  const compare = async (address: Hex, diff: AccountDiff | null) => {
    const state = new PostState(trust, [served.url], rpcState({ transport: served.url }));
    const result = { stateDiff: new Map([[address, diff]]) } as unknown as BlockResult;
    const outcome = await state.compare(0n, node.head.hash, result).catch((error: unknown) => error);
    if (!(outcome instanceof InvalidBlockError)) return outcome;
    return outcome.mismatches.map(({ name, expected, actual }) => [name, expected, actual]);
  };
  expect(await compare(ALICE, noSlots({ balance: 10n ** 18n, nonce: 7n }))).toEqual({ accounts: 1, slots: 0 });
  expect(await compare(ALICE, noSlots({ balance: 10n ** 18n, nonce: 8n }))).toEqual([
    [`post.${ALICE}.nonce`, '7', '8'],
  ]);
  expect(await compare(ALICE, noSlots({ balance: 3n }))).toEqual([[`post.${ALICE}.balance`, String(10n ** 18n), '3']]);
  expect(await compare(TOKEN, noSlots({ code: TOKEN_CODE }))).toEqual({ accounts: 1, slots: 0 });
  expect(await compare(TOKEN, noSlots({ code: '0x60' }))).toEqual([[`post.${TOKEN}.code`, TOKEN_CODE, '0x60']]);
  expect(await compare(TOKEN, slots([[4, 1004]]))).toEqual({ accounts: 1, slots: 1 });
  expect(
    await compare(
      TOKEN,
      slots([
        [4, 1004],
        [5, 0],
        // Nothing is there.
        [500, 1],
      ]),
    ),
  ).toEqual([
    [`post.${TOKEN}.storage[${word(5)}]`, word(1005), word(0)],
    [`post.${TOKEN}.storage[${word(500)}]`, word(0), word(1)],
  ]);
  // Accounts that are gone.
  expect(await compare(NOBODY, null)).toEqual({ accounts: 1, slots: 0 });
  expect(await compare(BOB, null)).toEqual([
    [`post.${BOB}.balance`, '5', '0'],
    [`post.${BOB}.exists`, 'true', 'false'],
  ]);
});

test('nobody is asked about a block that has changed nothing', async () => {
  const state = new PostState('proofs', ['http://127.0.0.1:9'], rpcState({ transport: 'http://127.0.0.1:9' }));
  const result = { stateDiff: new Map() } as unknown as BlockResult;
  expect(await state.compare(0n, word(1), result)).toEqual({ accounts: 0, slots: 0 });
});
