// Simulated workers (npm run simulate): what they come to, and that their time is that of a schedule that there can be.
import { beforeAll, expect, test } from 'vitest';
import { buildCore } from '../../../scripts/core.mjs';
import { compileCore } from '../../../src/core/instance/module.ts';
import { trafficBlock } from '../../bench/blocks.ts';
import { POLICIES } from '../../bench/scaling/policies.ts';
import { type RecordedBlock, recordBlock } from '../../bench/scaling/recorded-block.ts';
import { policyTable, type ScalingFigures, simulateScaling } from '../../bench/scaling/scaling.ts';
import { NO_COSTS, VirtualWorkers } from '../../bench/scaling/virtual-workers.ts';

const workers = [1, 2, 7, 16, 64];
const alike = { workers, costs: NO_COSTS, onProgress() {} };

let block: RecordedBlock;
let virtual: VirtualWorkers;

/** Times that do not depend on the machine: a microsecond for each read, and one more. */
function withPlainTimes(recorded: RecordedBlock): RecordedBlock {
  return { ...recorded, durationsMs: Float64Array.from(recorded.tasks, ({ reads }) => (reads.length + 1) / 1000) };
}

beforeAll(async () => {
  block = withPlainTimes(await recordBlock(await compileCore(), await trafficBlock(0.5, 120), 1));
  virtual = await VirtualWorkers.open(
    new WebAssembly.Module((await buildCore('simulation')) as Uint8Array<ArrayBuffer>),
  );
}, 120_000);

const t1Of = ({ durationsMs }: RecordedBlock) => durationsMs.reduce((sum, duration) => sum + duration, 0);

test('one worker takes T1, and p take at least T1 / p, and T∞, by any policy; receipts are those of the block', async () => {
  // The engine refuses a run whose receipts are others, so that every figure is one of a right run.
  const figures = await simulateScaling(virtual, [block], { ...alike, policies: POLICIES });
  expect(figures).toHaveLength(POLICIES.length * workers.length);
  const t1 = t1Of(block);
  for (const { policy, workers, executionMs, boundMs, reexecutions, ...spent } of figures) {
    const name = `${policy}, ${workers} workers`;
    if (workers === 1) expect(executionMs, name).toBeCloseTo(t1, 9);
    if (workers === 1) expect(reexecutions, name).toBe(0);
    expect(boundMs, name).toBeGreaterThanOrEqual(t1 / workers - 1e-9);
    expect(executionMs, name).toBeGreaterThanOrEqual(t1 / workers - 1e-9);
    expect(executionMs, name).toBeGreaterThanOrEqual(Math.max(...block.durationsMs) - 1e-9);
    // A hint may have a reader begin before its writer ends, and read behind it: T∞ takes reads to be at the beginning.
    if (policy === 'default') expect(executionMs, name).toBeGreaterThanOrEqual(boundMs - 1e-9);
    // All time of those who take part is somewhere.
    expect(spent.crew, name).toBeLessThanOrEqual(workers);
    expect(t1 + spent.repeatedMs + spent.taskMs + spent.idleMs, name).toBeCloseTo(spent.crew * executionMs, 9);
    expect(Math.min(spent.repeatedMs, spent.idleMs), name).toBeGreaterThanOrEqual(-1e-9);
  }
}, 120_000);

test('the same times give the same figures, down to the last digit', async () => {
  const again = () => simulateScaling(virtual, [block], { ...alike, policies: POLICIES.slice(0, 1) });
  const first = await again();
  const other = await VirtualWorkers.open(
    new WebAssembly.Module((await buildCore('simulation')) as Uint8Array<ArrayBuffer>),
  );
  expect(await again()).toEqual(first);
  expect(await simulateScaling(other, [block], { ...alike, policies: POLICIES.slice(0, 1) })).toEqual(first);
}, 120_000);

test('who waits for nobody scales as the workers do, and a chain does not', async () => {
  // By the engine's estimate so short a block is for few.
  const chosen = [{ name: 'all', text: 'all take part', options: { workersPerBlock: 'all' } }] as const;
  const of = async (rate: number) =>
    simulateScaling(
      virtual,
      [withPlainTimes(await recordBlock(await compileCore(), await trafficBlock(rate, 80), 1))],
      {
        ...alike,
        policies: chosen,
      },
    );
  const speedup = (figures: readonly ScalingFigures[], count: number) => {
    const [one, many] = [1, count].map((workers) => figures.find((figure) => figure.workers === workers)!);
    return one!.executionMs / many!.executionMs;
  };
  const [free, bound] = [await of(0), await of(1)];
  expect(speedup(free, 2)).toBeGreaterThan(1.9);
  expect(speedup(free, 16)).toBeGreaterThan(8);
  expect(speedup(bound, 16)).toBeLessThan(speedup(free, 16) / 2);
}, 120_000);

test('what the machinery takes is paid: per attempt, by whoever made it', async () => {
  const costs = { task: 3, wake: 0 };
  const policies = POLICIES.filter(({ name }) => name === 'default');
  const [alone] = await simulateScaling(virtual, [block], { ...alike, policies, workers: [1], costs });
  // The last is committed in the pick behind its own cost.
  expect(alone!.executionMs).toBeCloseTo(t1Of(block) + (block.tasks.length * costs.task) / 1000, 9);
  expect(alone!.attempts).toBe(block.tasks.length);
});

test('the table has a row per policy and a column per number of workers', async () => {
  const figures = await simulateScaling(virtual, [block], { ...alike, policies: POLICIES });
  const [head, , ...rows] = policyTable(figures).split('\n');
  expect(head).toMatch(/2 workers .* 64 workers/);
  expect(rows.map((row) => row.split('|')[1]!.trim())).toEqual(POLICIES.map(({ name }) => name));
}, 120_000);
