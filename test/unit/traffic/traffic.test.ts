// The traffic block: what its transactions do when plain @ethereumjs/vm runs them one after the other.
import { createBlockFromRPC, type JSONRPCBlock } from '@ethereumjs/block';
import { createCustomCommon, Mainnet } from '@ethereumjs/common';
import { bytesToHex } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import {
  createTraffic,
  sealTraffic,
  type Traffic,
  type TrafficOptions,
  trafficKinds,
} from '../../../src/traffic/index.ts';
import { type Footprint, runInstrumented } from '../../support/instrumented-run.ts';

function topic(event: string): string {
  return bytesToHex(keccak_256(new TextEncoder().encode(event)));
}

const transferred = topic('Transfer(address,address,uint256)');
const swappedOnPair = topic('Swapped(address,bool,uint256,uint256,address)');
const swappedOnPool = topic('Swapped(address,address,bool,uint256,uint256,uint160,uint128)');

/** First topics of the logs that a transaction left. */
function events({ result }: Footprint): string[] {
  return (result.execResult.logs ?? []).map(([, topics]) => bytesToHex(topics[0] ?? new Uint8Array()));
}

function succeeded({ execResult }: Footprint['result']): 0 | 1 {
  return execResult.exceptionError === undefined ? 1 : 0;
}

async function run(options: TrafficOptions): Promise<{ traffic: Traffic; footprints: Footprint[] }> {
  const traffic = await createTraffic(options);
  return { traffic, footprints: await runInstrumented(traffic.file) };
}

/** Locations that one transaction wrote and a later or earlier one read or wrote. */
function conflicts(footprints: readonly Footprint[]): string[] {
  const writers = new Map<string, number>();
  const found: string[] = [];
  for (const [index, { writes }] of footprints.entries()) {
    for (const location of writes) {
      if (writers.has(location)) found.push(`${location} (written by ${writers.get(location)} and ${index})`);
      writers.set(location, index);
    }
  }
  for (const [index, { reads }] of footprints.entries()) {
    for (const location of reads) {
      const writer = writers.get(location);
      if (writer !== undefined && writer !== index) found.push(`${location} (of ${writer}, read by ${index})`);
    }
  }
  return found;
}

describe.each([0, 0.3, 1])('at a conflict rate of %d', (conflictRate) => {
  test('every transaction ends as planned and leaves the events of its kind', async () => {
    const { traffic, footprints } = await run({ transactions: 60, conflictRate, seed: 'statuses' });
    const { plan } = traffic;
    expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(Object.keys(trafficKinds)));
    expect(footprints.map(({ result }, index) => `${succeeded(result)} ${plan[index]?.label}`)).toEqual(
      plan.map(({ status, label }) => `${status} ${label}`),
    );
    const expected = {
      ether: [],
      token: [transferred],
      pairSwap: [transferred, transferred, topic('Reserves(uint112,uint112)'), swappedOnPair],
      poolSwap: [transferred, transferred, swappedOnPool],
      mint: [transferred],
      failing: [],
    };
    for (const [index, footprint] of footprints.entries()) {
      const kind = plan[index]?.kind ?? 'failing';
      expect(events(footprint), plan[index]?.label).toEqual(expected[kind]);
    }
  });
});

test('swaps move the reserves of the pair and the price of the pool', async () => {
  const { traffic, footprints } = await run({ transactions: 20, mix: only('pairSwap', 'poolSwap'), conflictRate: 1 });
  const written = new Set(footprints.flatMap(({ writes }) => [...writes]));
  const names = [...written].flatMap((location) => {
    const [address, slot] = location.split(' ') as [`0x${string}`, `0x${string}`];
    return slot.startsWith('0x') ? [traffic.describe({ address, kind: 'storage', slot })] : [];
  });
  expect(names).toContain('token pair: reserves');
  expect(names).toContain('token pair: price 0 sum');
  expect(names).toContain('liquidity pool: price and lock');
  expect(names).toContain('liquidity pool: fee growth 0');
  expect(names).toContain('liquidity pool: observation 3');
  expect(names).toContain('ERC-20 token: balance of token pair');
});

test('some swaps cross boundaries of the pool', async () => {
  const { traffic, footprints } = await run({ transactions: 30, mix: only('poolSwap'), conflictRate: 0 });
  const crossed = footprints.filter(({ writes }) =>
    [...writes].some((location) => {
      const [address, slot] = location.split(' ') as [`0x${string}`, `0x${string}`];
      return (
        slot.startsWith('0x') && traffic.describe({ address, kind: 'storage', slot }) === 'liquidity pool: liquidity'
      );
    }),
  );
  expect(crossed.length).toBeGreaterThan(3);
  expect(crossed.length).toBeLessThan(30);
});

