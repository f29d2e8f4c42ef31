// Measuring: what counts, and what is found to differ between the two ways of running a block.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { measure, workOf } from '../../../src/cli/measurement.ts';
import type { BlockRequest, BlockRun, Engine } from '../../../src/types.ts';
import { measurement, subject } from './measurements.ts';

const silent = { begin() {}, advance() {}, reach() {}, end() {} };

let clock = 0;
beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => clock));
afterEach(() => vi.restoreAllMocks());

/** An engine whose runs take the given times, in milliseconds. */
function engineOf(durations: number[], requests: BlockRequest[] = []): Engine {
  const { result } = measurement();
  const executeBlock = (request: BlockRequest) => {
    requests.push(request);
    const ms = durations.shift() ?? 0;
    const run = Promise.resolve({ ...result, gasUsed: BigInt(ms) }).then((outcome) => {
      clock += ms;
      return outcome;
    });
    return Object.assign(run, { progress: { committed: 0, total: 0 } }) as unknown as BlockRun;
  };
  return { executeBlock, capabilities: { threading: 'shared', workers: 2 } } as unknown as Engine;
}

test('the run of median duration counts, and warm-up rounds do not', async () => {
  const rounds = { warmUp: 1, repeat: 3, sequential: false };
  const { result, durationMs, sequential } = await measure(engineOf([0, 0, 120, 10, 50]), subject(), rounds, silent);
  expect(result.gasUsed).toBe(50n);
  expect(durationMs).toBe(50);
  expect(sequential).toBeUndefined();
});

test('every run is asked to verify the block against header and expectations', async () => {
  const requests: BlockRequest[] = [];
  await measure(engineOf([], requests), subject(), { warmUp: 1, repeat: 2, sequential: false }, silent);
  // two warm-up runs for two workers, so that each sees as much as a sequential run would
  expect(requests.map(({ verify }) => verify)).toEqual([true, true, true, true]);
});

test('the work of all rounds and both ways is counted', () => {
  expect(workOf(10, { warmUp: 1, repeat: 3, sequential: true }, 1)).toBe(80);
  expect(workOf(10, { warmUp: 1, repeat: 3, sequential: true }, 4)).toBe(110);
  expect(workOf(10, { warmUp: 0, repeat: 1, sequential: false }, 4)).toBe(10);
});
