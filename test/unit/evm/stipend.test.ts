// The stipend: what comes with value pays for a log, and for no change of storage (EIP-2200).
import { beforeAll, expect, test } from 'vitest';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { at, calling, first, scenario, second } from '../../support/evm-calls.ts';
import { EvmHost } from '../../support/evm-host.ts';
import { preState } from '../../support/evm-scenario.ts';

let host: EvmHost;
beforeAll(async () => {
  host = await EvmHost.create({ memoryMiB: 64 });
});

/** Whether a call with value and `extra` gas beside the stipend of 2,300 comes to its end. */
function succeeds(code: string, extra: number, fork: Hardfork): boolean {
  const call = `${calling('CALL', at(second), 1, String(extra))} 0 MSTORE 32 0 RETURN`;
  const { block, transactions, ...rest } = scenario(
    [
      [first, call],
      [second, code],
    ],
    {},
    fork,
  );
  const { base, codes } = preState({ ...rest, block, transactions });
  const [result] = host.run(block, transactions, base, codes).results;
  expect(result!.status).toBe('success');
  return result!.returnData[31] === 1;
}

/** Zero to a slot that is zero, which costs less than the stipend on every fork. */
const write = '1 1 SUB CALLER CALLER SUB SSTORE';

test.each(['istanbul', 'berlin', 'osaka'] as const)('%s: a slot is not written with the stipend alone', (fork) => {
  const before = 3 + 3 + 3 + 2 + 2 + 3;
  // With 2,300 left it halts, with one more it does not.
  expect([before - 1, before, before + 1].map((extra) => succeeds(write, extra, fork))).toEqual([false, false, true]);
});

test('before that rule the stipend pays for a write that changes nothing', () => {
  expect(succeeds(write, 0, 'constantinople')).toBe(true);
});

test.each(['byzantium', 'osaka'] as const)('%s: the stipend alone pays for a log', (fork) => {
  expect(succeeds('1 1 LOG0', 0, fork)).toBe(true);
});
