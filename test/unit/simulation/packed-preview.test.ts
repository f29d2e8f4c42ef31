// Previews as bytes: what comes out is what went in, its fields and which of them there are, and it shows itself as objects do.
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { PreviewPacker, unpackedPreview } from '../../../src/simulation/packed-preview.ts';
import type { PreviewData } from '../../../src/simulation/preview-types.ts';

const [alice, token]: [Hex, Hex] = [`0x${'aa'.repeat(20)}`, `0x${'70'.repeat(20)}`];
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const report = { totalDurationMs: 1.5, loadMs: 0, executionMs: 0.25, loadRounds: 0, runs: 3 };

const plain: PreviewData = {
  ...{ status: 'success', gasUsed: 21_000n, stateGas: 0n, maxUsedGas: 2n ** 64n, fee: 2n ** 255n, returnData: '0x' },
  ...{ logs: [{ address: token, topics: [word(1)], data: '0x01' }], calls: undefined, approvals: [], delegations: [] },
  ...{
    gasLimit: 21_000n,
    assetChanges: [],
    stateDiff: new Map(),
    accessList: [],
    environment: [],
    dependsOn: {},
    report,
  },
};
const rich: PreviewData = {
  ...plain,
  status: 'reverted',
  createdAddress: token,
  error: {
    ...{ kind: 'custom', name: 'Wanted', message: 'execution reverted: Wanted', data: '0x1234', code: 3, at: [0, 2] },
    args: [5n, -7n, true, 'é\n', [1n, [2n]], { bigint: '5', deep: { amount: 9n } }],
  },
  calls: {
    ...{ type: 'CALL', from: alice, to: token, gas: '0x5208', gasUsed: '0x1', input: '0x', value: '0x0' },
    calls: [{ type: 'STATICCALL', from: token, to: alice, gas: '0x1', gasUsed: '0x1', input: '0x' }],
  },
  assetChanges: [
    {
      ...{ account: alice, in: 0n, out: 5n, change: -5n, before: 5n, after: 0n, basis: 'balances', conflict: 'lies' },
      asset: { kind: 'erc721', address: token, tokenId: 2n ** 200n, symbol: '🐈\0bigint' },
    },
  ],
  approvals: [
    {
      owner: alice,
      asset: { kind: 'erc20' },
      spender: token,
      kind: 'allowance',
      before: 1n,
      after: false,
      unlimited: true,
    },
  ],
  delegations: [{ authority: alice, to: null }],
  stateDiff: new Map([
    [alice, { balance: 2n ** 128n, nonce: 0n, code: '0x60', storage: new Map([[word(1), word(2)]]), destroyed: true }],
    [token, null],
  ]),
  accessList: [{ address: token, storageKeys: [word(1)] }],
  environment: ['TIMESTAMP'],
  dependsOn: { [alice]: { balance: '0x0', nonce: 1, storage: { [word(1)]: word(3) } } },
};

test('previews come out of bytes as they went in', () => {
  const { gasLimit: _, ...without } = rich;
  const given = [plain, rich, without];
  const packer = new PreviewPacker();
  for (const one of given) expect(packer.add(one)).toBe(true);
  const joined = packer.take();
  for (const [at, one] of given.entries()) {
    const found = unpackedPreview(structuredClone(joined), at);
    expect(Object.keys(found).sort()).toEqual(Object.keys(one).sort());
    expect({ ...found }).toStrictEqual(one);
    expect(found.stateDiff).toBe(found.stateDiff);
    expect(inspect(found, { depth: 9 })).not.toContain('Getter');
    expect(() => JSON.stringify(found)).toThrow('BigInt');
  }
});

test('bundles are handed on as they are', () => {
  const packer = new PreviewPacker();
  expect(packer.add({ ...plain, transactions: [plain] })).toBe(false);
  expect(packer.take().ends).toEqual([]);
});
