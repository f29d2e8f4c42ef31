// Who may run what: a transaction that ran too long is the commit head's alone.
import { expect, test } from 'vitest';
import { CONTROL_BASE, Control, Next, Outcome } from '../../../assembly/layout.ts';
import { buildCore } from '../../../scripts/core.mjs';
import { crewOf } from '../../support/core-run.ts';

const PAGES = 16;

/** Two workers and two transactions of the host language, of which the first has one; what the other worker is given. */
async function begun(late: boolean) {
  const module = await WebAssembly.compile((await buildCore('release')) as BufferSource);
  const { memory, all } = crewOf(module, 3, () => ({}), PAGES);
  const [host, first, second] = all.map(({ core }) => core) as [Core, Core, Core];
  const view = new DataView(memory.buffer);
  host.initialize(PAGES * 65536, 8, 1024, 3, 16, 65536);
  expect(host.beginBlock(2)).toBeTruthy();
  view.setUint32(CONTROL_BASE + Control.STATE_COMPLETE, 1, true);
  view.setUint32(CONTROL_BASE + Control.WINDOW, 16, true);
  view.setUint32(CONTROL_BASE + Control.INCARNATION_CAP, 8, true);
  for (const index of [0, 1]) host.setTransaction(index, 0, 0, 0);
  first.join(1);
  second.join(2);
  expect(first.next(false, Number.NaN)).toBe(0);
  // A worker of a higher id is gone; the second transaction is what it was busy with.
  host.declareDead(3, late ? 2 : 0);
  return { first, given: second.next(false, Number.NaN) };
}

type Core = ReturnType<typeof crewOf>['all'][number]['core'];

test('a task that ran too long runs at the commit head only, where its state cannot change any more', async () => {
  expect((await begun(false)).given).toBe(1);
  const { first, given } = await begun(true);
  expect(given).toBe(Next.IDLE);
  first.finish(Outcome.SUCCESS, 0n, 0, 0);
  expect(first.next(false, Number.NaN)).toBe(1);
});
