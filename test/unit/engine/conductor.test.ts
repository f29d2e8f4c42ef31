// How runs go on when memory ends, at moments that real memories seldom choose.
import { afterEach, expect, test, vi } from 'vitest';
import { BlockHost } from '../../../src/core/block-host.ts';
import { createEngine, type StateSource } from '../../../src/index.ts';
import { Operation, type SyntheticBlock } from '../../support/synthetic.ts';
import { stateOf, tasksOf } from '../../support/synthetic-run.ts';

afterEach(() => vi.restoreAllMocks());

test('an account that was credited keeps its balance where memory ends with its being loaded', async () => {
  await using engine = await createEngine({ workers: 2 });
  const block: SyntheticBlock = {
    balances: { 1: 100 },
    storage: [],
    programs: [[[Operation.CREDIT, 1, 7]], [[Operation.READ_BALANCE, 1]], [[Operation.DEBIT, 1, 50]]],
  };
  const base = stateOf(block);
  // In batches only, so that nobody knows the balance when the credit is made.
  const state: StateSource = {
    load: (keys, options) => base.load(keys, options),
    blockHash: (number) => base.blockHash(number),
  };
  const load = BlockHost.prototype.load;
  let calls = 0;
  vi.spyOn(BlockHost.prototype, 'load').mockImplementation(function (this: BlockHost, image) {
    // The first is the state before the block, the second what was found missing in it.
    return ++calls === 2 ? false : load.call(this, image);
  });
  const drains: number[] = [];
  engine.on('drain', ({ from }) => drains.push(from));
  const { results, state: after } = await engine.execute(tasksOf(block), 'synthetic', { state });
  expect(drains).toEqual([1]);
  expect(results.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
  expect(after.stateDiff.get(`0x${'1'.padStart(40, '0')}`)).toMatchObject({ balance: 57n });
});
