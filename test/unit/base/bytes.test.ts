// Bytes of another realm: in Jest's jsdom Node's Buffers are none of the Uint8Arrays that the library knows.
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from 'vitest';
import { isBytes } from '../../../src/base/hex.ts';
import { createEngine, type Engine, type Executor, memoryState } from '../../../src/index.ts';

const Foreign = runInNewContext('Uint8Array') as typeof Uint8Array;
const ADDRESS = Foreign.from({ length: 20 }, () => 7);

test('are bytes, and nothing else is', () => {
  for (const bytes of [new Uint8Array(2), Buffer.from('ab'), new Foreign(2)]) expect(isBytes(bytes)).toBe(true);
  const others = [new Uint16Array(2), new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), [1, 2], 'ab', null, {}];
  for (const value of others) expect(isBytes(value)).toBe(false);
});

describe('of another realm', () => {
  let made: Promise<Engine> | undefined;
  const engine = () => {
    made ??= createEngine({ workers: 1 });
    return made;
  };
  afterAll(async () => (await made)?.dispose());

  test('are what executors on the calling thread give and return', async () => {
    const executor: Executor = {
      async execute(_, view) {
        await view.write('key', Foreign.of(1, 2));
        await view.setBalance(ADDRESS, 5n);
        return { status: 'success', gasUsed: 1n, output: Foreign.of(3) };
      },
    };
    const { results, state } = await (await engine()).execute([{ id: 0 }], executor);
    expect(results[0]).toMatchObject({ status: 'success' });
    expect([...results[0]!.output]).toEqual([3]);
    expect([...state.read('key')!]).toEqual([1, 2]);
  });

  test('are payloads, and the state before the first task, by a Map of theirs too', async () => {
    const data = new (runInNewContext('Map') as typeof Map)([['key', Foreign.of(9)]]);
    const executor: Executor = {
      execute: async (_, view) => ({ status: 'success', gasUsed: 0n, output: (await view.read('key'))! }),
    };
    const tasks = [{ id: 0, payload: new Foreign(0) }];
    const { results } = await (await engine()).execute(tasks, executor, { data });
    expect([...results[0]!.output]).toEqual([9]);
    expect((await (await engine()).execute(tasks, 'synthetic')).results[0]!.status).toBe('success');
  });

  test('are what states made by hand hold', { timeout: 60_000 }, async () => {
    const { accounts, ...rest } = memoryState({ [`0x${'07'.repeat(20)}`]: { balance: 5n, storage: { 1: 2 } } });
    const [[key, account]] = [...accounts] as [
      [string, typeof accounts extends ReadonlyMap<string, infer A> ? A : never],
    ];
    const foreign = { ...account, address: ADDRESS, codeHash: Foreign.from(account.codeHash) };
    const state = { ...rest, accounts, description: { accounts: new Map([[key, foreign]]) } };
    const world = await (await engine()).openWorld({ state, chain: 1 });
    expect(await world.getBalance(`0x${'07'.repeat(20)}`)).toBe(5n);
  });
});