test('failing transactions revert, or run out of gas and leave none', async () => {
  const { traffic, footprints } = await run({ transactions: 8, mix: only('failing'), conflictRate: 0 });
  const reasons = footprints.map(({ result }, index) => {
    const limit = BigInt(traffic.file.block.transactions[index]?.gas as string);
    return `${traffic.plan[index]?.label}: ${result.totalGasSpent === limit ? 'all gas spent' : 'gas left'}`;
  });
  expect(reasons.slice(0, 3)).toEqual([
    'ERC-20 transfer of more than owned: gas left',
    'ERC-20 transfer out of gas: all gas spent',
    'pair swap below its minimum: gas left',
  ]);
  expect(footprints.every(({ result }) => result.execResult.exceptionError !== undefined)).toBe(true);
});

test('at conflict rate 0 no transaction touches what another one writes', async () => {
  const { footprints } = await run({ transactions: 120, conflictRate: 0, seed: 'apart' });
  expect(conflicts(footprints)).toEqual([]);
});

test('at conflict rate 1 every transaction that succeeds touches what another one writes', async () => {
  const { traffic, footprints } = await run({ transactions: 40, conflictRate: 1, seed: 'together' });
  const lonely = footprints.flatMap(({ reads }, index) => {
    const others = new Set(footprints.flatMap(({ writes }, other) => (other === index ? [] : [...writes])));
    return [...reads].some((location) => others.has(location)) ? [] : [traffic.plan[index]];
  });
  expect(lonely.filter((planned) => planned?.status === 1)).toEqual([]);
});

test('equal options give equal blocks, and another seed another block', async () => {
  const options = { transactions: 25, conflictRate: 0.5, seed: 7 };
  const [first, second, other] = await Promise.all([
    createTraffic(options),
    createTraffic(options),
    createTraffic({ ...options, seed: 8 }),
  ]);
  expect(second.file).toEqual(first.file);
  expect(second.plan).toEqual(first.plan);
  expect(other.file.block.hash).not.toBe(first.file.block.hash);
});

test('the mix decides how many transactions of each kind there are', async () => {
  const { plan } = await createTraffic({ transactions: 10, mix: { ...only('ether', 'mint'), ether: 4 } });
  expect(plan.filter(({ kind }) => kind === 'ether')).toHaveLength(8);
  expect(plan.filter(({ kind }) => kind === 'mint')).toHaveLength(2);
});

test('signatures recover the senders, and the header fits the block', async () => {
  const { file } = await createTraffic({ transactions: 30, conflictRate: 0.5 });
  const sealed = sealTraffic(file, {
    gasUsed: 1_234_567n,
    receiptsRoot: `0x${'12'.repeat(32)}`,
    logsBloom: `0x${'01'.repeat(256)}`,
  });
  expect(sealed.block.gasUsed).toBe('0x12d687');
  expect(file.block.gasUsed).toBe('0x0');
  for (const { block, chainId, hardfork } of [file, sealed]) {
    const common = createCustomCommon({ chainId }, Mainnet, { hardfork });
    const read = createBlockFromRPC(block as unknown as JSONRPCBlock, [], { common });
    expect(bytesToHex(read.hash())).toBe(block.hash);
    expect(await read.transactionsTrieIsValid()).toBe(true);
    expect(await read.withdrawalsTrieIsValid()).toBe(true);
    expect(read.transactions.map((transaction) => transaction.getSenderAddress().toString())).toEqual(
      block.transactions.map(({ from }) => from),
    );
    expect(block.transactions.every(({ blockHash }) => blockHash === block.hash)).toBe(true);
  }
});

test('progress counts the transactions', async () => {
  const counts: number[] = [];
  await createTraffic({ transactions: 4 }, (done) => counts.push(done));
  expect(counts).toEqual([1, 2, 3, 4]);
});

test.each<[string, TrafficOptions]>([
  ['transactions', { transactions: 0 }],
  ['transactions', { transactions: 1.5 }],
  ['transactions', { transactions: Number.NaN }],
  ['transactions', { transactions: 1_000_000 }],
  ['conflictRate', { conflictRate: -0.1 }],
  ['conflictRate', { conflictRate: Number.NaN }],
  ['mix.pairSwap', { mix: { pairSwap: -1 } }],
  ['mix.barter', { mix: { barter: 1 } as TrafficOptions['mix'] }],
  ['mix', { mix: only() }],
  ['hardfork', { hardfork: 'berlin' as 'osaka' }],
])('a wrong %s is refused by name: %o', async (field, options) => {
  const error = await createTraffic(options).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).field).toBe(field);
});

function only(...chosen: (keyof typeof trafficKinds)[]): Record<keyof typeof trafficKinds, number> {
  const weights = Object.keys(trafficKinds).map((kind) => [kind, chosen.includes(kind as never) ? 1 : 0]);
  return Object.fromEntries(weights);
}
