// Engines that nobody disposes of.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createEngine, type Engine } from '../../../src/index.ts';
import { watchStarts } from '../../support/worker-starts.ts';

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

test('the workers of an engine end when nobody can reach it any more, and those of others stay', async () => {
  const alive = new Set<unknown>();
  let started = 0;
  const restore = watchStarts((worker) => {
    started++;
    alive.add(worker);
    worker.once('exit', () => alive.delete(worker));
  });
  const program = new Uint8Array(0);
  const used = async (engine: Engine) =>
    (await engine.execute([{ id: 0, payload: program }], 'synthetic')).report.workers;
  const kept = await createEngine({ workers: 1 });
  await used(kept);
  for (let i = 0; i < 6; i++) await used(await createEngine({ workers: 1 }));
  restore();
  // Some may have ended by now: the collector comes when it wants to.
  expect(started).toBeGreaterThan(6);
  await expect
    .poll(
      () => {
        collect();
        return alive.size;
      },
      { timeout: 20_000 },
    )
    .toBeLessThan(3);
  expect(await used(kept)).toBe(1);
  await kept.dispose();
  await expect.poll(() => alive.size, { timeout: 20_000 }).toBe(0);
}, 60_000);
