// Memories of a process: whose they are, and when another run may have them.

import { expect, test } from 'vitest';
import { compileCore } from '../../../src/core/instance/module.ts';
import { MemoryLease, pagesOf } from '../../../src/run/memory.ts';

test('a memory is given on when the threads of its dead are gone, and not before', async () => {
  // A need of its own: the memories of other tests do not fit.
  const need = { module: await compileCore(), pages: pagesOf(3), highestWorker: 5 };
  const lease = await MemoryLease.take(need);
  const { id } = lease.core;
  let gone = () => {};
  lease.abandonedBy(
    new Promise((resolve) => {
      gone = resolve;
    }),
  );
  const given = lease.giveBack();
  const other = await MemoryLease.take(need);
  expect(other.core.id).not.toBe(id);
  gone();
  await given;
  expect((await MemoryLease.take(need)).core.id).toBe(id);
});

test('a memory whose dead nobody can watch is never given on', async () => {
  const need = { module: await compileCore(), pages: pagesOf(3), highestWorker: 6 };
  const lease = await MemoryLease.take(need);
  lease.abandonedBy(Promise.resolve());
  lease.abandonedBy(undefined);
  await lease.giveBack();
  expect((await MemoryLease.take(need)).core.id).not.toBe(lease.core.id);
});

test('a pool of memories keeps as many as it has room for, and none where it has none', async () => {
  const need = { module: await compileCore(), pages: pagesOf(3), highestWorker: 7 };
  const kept = await MemoryLease.take({ ...need, poolMiB: 3 });
  await kept.giveBack();
  const again = await MemoryLease.take({ ...need, poolMiB: 0 });
  expect(again.core.id).toBe(kept.core.id);
  await again.giveBack();
  expect((await MemoryLease.take(need)).core.id).not.toBe(kept.core.id);
});
