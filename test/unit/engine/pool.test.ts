// Threads, memories and runs apart: several engines share workers, and memories go from run to run and engine to engine.
import type * as WorkerThreads from 'node:worker_threads';
import workerSource from 'virtual:pevm/worker';
import { afterAll, expect, test } from 'vitest';
import { moduleUrl } from '../../../src/base/platform.ts';
import { PevmEngine } from '../../../src/engine/engine.ts';
import { memoryState } from '../../../src/index.ts';
import { Attachments } from '../../../src/workers/attachments.ts';
import { WorkerPool } from '../../../src/workers/pool.ts';
import { watchStarts } from '../../support/worker-starts.ts';

/** Sets the first word of its payload, then waits for the second one. */
const waiting = moduleUrl(`
  export function createExecutor() {
    return {
      execute({ payload }, view) {
        Atomics.store(payload, 0, 1);
        Atomics.wait(payload, 1, 0);
        view.writeNumber('count', view.readNumber('count') + 1n);
        return { status: 'success' };
      },
    };
  }
`);

const words = () => new Int32Array(new SharedArrayBuffer(8));

async function begun(payload: Int32Array): Promise<void> {
  while (Atomics.load(payload, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}

function letGo(payload: Int32Array): void {
  Atomics.store(payload, 1, 1);
  Atomics.notify(payload, 1);
}

/** Counts the memories of so many MiB that are made from now on. */
function countMemories(mebibytes: number): { readonly made: () => number; readonly stop: () => void } {
  const { Memory } = WebAssembly;
  let made = 0;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      if (descriptor.initial === mebibytes * 16) made++;
    }
  };
  return {
    made: () => made,
    stop() {
      WebAssembly.Memory = Memory;
    },
  };
}

const url = moduleUrl(workerSource);
const pools: WorkerPool[] = [];
afterAll(() => {
  for (const pool of pools) pool.dispose();
});

test('two engines share the workers of a pool, and a short run does not wait for a long one', async () => {
  const pool = await WorkerPool.start(url, 2);
  pools.push(pool);
  await using first = await PevmEngine.create({ workersPerBlock: 'all', workers: 2 }, pool);
  await using second = await PevmEngine.create({ workersPerBlock: 'all', workers: 2 }, pool);
  const payloads = [words(), words()];
  const long = first.execute(
    payloads.map((payload, id) => ({ id, payload })),
    waiting,
  );
  await Promise.all(payloads.map(begun));
  // All workers of the pool are busy.
  const done = words();
  letGo(done);
  for (let round = 0; round < 3; round++) {
    const { state } = await second.execute([{ id: 0, payload: done }], waiting);
    expect(state.readNumber('count')).toBe(1n);
  }
  expect(pool.size).toBe(3);
  expect(long.progress.committed).toBe(0);
  payloads.forEach(letGo);
  expect((await long).state.readNumber('count')).toBe(2n);
  // Now both are free, and the second engine takes them.
  expect((await second.execute([{ id: 0, payload: done }], waiting)).report.workersLost).toBe(0);
  expect(pool.size).toBe(3);
});

test('an engine that is disposed of leaves the workers of a shared pool to the others', async () => {
  const pool = await WorkerPool.start(url, 1);
  pools.push(pool);
  const first = await PevmEngine.create({ workers: 1 }, pool);
  await using second = await PevmEngine.create({ workers: 1 }, pool);
  await first.dispose();
  const payload = words();
  letGo(payload);
  const { report } = await second.execute([{ id: 0, payload }], waiting);
  expect(report.workersLost).toBe(0);
});

test('engines one after the other use the same memory', async () => {
  const memories = countMemories(33);
  for (let engines = 0; engines < 5; engines++) {
    await using engine = await PevmEngine.create({ workers: 1, memory: { maximumMiB: 33 } });
    const payload = words();
    letGo(payload);
    const { state } = await engine.execute([{ id: 0, payload }], waiting);
    expect(state.readNumber('count')).toBe(1n);
  }
  memories.stop();
  expect(memories.made()).toBe(1);
});

