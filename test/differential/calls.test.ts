// Calls on a world over real contracts, whole and garbled, against the library's transaction processing.
import { expect, test } from 'vitest';
import { createEngine } from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { hardfork, TrafficCalls } from '../support/traffic-calls.ts';

test('calls use the gas, and give the output and logs, that they do in the library', { timeout: 600_000 }, async () => {
  const traffic = await TrafficCalls.open(1);
  const { state, chainId, header } = traffic;
  const engine = await createEngine({ workers: 1, chainId, hardfork, memory: { maximumMiB: 64 } });
  const world = await engine.openWorld({ state, block: header });
  const calls = count('calls', { ci: 2_000, long: 100_000 });
  const seen = { success: 0, reverted: 0, halted: 0, logs: 0 };
  for (let at = 0; at < calls; at++) {
    const call = traffic.next();
    const got = await world.call(call);
    const [wanted] = await traffic.oracle([call]);
    const { status, gasUsed, returnData, logs } = got;
    const success = status === 'success';
    expect({ at, success, gasUsed, returnData, logs }).toEqual({ at, ...(wanted as object) });
    seen[status]++;
    if (logs.length > 0) seen.logs++;
  }
  await engine.dispose();
  expect(seen.success).toBeGreaterThan(calls * 0.2);
  expect(seen.reverted).toBeGreaterThan(calls * 0.05);
  expect(seen.logs).toBeGreaterThan(calls * 0.1);
});
