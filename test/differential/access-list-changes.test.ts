// Access lists (EIP-7928) of real blocks: what they name transaction by transaction is what the prestate tracer finds changed
// by that transaction, and slots are those that it has met; and workers that are lost, little memory and slow state change nothing in them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { numbersOf } from '../../src/chain/opcodes.ts';
import * as contracts from '../../src/chain/system-contracts.ts';
import type { FrameBegan, FrameEnded } from '../../src/core/evm/trace-events.ts';
import { PevmEngine } from '../../src/engine/engine.ts';
import {
  type BlockAccessList,
  createEngine,
  type Hex,
  readBlockFile,
  type StateSource,
  type TracingEngine,
} from '../../src/index.ts';
import type { Prestate, PrestateDiff } from '../../src/trace/prestate-tracer.ts';
import { count, long } from '../support/effort.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';
import { randomFrom } from '../support/synthetic-run.ts';

const folder = join(sharedFolder ?? '.', 'mainnet');
const names = withoutShared('mainnet') ? [] : readdirSync(folder).filter((name) => /^\d+\.json\.gz$/.test(name));
// Other ones than access-lists.test.ts has in CI.
const blocks = names.filter((_, at) => long || at % 6 === 1);

const { SSTORE } = numbersOf('SSTORE');
/** Contracts that the protocol itself calls, in steps that no tracer of transactions sees. */
const SYSTEM: readonly Hex[] = [
  ...[contracts.BEACON_ROOTS, contracts.BLOCK_HASHES],
  ...[contracts.WITHDRAWAL_REQUESTS, contracts.CONSOLIDATION_REQUESTS],
];