test('a memory in which workers were killed is used again when their threads are gone', async () => {
  await using engine = await PevmEngine.create({ workersPerBlock: 'all', workers: 2, memory: { maximumMiB: 34 } });
  const memories = countMemories(34);
  const deaths = 20;
  for (let death = 0; death < deaths; death++) {
    const payload = words();
    const run = engine.execute([{ id: 0, payload }], waiting);
    await begun(payload);
    // One of them is busy.
    engine.terminateWorker(0);
    engine.terminateWorker(1);
    letGo(payload);
    const { state, report } = await run;
    expect(state.readNumber('count')).toBe(1n);
    expect(report.workersLost).toBeGreaterThan(0);
  }
  memories.stop();
  expect(memories.made()).toBeLessThan(deaths / 2);
});

test('who replaces another worker loads precompiled contracts when the first of them is called, and does the block right', async () => {
  await using engine = await PevmEngine.create({ workers: 1 });
  // sstore(0, staticcall(gas, 8, 0, 0, 0, 32)); sstore(1, mload(0)): the pairing of nothing is 1.
  const code = '0x6020600060006000600861fffffa60005560005160015500';
  const account = `0x${'c0'.padStart(40, '0')}` as const;
  const sender = `0x${'5e'.padStart(40, '0')}` as const;
  const state = memoryState({ [account]: { code, nonce: 1 }, [sender]: { balance: 10n ** 20n } });
  const transaction = {
    from: sender,
    to: account,
    value: '0x0',
    gas: '0x7a120',
    gasPrice: '0x1',
    input: '0x',
  } as const;
  const block = {
    number: '0x1',
    parentHash: `0x${'00'.repeat(32)}`,
    timestamp: '0x1',
    gasLimit: '0x1c9c380',
    miner: account,
    difficulty: '0x1',
    transactions: [
      { ...transaction, nonce: '0x0' },
      { ...transaction, nonce: '0x1' },
    ],
  } as const;
  const run = () => engine.executeBlock({ block, hardfork: 'istanbul', state });
  const undisturbed = await run();
  expect(undisturbed.stateDiff.get(account)?.storage.get(`0x${'1'.padStart(64, '0')}`)).toBe(
    `0x${'1'.padStart(64, '0')}`,
  );
  // The second time the spare one takes the place.
  for (let death = 0; death < 2; death++) {
    engine.terminateWorker(0);
    const result = await run();
    expect(result.stateDiff).toEqual(undisturbed.stateDiff);
    expect(result.receipts).toEqual(undisturbed.receipts);
    expect(result.report.workersLost).toBe(1);
  }
});

test('after its first use a pool keeps one worker to spare, which takes a place at once and ends with the pool', async () => {
  const named = moduleUrl(`
    import { threadId } from 'node:worker_threads';
    export const createExecutor = () => ({
      execute(_, view) {
        view.writeNumber('thread', BigInt(threadId));
        return { status: 'success' };
      },
    });
  `);
  const started: WorkerThreads.Worker[] = [];
  const alive = new Set<unknown>();
  const restore = watchStarts((worker) => {
    started.push(worker);
    alive.add(worker);
    worker.once('exit', () => alive.delete(worker));
  });
  const until = (isSo: () => boolean) => expect.poll(isSo, { timeout: 15_000 }).toBe(true);
  const aWhile = () => new Promise((resolve) => setTimeout(resolve, 400));
  const engine = await PevmEngine.create({ workers: 1 });
  const run = async () => (await engine.execute([{ id: 0 }], named)).state.readNumber('thread');
  await aWhile();
  expect(started.length).toBe(1);
  expect(await run()).toBe(BigInt(started[0]!.threadId));
  await until(() => started.length === 2);
  // One that is lost while it waits, some time after it is up, is replaced, too.
  await aWhile();
  await started[1]!.terminate();
  await run();
  await until(() => started.length === 3);
  const third = BigInt(started[2]!.threadId);
  engine.terminateWorker(0);
  expect(await run()).toBe(third);
  await until(() => started.length === 4);
  await engine.dispose();
  restore();
  await until(() => alive.size === 0);
});

test('a host and its worker drop the same memory', () => {
  const held = new Attachments<string>();
  held.set(1, 'one');
  held.set(2, 'two');
  expect(held.get(1)).toBe('one');
  held.set(3, 'three');
  expect([held.get(1), held.get(2), held.get(3)]).toEqual(['one', undefined, 'three']);
});
