// What random programs have found, at its smallest.
import { expect, test } from 'vitest';
import { CONTROL_BASE, Control, Next } from '../../assembly/layout.ts';
import { EvmHost } from '../support/evm-host.ts';
import { program } from '../support/evm-program.ts';
import { addressOf, preState, scenarioOf } from '../support/evm-scenario.ts';

test('a slot that is only guessed has no original value, whatever lay in memory before', async () => {
  const host = await EvmHost.create({ memoryMiB: 16, transactions: 8, locations: 1024 });
  const start = new DataView(host.memory.buffer).getUint32(CONTROL_BASE + Control.ARENA_START, true);
  const arena = new Uint32Array(host.memory.buffer, start, 1 << 20);
  const code = program('5 1 SSTORE');
  const scenario = scenarioOf({ contracts: new Map([[0xc0den, code]]), transactions: [{ to: addressOf(0xc0den) }] });
  const state = preState(scenario);
  for (const phase of [0, 1, 2, 3]) {
    // The arena is not cleared between blocks: addresses beyond every memory, and no reset beside them.
    for (let word = 0; word < arena.length; word++) arena[word] = word % 4 === phase ? 0 : 0xf0f0f0f0;
    host.loadBlock({ ...scenario.block, emptyAccounts: false }, scenario.transactions, state.base, state.codes);
    host.setComplete(false);
    expect(host.runBlock()).toBe(Next.HALTED);
    expect(host.missing().length).toBeGreaterThan(0);
  }
});
