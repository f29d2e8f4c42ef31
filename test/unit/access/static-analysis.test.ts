// Static analysis names places that are really there: pairs and pools by their known addresses, slots by those of real blocks.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import {
  type AccessPrediction,
  type BlockInput,
  fromEIP2930,
  staticAnalysis,
  type TransactionInput,
} from '../../../src/index.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

const SENDER = `0x${'a1'.repeat(20)}` as const;
const WETH = '0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2';
const USDC = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48';
const word = (text: string) => text.replace(/^0x/, '').padStart(64, '0');

function accessOf(transaction: Partial<TransactionInput>): AccessPrediction | undefined {
  const whole = { nonce: '0x0', from: SENDER, value: '0x0', gas: '0x5208', input: '0x', ...transaction } as const;
  const block = { transactions: [whole] } as unknown as BlockInput;
  return staticAnalysis().transactionAccess?.({ block, transaction: whole, index: 0, keccak256: keccak_256 });
}

const slotsOf = (prediction: AccessPrediction | undefined) =>
  (prediction?.writes ?? []).flatMap((key) => (key.kind === 'storage' ? [`${key.address} ${Number(key.slot)}`] : []));

test('a swap names the pair, under the address that Uniswap v2 has created it at', () => {
  const router = '0x7a250d5630b4cf539739df2c5dacb4c659f2488d';
  const path = `${word('2')}${word(USDC)}${word(WETH)}`;
  const input = `0x38ed1739${word('1')}${word('1')}${word('a0')}${word(SENDER)}${word('ff')}${path}` as const;
  // USDC/WETH, see https://etherscan.io/address/0xb4e16d0168e52d35cacd2c6185b44281ec28c9dc
  expect(slotsOf(accessOf({ to: router, input }))).toEqual(['0xb4e16d0168e52d35cacd2c6185b44281ec28c9dc 8']);
});

test('a swap inside of a multicall names the pool, under the address that Uniswap v3 has created it at', () => {
  const router = '0x68b3465833fb72a70ecdf485e0e4c7bd8665fc45';
  const single = `04e45aaf${word(WETH)}${word(USDC)}${word('1f4')}${word(SENDER)}${word('1')}${word('0')}${word('0')}`;
  const length = word((single.length / 2).toString(16));
  const input = `0xac9650d8${word('20')}${word('1')}${word('20')}${length}${single.padEnd(512, '0')}` as const;
  // USDC/WETH 0.05 %, see https://etherscan.io/address/0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640
  expect(slotsOf(accessOf({ to: router, input }))).toEqual(['0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640 0']);
});

test('an access list is touched, and nothing is known of a transaction without one', () => {
  const slot = `0x${'07'.repeat(32)}` as const;
  const ask = (accessList: TransactionInput['accessList']) =>
    fromEIP2930().transactionAccess?.({
      ...{ index: 0, block: {} as BlockInput, keccak256: keccak_256 },
      transaction: { nonce: '0x0', value: '0x0', gas: '0x0', input: '0x', accessList },
    });
  expect(ask([{ address: WETH, storageKeys: [slot] }])).toEqual({
    touches: [{ kind: 'storage', address: WETH, slot }],
  });
  expect(ask([])).toBeUndefined();
  expect(ask(undefined)).toBeUndefined();
});

test('data that is cut off, or points anywhere, is taken as it is', () => {
  const selectors = ['a9059cbb', '23b872dd', '38ed1739', '7ff36ab5', 'ac9650d8', '5ae401dc', '414bf389', 'e8e33700'];
  for (const selector of selectors) {
    for (let length = 0; length < 400; length += 13) {
      for (const digit of ['0', '2', 'f']) {
        const data = `0x${selector}${digit.repeat(2 * length)}` as const;
        expect(() => accessOf({ to: WETH, input: data })).not.toThrow();
      }
    }
  }
});

test.skipIf(withoutShared('mainnet'))('token transfers of real blocks change the slots that are named', () => {
  const tokens = new Set<string>([WETH, USDC, '0xdac17f958d2ee523a2206206994597c13d831ec7']);
  const folder = join(sharedFolder!, 'mainnet');
  const files = readdirSync(folder).filter((name) => name.endsWith('.json.gz'));
  let named = 0;
  let found = 0;
  for (const name of files) {
    const { block, pre, expected } = JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString());
    for (const [index, transaction] of (block.transactions as TransactionInput[]).entries()) {
      const { to, input } = transaction;
      if (to === undefined || to === null || !tokens.has(to) || !input.startsWith('0xa9059cbb')) continue;
      if (Number(expected.txs[index].status) !== 1 || BigInt(`0x${input.slice(74, 138)}`) === 0n) continue;
      // The first is the sender's, which holds what is sent. The files write slots without leading zeros.
      const key = accessOf(transaction)?.writes?.find(({ kind }) => kind === 'storage');
      named++;
      const slots = Object.keys(pre[to]?.storage ?? {}).map(BigInt);
      if (key?.kind === 'storage' && slots.includes(BigInt(key.slot))) found++;
    }
  }
  expect(named).toBeGreaterThan(100);
  expect(found).toBe(named);
});