const engines: { dispose(): Promise<void> }[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

const fileOf = (name: string) => readBlockFile(readFileSync(join(folder, name)), name);

/** Values by account, place and index, of the transactions alone. */
function changesOf(list: BlockAccessList, transactionCount: number): Map<string, string> {
  const changes = new Map<string, string>();
  const put = (place: string, at: string, value: string) => {
    if (BigInt(at) >= 1n && BigInt(at) <= transactionCount) changes.set(`${place} at ${BigInt(at)}`, value);
  };
  for (const { address, storageChanges, balanceChanges, nonceChanges, codeChanges } of list) {
    for (const { slot, slotChanges } of storageChanges) {
      for (const { blockAccessIndex, postValue } of slotChanges) put(`${address} ${slot}`, blockAccessIndex, postValue);
    }
    for (const { blockAccessIndex, postBalance } of balanceChanges)
      put(`${address} balance`, blockAccessIndex, postBalance);
    for (const { blockAccessIndex, postNonce } of nonceChanges) put(`${address} nonce`, blockAccessIndex, postNonce);
    for (const { blockAccessIndex, newCode } of codeChanges) put(`${address} code`, blockAccessIndex, newCode);
  }
  return changes;
}

const quantity = (value: string | number) => `0x${BigInt(value).toString(16)}`;

/** The same of the tracer's differences; and the accounts that a transaction removed, of which it shows no more than that. */
function tracedChanges(differences: readonly PrestateDiff[]) {
  const changes = new Map<string, string>();
  const removed = new Set<string>();
  differences.forEach(({ pre, post }, index) => {
    const at = `at ${index + 1}`;
    for (const [address, { balance, nonce, code, storage = {} }] of Object.entries(post)) {
      if (balance !== undefined) changes.set(`${address} balance ${at}`, balance);
      if (nonce !== undefined) changes.set(`${address} nonce ${at}`, quantity(nonce));
      if (code !== undefined) changes.set(`${address} code ${at}`, code);
      for (const [slot, value] of Object.entries(storage)) {
        changes.set(`${address} ${quantity(slot)} ${at}`, quantity(value));
      }
    }
    for (const [address, { storage = {} }] of Object.entries(pre)) {
      const after = post[address as keyof typeof post];
      if (after === undefined) removed.add(`${address} ${at}`);
      else {
        for (const slot of Object.keys(storage)) {
          if (after.storage?.[slot as `0x${string}`] === undefined) {
            changes.set(`${address} ${quantity(slot)} ${at}`, '0x0');
          }
        }
      }
    }
  });
  return { changes, removed };
}

/** Slots of the SSTOREs at which frames halted. */
async function unpaidWrites(engine: TracingEngine, request: Parameters<TracingEngine['executeBlock']>[0]) {
  const slots = new Set<string>();
  const tracer = () => {
    const running: Hex[] = [];
    return {
      frameBegan: ({ address }: FrameBegan) => void running.push(address),
      frameEnded: ({ haltedAt }: FrameEnded) => {
        const address = running.pop();
        if (haltedAt?.opcode === SSTORE) slots.add(`${address} ${quantity(`0x${haltedAt.top(0).toString(16)}`)}`);
      },
      result: () => null,
    };
  };
  await engine.traceBlock({ ...request, tracer });
  return slots;
}

describe.skipIf(withoutShared('mainnet'))('the access list', () => {
  let engine: TracingEngine | undefined;

  test.each(blocks)('of %s names what each transaction changed', async (name) => {
    if (engine === undefined) {
      engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
      engines.push(engine);
    }
    const { expected: _, ...request } = await fileOf(name);
    const transactionCount = request.block.transactions.length;
    const { blockAccessList } = await engine.executeBlock({ ...request, blockAccessList: true });
    const traces = await engine.traceBlock({ ...request, tracer: 'prestateTracer', diffMode: true });
    const { changes, removed } = tracedChanges(traces.map((trace) => trace.result as PrestateDiff));
    const isShown = (entry: string) => !removed.has(entry.replace(/^(\S+) \S+ (at \d+)$/, '$1 $2'));
    const listed = [...changesOf(blockAccessList!, transactionCount)].filter(([entry]) => isShown(entry)).sort();
    expect(listed).toEqual([...changes].sort());
    expect(listed.length > 0 || transactionCount === 0).toBe(true);

    const met = await engine.traceBlock({ ...request, tracer: 'prestateTracer', includeEmpty: true });
    const isOfTransactions = (place: string) => !SYSTEM.some((address) => place.startsWith(address));
    const traced = new Set(
      met.flatMap(({ result }) =>
        Object.entries(result as Prestate).flatMap(([address, { storage = {} }]) =>
          Object.keys(storage).map((slot) => `${address} ${quantity(slot)}`),
        ),
      ),
    );
    const slots = blockAccessList!.flatMap(({ address, storageReads, storageChanges }) =>
      [...storageReads, ...storageChanges.map(({ slot }) => slot)].map((slot) => `${address} ${slot}`),
    );
    const listedSlots = new Set(slots.filter(isOfTransactions));
    expect([...traced].filter((slot) => isOfTransactions(slot) && !listedSlots.has(slot))).toEqual([]);
    // Tracers leave out what halts; the list has a slot that was paid for to be looked at, and not to be written.
    const more = [...listedSlots].filter((slot) => !traced.has(slot));
    const unpaid = more.length === 0 ? new Set() : await unpaidWrites(engine, request);
    expect(more.filter((slot) => !unpaid.has(slot))).toEqual([]);
  });

  const runs = count('disturbed-lists', { ci: 24, long: 400 });
  test(`is the same in ${runs} runs with lost workers, memories that run out and state that comes late`, async () => {
    const chosen = ['9069000', '5891667', '19934116', '4369999', '8889776'].map((number) => `${number}.json.gz`);
    const files = await Promise.all(chosen.map(fileOf));
    const quiet = await PevmEngine.create({ workers: 1, threading: 'inline' });
    engines.push(quiet);
    const lists: BlockAccessList[] = [];
    for (const file of files) {
      const { blockAccessList } = await quiet.executeBlock({ ...file, blockAccessList: true });
      lists.push(blockAccessList!);
    }
    let [lost, drained] = [0, 0];
    for (let seed = 1; seed <= runs; seed++) {
      const random = randomFrom(seed);
      const which = seed % files.length;
      const file = files[which]!;
      const threading = random() < 0.7 ? ('shared' as const) : ('inline' as const);
      const workers = 1 + Math.floor(random() * 4);
      const memory = random() < 0.6 ? { memory: { maximumMiB: 1.5 + 4 * random() } } : {};
      await using engine = await PevmEngine.create({ workersPerBlock: 'all', workers, threading, ...memory });
      engine.on('worker-lost', () => lost++);
      engine.on('drain', () => drained++);
      const late: StateSource = {
        load: async (keys) => file.state.load(keys),
        blockHash: (number) => file.state.blockHash(number),
      };
      const state = random() < 0.5 ? file.state : late;
      const timers = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
        setTimeout(() => engine.terminateWorker(Math.floor(random() * workers)), random() * 60),
      );
      const made = await engine
        .executeBlock({ ...file, state, blockAccessList: true })
        .catch((error: unknown) => error as Error);
      timers.forEach(clearTimeout);
      if (made instanceof Error) {
        expect({ seed, name: made.name }).toEqual({ seed, name: 'MemoryLimitError' });
        continue;
      }
      expect({ seed, list: made.blockAccessList }).toEqual({ seed, list: lists[which] });
    }
    expect(lost).toBeGreaterThan(0);
    expect(drained).toBeGreaterThan(0);
  }, 300_000);
});
