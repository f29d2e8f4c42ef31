// Measuring: what counts, and what is found to differ between the two ways of running a block.
import { expect, test } from 'vitest';
import { compare, measure, workOf } from '../../../src/cli/measurement.ts';
import type { BlockRequest, BlockRun, Engine } from '../../../src/types.ts';
import { measurement, subject } from './measurements.ts';

const silent = { begin() {}, advance() {}, reach() {}, end() {} };
const outcome = { gasUsed: 1n, logsBloom: '0x00', receiptsRoot: '0x01', requestsHash: undefined } as const;

/** An engine whose runs take the given times, in milliseconds. */
function engineOf(durations: number[], requests: BlockRequest[] = []): Engine {
  const { result } = measurement();
  const executeBlock = (request: BlockRequest) => {
    requests.push(request);
    const ms = durations.shift() ?? 0;
    const run = new Promise((resolve) => setTimeout(() => resolve({ ...result, gasUsed: BigInt(ms) }), ms));
    return Object.assign(run, { progress: { committed: 0, total: 0 } }) as unknown as BlockRun;
  };
  return { executeBlock, capabilities: { threading: 'shared', workers: 2 } } as unknown as Engine;
}

test('the run of median duration counts, and warm-up rounds do not', async () => {
  const rounds = { warmUp: 1, repeat: 3, sequential: false };
  const { result, durationMs, sequential } = await measure(engineOf([0, 0, 120, 10, 50]), subject(), rounds, silent);
  expect(result.gasUsed).toBe(50n);
  expect(durationMs).toBeGreaterThanOrEqual(49);
  expect(durationMs).toBeLessThan(110);
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

test('equal results differ in nothing', () => {
  const address = `0x${'11'.repeat(20)}` as const;
  const diff = () => new Map([[address, { balance: 5n, storage: new Map([[`0x01`, `0x02`] as const]) }]]);
  expect(compare({ ...outcome, stateDiff: diff() }, { ...outcome, stateDiff: diff() })).toEqual([]);
});

test('different results are told by name', () => {
  const [one, two] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`] as const;
  const before = new Map([
    [one, { balance: 5n, storage: new Map([['0x01', '0x02'] as const]) }],
    [two, null],
  ]);
  const after = new Map([[one, { balance: 6n, storage: new Map([['0x03', '0x04'] as const]) }]]);
  const sequential = { ...outcome, stateDiff: before };
  expect(compare(sequential, { ...outcome, gasUsed: 2n, stateDiff: after })).toEqual([
    { name: 'sequential.gasUsed', expected: '1', actual: '2' },
    { name: `sequential.state.${one}.balance`, expected: '5', actual: '6' },
    { name: `sequential.state.${one}.storage[0x01]`, expected: '0x02', actual: 'unchanged' },
    { name: `sequential.state.${two}`, expected: 'deleted', actual: 'unchanged' },
    { name: `sequential.state.${one}.storage[0x03]`, expected: 'unchanged', actual: '0x04' },
  ]);
});
