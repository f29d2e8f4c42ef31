// Many calls at once on a world over real contracts, alone and in bundles, with workers that die: each comes to what it comes
// to alone, and to what the library makes of it.
import { expect, test } from 'vitest';
import { PevmEngine } from '../../src/engine/engine.ts';
import type { CallOutcome, StateSource } from '../../src/index.ts';
import { count } from '../support/effort.ts';
import { chooser } from '../support/synthetic-generator.ts';
import { hardfork, type TrafficCall, TrafficCalls } from '../support/traffic-calls.ts';

/** Lanes of one run. */
const AT_ONCE = 100;

test.each(['shared', 'inline'] as const)(
  'calls in lanes, %s, equal calls one by one',
  {
    timeout: 600_000,
  },
  async (threading) => {
    const traffic = await TrafficCalls.open(threading === 'shared' ? 2 : 3);
    const { state, chainId, header } = traffic;
    const options = { workers: 3, threading, chainId, hardfork, memory: { maximumMiB: 64 } } as const;
    const engine = await PevmEngine.create(options);
    let lost = 0;
    engine.on('worker-lost', () => lost++);
    const distant: StateSource = {
      load: (keys, given) => state.load(keys, given),
      blockHash: (number) => state.blockHash(number),
    };
    const worlds = [
      await engine.openWorld({ state, block: header }),
      await engine.openWorld({ state: distant, block: header }),
    ];
    const start = worlds.map((world) => world.snapshot());
    const choose = chooser(7);
    const calls = count('many-calls', { ci: 1_000, long: 50_000 });
    const rounds = Math.ceil(calls / AT_ONCE / (threading === 'shared' ? 1 : 5));
    const seen = { success: 0, reverted: 0, halted: 0, invalid: 0, bundled: 0 };
    for (let round = 0; round < rounds; round++) {
      const world = worlds[round % 2]!;
      const requests = Array.from({ length: AT_ONCE }, () =>
        choose(5) === 0 ? Array.from({ length: choose(5) }, () => traffic.next()) : traffic.next(),
      );
      const kill = setTimeout(() => engine.terminateWorker(choose(3)), choose(12));
      const answers = await world.callMany<TrafficCall | TrafficCall[]>(requests);
      clearTimeout(kill);
      for (const [lane, request] of requests.entries()) {
        const bundle = Array.isArray(request) ? request : [request];
        const answer = answers[lane]!;
        const outcomes: CallOutcome[] = Array.isArray(answer) ? answer : [answer];
        const place = `round ${round}, lane ${lane}`;
        expect(outcomes.length, place).toBe(bundle.length);
        expect(outcomes.map(comparable), place).toEqual(await traffic.oracle(bundle));
        for (const { status } of outcomes) seen[status]++;
        if (Array.isArray(request)) seen.bundled += bundle.length;
        else if (outcomes[0]!.status !== 'invalid') expect(outcomes[0], place).toEqual(await world.call(request));
      }
    }
    for (const [at, world] of worlds.entries()) expect(await world.stateDiffSince(start[at]!)).toEqual(new Map());
    await engine.dispose();
    expect(seen.success).toBeGreaterThan(rounds * AT_ONCE * 0.2);
    expect(seen.reverted).toBeGreaterThan(rounds * AT_ONCE * 0.05);
    expect(seen.bundled).toBeGreaterThan(rounds * AT_ONCE * 0.1);
    if (threading === 'shared') expect(lost).toBeGreaterThan(0);
  },
);

function comparable({ status, gasUsed, returnData, logs }: CallOutcome) {
  return status === 'invalid' ? status : { success: status === 'success', gasUsed, returnData, logs };
}
