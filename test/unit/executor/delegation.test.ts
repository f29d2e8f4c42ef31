// EIP-7702: delegations set, changed and cleared, against the library alone.

import { eoaCode7702SignAuthorization, privateToAddress } from '@ethereumjs/util';
import { describe, expect, test } from 'vitest';
import { bytes32FromNumber, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { planBlock } from '../../../src/block/block-plan.ts';
import { createExecutor } from '../../../src/executor/ethereumjs/executor.ts';
import { addressOf, type Call, ETHER, runLibrary, runOurs, scenario } from './library-oracle.ts';
import * as programs from './programs.ts';
import { recordingView } from './recording-view.ts';

const KEY = bytes32FromNumber(0x1234n);
const AUTHORITY = hexFromBytes(privateToAddress(KEY));
const ALICE = addressOf(1);
const COUNTER = addressOf(0x10);
const STORER = addressOf(0x11);
const READER = addressOf(0x12);
const NOBODY: Hex = `0x${'00'.repeat(20)}`;
const ALLOC = {
  [ALICE]: { balance: ETHER },
  [COUNTER]: { nonce: 1, code: programs.COUNT },
  [STORER]: { nonce: 1, code: programs.STORE },
  [READER]: { nonce: 1, code: programs.READ_CODE_HASH },
};

function delegate(to: Hex, nonce: number, call: Partial<Call> = {}): Call {
  const [chainId, address, signedNonce, yParity, r, s] = eoaCode7702SignAuthorization(
    [Uint8Array.of(1), bytesOf(to), nonce === 0 ? new Uint8Array(0) : Uint8Array.of(nonce)],
    KEY,
  );
  return {
    from: ALICE,
    to: AUTHORITY,
    type: '0x4',
    maxFeePerGas: '0xa',
    maxPriorityFeePerGas: '0x1',
    authorizationList: [
      {
        chainId: hexFromBytes(chainId),
        address: hexFromBytes(address),
        nonce: hexFromBytes(signedNonce),
        yParity: hexFromBytes(yParity),
        r: hexFromBytes(r),
        s: hexFromBytes(s),
      },
    ],
    ...call,
  };
}

function bytesOf(address: Hex): Uint8Array {
  return Uint8Array.from(address.slice(2).match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

describe.each(['prague', 'osaka'] as const)('at %s', (hardfork) => {
  test.each<[string, Call[], Record<string, { balance?: bigint; nonce?: number }>]>([
    ['a new delegation is used at once', [delegate(COUNTER, 0), { from: ALICE, to: AUTHORITY }], {}],
    ['an authority that exists gives a refund', [delegate(COUNTER, 0)], { [AUTHORITY]: { balance: 1n } }],
    [
      'a delegation is replaced, and keeps the storage',
      [
        delegate(COUNTER, 0),
        delegate(STORER, 1, { input: `0x${programs.word(1n)}${programs.word(9n)}` }),
        { from: ALICE, to: AUTHORITY },
      ],
      {},
    ],
    [
      'a delegation is cleared',
      [
        delegate(COUNTER, 0),
        delegate(NOBODY, 1),
        { from: ALICE, to: AUTHORITY },
        { from: ALICE, to: READER, input: `0x${programs.word(AUTHORITY)}` },
      ],
      {},
    ],
    ['a wrong nonce is passed over', [delegate(COUNTER, 5), { from: ALICE, to: AUTHORITY }], {}],
    [
      'value goes to a delegated account',
      [delegate(COUNTER, 0, { value: 5n }), { from: ALICE, to: AUTHORITY, value: 7n }],
      {},
    ],
  ])('%s', async (_, calls, alloc) => {
    const input = scenario({ hardfork, alloc: { ...ALLOC, ...alloc }, calls });
    const { result: _result, ...ours } = await runOurs(input);
    expect(ours).toEqual(await runLibrary(input));
  });
});

test('an authority with a nonce is authorized without reading its balance', async () => {
  const input = scenario({
    hardfork: 'prague',
    alloc: { ...ALLOC, [AUTHORITY]: { nonce: 3, balance: 5n } },
    calls: [delegate(COUNTER, 3, { to: STORER })],
  });
  const executor = await createExecutor({ ...input, senders: 'trust' });
  const plan = planBlock(input);
  const { view, reads, writes } = recordingView(input.state);
  expect(await executor.execute(plan.tasks[plan.firstTransaction]!, view)).toMatchObject({ status: 'success' });
  expect(reads.filter((read) => read.startsWith('balance') && read.endsWith(AUTHORITY))).toEqual([]);
  expect(writes).toEqual(expect.arrayContaining([`setNonce ${AUTHORITY}`, `setCode ${AUTHORITY}`]));
});
