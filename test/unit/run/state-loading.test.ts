// Loading of missed keys: what is asked of a source, and when.
import { expect, test } from 'vitest';
import type { StateSource } from '../../../src/index.ts';
import { loadKeys } from '../../../src/run/state-loading.ts';

test('block hashes are asked for together with the batch, not one after the other behind it', async () => {
  const asked: string[] = [];
  let answer = () => {};
  const all = new Promise<void>((resolve) => {
    answer = resolve;
  });
  // Answers nothing before it has been asked everything.
  const ask = async (what: string) => {
    asked.push(what);
    if (asked.length === 4) answer();
    await all;
  };
  const source: StateSource = {
    load: async (keys) => {
      await ask('batch');
      return keys.map(() => ({ kind: 'storage', value: `0x${'00'.repeat(32)}` }));
    },
    blockHash: async (number) => {
      await ask(`hash ${number}`);
      return `0x${'11'.repeat(32)}`;
    },
  };
  const slot = { kind: 'storage', address: `0x${'22'.repeat(20)}`, slot: `0x${'33'.repeat(32)}` } as const;
  const hashes = [1n, 2n, 3n].map((number) => ({ kind: 'blockHash', number }) as const);
  await loadKeys(source, [hashes[0]!, slot, hashes[1]!, hashes[2]!], new Set());
  expect(asked.sort()).toEqual(['batch', 'hash 1', 'hash 2', 'hash 3']);
});
