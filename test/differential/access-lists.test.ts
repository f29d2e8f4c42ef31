// Access lists (EIP-7928) of real blocks of older forks: the same at every worker count, their last values those that a node
// found after the block, and all that they name among what the node had met.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { checkBlockAccessList } from '../../src/block/block-access-list.ts';
import { numbersOf } from '../../src/chain/opcodes.ts';
import type { FrameBegan, FrameEnded } from '../../src/core/evm/trace-events.ts';
import {
  type BlockAccessList,
  type BlockFile,
  createEngine,
  type Hex,
  readBlockFile,
  type TracingEngine,
} from '../../src/index.ts';
import { long } from '../support/effort.ts';
import { sharedFolder, withoutShared } from '../support/shared.ts';

const folder = join(sharedFolder ?? '.', 'mainnet');
const names = withoutShared('mainnet') ? [] : readdirSync(folder).filter((name) => /^\d+\.json\.gz$/.test(name));
const blocks = names.filter((_, at) => long || at % 3 === 0);

const { SLOAD, SSTORE } = numbersOf('SLOAD', 'SSTORE');
const engines: TracingEngine[] = [];
afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

async function engineWith(workers: number): Promise<TracingEngine> {
  const engine = await createEngine({ workersPerBlock: 'all', workers, threading: 'shared' });
  engines.push(engine);
  return engine;
}

/** The last value that a list names of each place. */
function lastValues(list: BlockAccessList): Map<string, bigint> {
  const values = new Map<string, bigint>();
  for (const { address, storageChanges, balanceChanges, nonceChanges } of list) {
    const balance = balanceChanges.at(-1)?.postBalance;
    const nonce = nonceChanges.at(-1)?.postNonce;
    if (balance !== undefined) values.set(`${address} balance`, BigInt(balance));
    if (nonce !== undefined) values.set(`${address} nonce`, BigInt(nonce));
    for (const { slot, slotChanges } of storageChanges) {
      values.set(`${address} ${BigInt(slot)}`, BigInt(slotChanges.at(-1)!.postValue));
    }
  }
  return values;
}

describe.skipIf(withoutShared('mainnet'))('the access list', () => {
  test.each(blocks)('of %s', async (name) => {
    const file = await readBlockFile(readFileSync(join(folder, name)), name);
    const lists: BlockAccessList[] = [];
    for (const [at, workers] of [1, 2, 4].entries()) {
      const engine = engines[at] ?? (await engineWith(workers));
      const request = { ...file, blockAccessList: true };
      const { blockAccessList, transactions } = await engine.executeBlock(request);
      expect(transactions.length).toBe(file.block.transactions.length);
      lists.push(blockAccessList!);
      if (at > 0) continue;
      const bare = await engine.executeBlock(file);
      expect([bare.blockAccessList, bare.blockAccessListHash]).toEqual([undefined, undefined]);
    }
    const [list, ...others] = lists as [BlockAccessList, ...BlockAccessList[]];
    for (const other of others) expect(other).toEqual(list);
    const bounds = { transactionCount: file.block.transactions.length, gasLimit: 1n << 40n };
    expect(() => checkBlockAccessList(list, 'list', bounds)).not.toThrow();

    // What withdrawals and rewards add is not in what the node says of the transactions.
    const last = BigInt(file.block.transactions.length) + 1n;
    const credited = new Set(
      list
        .filter(({ balanceChanges }) => BigInt(balanceChanges.at(-1)?.blockAccessIndex ?? 0) === last)
        .map(({ address }) => address),
    );
    const values = lastValues(list);
    const before = new Map(preOf(name));
    let compared = 0;
    for (const [address, account] of file.expected!.post) {
      if (account === null || credited.has(address)) continue;
      const { balance, nonce, storage = {} } = before.get(address) ?? {};
      const check = (place: string, value: bigint | undefined, held: string | number | undefined) => {
        if (value === undefined) return;
        // What the list does not name is as it was.
        const found = values.get(`${address} ${place}`) ?? BigInt(held ?? 0);
        expect({ address, place, value: found }).toEqual({ address, place, value });
        compared++;
      };
      check('balance', account.balance, balance);
      check('nonce', account.nonce, nonce);
      for (const [slot, value] of account.storage) check(String(BigInt(slot)), BigInt(value), storage[slot]);
    }
    expect(compared).toBeGreaterThan(0);

    // The state that a file brings is what the node met.
    const met = new Map(list.map((account) => [account.address, account]));
    const unmet: string[] = [];
    for (const [address, { storage = {} }] of preOf(name)) {
      const account = met.get(address);
      if (account === undefined) unmet.push(address);
      const known = [...(account?.storageReads ?? []), ...(account?.storageChanges ?? []).map(({ slot }) => slot)];
      const slots = new Set(known.map(BigInt));
      for (const slot of Object.keys(storage)) if (!slots.has(BigInt(slot))) unmet.push(`${address} ${slot}`);
    }
    // Files also hold what access lists of transactions name, and what instructions named that were not paid.
    const named = namedIn(file);
    const unpaid = unmet.length === 0 ? new Set() : await unpaidIn(engines[0]!, file);
    expect(unmet.filter((place) => !named.has(place) && !unpaid.has(place))).toEqual([]);
  });
});

/** Slots, and accounts, that transactions say they will touch (EIP-2930). */
function namedIn({ block }: BlockFile): Set<string> {
  const lines = block.transactions.flatMap(({ accessList = [] }) => accessList);
  return new Set(
    lines.flatMap(({ address, storageKeys }) => [
      address,
      ...storageKeys.map((key) => `${address} 0x${BigInt(key).toString(16)}`),
    ]),
  );
}

/** What the instructions named at which frames ran out of gas: slots, and accounts. */
async function unpaidIn(engine: TracingEngine, file: BlockFile): Promise<Set<string>> {
  const places = new Set<string>();
  const addressOf = (word: bigint): Hex => `0x${BigInt.asUintN(160, word).toString(16).padStart(40, '0')}`;
  const tracer = () => {
    const running: Hex[] = [];
    return {
      frameBegan: ({ address }: FrameBegan) => void running.push(address),
      frameEnded: ({ haltedAt }: FrameEnded) => {
        const address = running.pop();
        if (haltedAt === undefined) return;
        const { opcode, top } = haltedAt;
        if (opcode === SLOAD || opcode === SSTORE) places.add(`${address} 0x${top(0).toString(16)}`);
        else for (const word of [top(0), top(1)]) places.add(addressOf(word));
      },
      result: () => null,
    };
  };
  const { expected: _, ...request } = file;
  await engine.traceBlock({ ...request, tracer });
  return places;
}

interface JsonAccount {
  balance?: string;
  nonce?: number;
  storage?: Record<string, string>;
}

/** Accounts of the file as it is written, in lower case. */
function preOf(name: string): [Hex, JsonAccount][] {
  const { pre } = JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString('utf8'));
  return Object.entries<JsonAccount>(pre).map(([address, account]) => [address.toLowerCase() as Hex, account]);
}
