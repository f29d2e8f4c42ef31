// How many workers take part in a block: by its size and its chains, and by its transactions in the engine.
import { expect, test } from 'vitest';
import { crewFor, crewSize, estimateCosts } from '../../../src/access/crew-size.ts';
import { type BlockRequest, createEngine, type Engine, type Hex, memoryState } from '../../../src/index.ts';

const ADDRESSES = Array.from({ length: 5_000 }, (_, at): Hex => `0x${(0x1000 + at).toString(16).padStart(40, '0')}`);

test('one chain is for one worker, whatever its length, and short work too', () => {
  const costsMs = new Float64Array(2_000).fill(1);
  const chain = Int32Array.from(costsMs, (_, at) => at - 1);
  const free = new Int32Array(2_000).fill(-1);
  expect(crewSize({ costsMs, previous: chain, workers: 8 })).toBe(1);
  expect(crewSize({ costsMs, previous: free, workers: 8 })).toBe(8);
  expect(crewSize({ costsMs: new Float64Array(20).fill(0.01), previous: free, workers: 8 })).toBe(1);
  // Half of it hangs together: two would do, if the estimate held.
  expect(crewSize({ costsMs, previous: chain.map((one, at) => (at < 1_000 ? one : -1)), workers: 8 })).toBe(4);
  // Recovered in any order.
  expect(crewSize({ costsMs: new Float64Array(20), previous: free, workers: 8, besideMs: 60 })).toBe(8);
  expect(crewSize({ costsMs: [], previous: [], workers: 4 })).toBe(1);
  // What points up, or nowhere, does not count.
  expect(crewSize({ costsMs: [5, 5], previous: [1, 7], workers: 4 })).toBe(2);
});

test('never none, and never more than there are', () => {
  for (const workers of [1, 2, 3, 64]) {
    for (const work of [0, 1e-9, 1, 1e9, 1e300]) {
      for (const longest of [0, work / 3, work]) {
        const size = crewFor(work, longest, workers);
        expect(size === Math.floor(size) && size >= 1 && size <= workers, `${work} ${longest} ${size}`).toBe(true);
      }
    }
  }
});

test('executors in JavaScript, and senders that are to be recovered, are worth a worker earlier', () => {
  const transactions = Array.from({ length: 100 }, () => ({ to: '0x', gas: '0x5208', input: '0x' }));
  const previous = new Int32Array(100).fill(-1);
  const size = (isInCore: boolean, recovers: boolean) =>
    crewSize({ ...estimateCosts(transactions, { isInCore, recovers }), previous, workers: 2 });
  expect(size(true, false)).toBe(1);
  expect(size(false, false)).toBe(2);
  expect(size(true, true)).toBe(2);
});

const word: Hex = `0x${'11'.repeat(32)}`;
const alloc = Object.fromEntries(ADDRESSES.map((address) => [address, { balance: 10n ** 18n }]));

function blockOf(count: number, sender: (index: number) => number): BlockRequest {
  const nonces = new Map<number, number>();
  const transactions = Array.from({ length: count }, (_, index) => {
    const from = sender(index);
    const nonce = nonces.get(from) ?? 0;
    nonces.set(from, nonce + 1);
    return {
      ...{ hash: word, type: '0x0', nonce: `0x${nonce.toString(16)}`, from: ADDRESSES[from]!, to: ADDRESSES[index]! },
      ...{ value: '0x1', gas: '0x5208', gasPrice: '0x1', input: '0x' },
    } as const;
  });
  const fields = { hash: word, parentHash: word, mixHash: word, miner: `0x${'cc'.repeat(20)}`, number: '0xc5d488' };
  return {
    block: {
      ...fields,
      ...{ gasLimit: '0xffffffff', timestamp: '0x60000000', difficulty: '0x1', extraData: '0x' },
      ...{ nonce: '0x0000000000000000', transactions },
    },
    hardfork: 'berlin',
    blockReward: false,
    senders: 'trust',
    state: memoryState(alloc),
  };
}

test('engines give a chain to one worker, and a wide block to all, unless they are told to', async () => {
  await using engine = await createEngine({ workers: 2, threading: 'shared' });
  await using all = await createEngine({ workers: 2, threading: 'shared', workersPerBlock: 'all' });
  const chain = blockOf(1_000, () => 0);
  const wide = blockOf(4_000, (index) => index);
  /** How many took part at most: where the second worker gets no core, the first may be done before it comes. */
  async function crewOf(by: Engine, block: BlockRequest, until: number): Promise<number> {
    let most = 0;
    for (let tries = 0; tries < 20 && most < until; tries++) {
      const { report } = await by.executeBlock(block);
      expect(report.workers).toBe(2);
      most = Math.max(most, report.perWorker.length);
    }
    return most;
  }
  expect(await crewOf(engine, chain, 2)).toBe(1);
  expect(await crewOf(engine, wide, 2)).toBe(2);
  expect(await crewOf(engine, { ...chain, accessOracle: { transactionAccess: () => undefined } }, 2)).toBe(1);
  expect(await crewOf(all, chain, 2)).toBe(2);
  expect((await engine.executeBlock(chain)).receiptsRoot).toBe((await all.executeBlock(chain)).receiptsRoot);
});
