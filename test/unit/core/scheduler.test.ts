// Who may run what, and when it has to run again.
import { expect, test } from 'vitest';
import { CONTROL_BASE, Control, Kind, Next, Outcome, ReadResult, Scratch, TxSlot } from '../../../assembly/layout.ts';
import { buildCore } from '../../../scripts/core.mjs';
import { crewOf } from '../../support/core-run.ts';

const PAGES = 16;

/** Three workers that have joined a block of so many transactions of the host language, and begun none. */
async function joined(transactions: number) {
  const module = await WebAssembly.compile((await buildCore('release')) as BufferSource);
  const { memory, all } = crewOf(module, 4, () => ({}), PAGES);
  const [host, first, second, third] = all.map(({ core }) => core) as [Core, Core, Core, Core];
  const view = new DataView(memory.buffer);
  host.initialize(PAGES * 65536, 8, 1024, 4, 16, 65536);
  expect(host.beginBlock(transactions)).toBeTruthy();
  view.setUint32(CONTROL_BASE + Control.STATE_COMPLETE, 1, true);
  view.setUint32(CONTROL_BASE + Control.WINDOW, 16, true);
  view.setUint32(CONTROL_BASE + Control.INCARNATION_CAP, 8, true);
  for (let index = 0; index < transactions; index++) host.setTransaction(index, 0, 0, 0);
  [first, second, third].forEach((worker, at) => {
    worker.join(at + 1);
  });
  return { view, host, first, second, third };
}

/** Two transactions, of which the first worker has one; what another worker is given. */
async function begun(late: boolean) {
  const { host, first, second } = await joined(2);
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

test('who has read what is being computed again runs again only if it comes out as something else', async () => {
  const { view, first, second, third } = await joined(3);
  const slotOf = (core: Core, slot: number) => {
    view.setUint32(core.scratch() + Scratch.SLOT, slot, true);
    return core.locateScratch(Kind.STORAGE);
  };
  const reads = (core: Core, slot: number) => {
    expect(core.read(slotOf(core, slot))).toBe(ReadResult.VALUE);
    return view.getUint32(core.scratch() + Scratch.VALUE, true);
  };
  const writes = (core: Core, slot: number, value: number) => {
    const location = slotOf(core, slot);
    new Uint8Array(view.buffer, core.scratch() + Scratch.VALUE, 32).fill(0);
    view.setUint32(core.scratch() + Scratch.VALUE, value, true);
    expect(core.write(location)).toBeTruthy();
  };
  const ends = (core: Core) => core.finish(Outcome.SUCCESS, 0n, 0, 0);
  const next = (core: Core) => core.next(false, Number.NaN);
  expect([first, second, third].map(next)).toEqual([0, 1, 2]);
  // The second reads what the first will write, and writes the same whatever it is; the third reads that.
  expect(reads(second, 1)).toBe(0);
  writes(second, 2, 5);
  ends(second);
  expect(reads(third, 2)).toBe(5);
  ends(third);
  writes(first, 1, 7);
  ends(first);
  expect(next(first)).toBe(1);
  // Nothing is to do for the others: before, the third would have been taken back by now.
  expect([second, third].map(next)).toEqual([Next.IDLE, Next.IDLE]);
  expect(reads(first, 1)).toBe(7);
  writes(first, 2, 5);
  ends(first);
  expect([first, second, third].map(next)).toEqual([Next.DONE, Next.DONE, Next.DONE]);
  const slots = view.getUint32(CONTROL_BASE + Control.SLOTS, true);
  const executions = [0, 1, 2].map((index) => view.getUint32(slots + index * TxSlot.SIZE, true) >>> 20);
  expect(executions).toEqual([1, 2, 1]);
});
