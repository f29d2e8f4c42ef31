// What the page is told of a run: plain values, since they travel.
import type { BlockAccessList, BlockResult, LocationName } from 'pevm-wasm';
import type { Conflict, RunSummary } from '../run-types.ts';
import type { Subject } from './subject.ts';

const CONFLICTS_SHOWN = 8;

/** @param list what the block met, where it was recorded */
export function summaryOf(
  result: BlockResult,
  rounds: number,
  subject: Subject,
  list: BlockAccessList | undefined,
): RunSummary {
  const { receiptsRoot, gasUsed, report, transactions, mismatches } = result;
  const { executionMs, executions, reexecutions, suspensions, bound } = report;
  return {
    receiptsRoot: receiptsRoot ?? '',
    gasUsed: Number(gasUsed),
    rounds,
    workers: report.workers,
    executionMs,
    executions,
    reexecutions,
    suspensions,
    t1Ms: bound.t1Ms,
    tInfinityMs: bound.tInfinityMs,
    boundMs: bound.boundMs,
    efficiency: bound.efficiency,
    // Of a short block some are told of only when it is over: they have a lane all the same.
    lanes: Array.from({ length: report.workers }, (_, lane) =>
      (report.perWorker[lane]?.spans ?? []).map((span) => ({ ...span })),
    ),
    conflicts: conflictsOf(result, subject, list),
    outcomes: transactions.map(({ success, gasUsed }) => ({ success, gasUsed: Number(gasUsed) })),
    mismatches: subject.sealed ? mismatches.map(({ name }) => name) : [],
  };
}

/** Places where validations failed; then those that most transactions changed, which is where they could. */
function conflictsOf({ report }: BlockResult, subject: Subject, list: BlockAccessList | undefined): Conflict[] {
  const written = writersOf(list ?? [], subject);
  const found = new Map<string, Conflict>();
  for (const { location, count } of report.conflicts) {
    const key = keyOf(location);
    found.set(key, { name: nameOf(location, subject), count, writers: written.get(key)?.writers ?? [] });
  }
  const busiest = [...written].sort(([, left], [, right]) => right.writers.length - left.writers.length);
  for (const [key, { location, writers }] of busiest.slice(0, CONFLICTS_SHOWN)) {
    if (!found.has(key)) found.set(key, { name: nameOf(location, subject), count: 0, writers });
  }
  return [...found.values()].slice(0, CONFLICTS_SHOWN);
}

interface Written {
  readonly location: LocationName;
  readonly writers: readonly number[];
}

/** Storage and balances that several transactions changed; not what the beneficiary is paid, which is never in the way. */
function writersOf(list: BlockAccessList, { request, transactions }: Subject): Map<string, Written> {
  const beneficiary = String((request.block as { miner?: unknown }).miner).toLowerCase();
  const written = new Map<string, Written>();
  const note = (location: LocationName, changes: readonly { readonly blockAccessIndex: string }[]) => {
    const writers = changes
      .map(({ blockAccessIndex }) => Number(blockAccessIndex) - 1)
      .filter((index) => index >= 0 && index < transactions.length);
    if (writers.length > 1) written.set(keyOf(location), { location, writers });
  };
  for (const { address, balanceChanges, storageChanges } of list) {
    if (address !== beneficiary) note({ kind: 'balance', address }, balanceChanges);
    for (const { slot, slotChanges } of storageChanges)
      note({ kind: 'storage', address, slot: padded(slot) }, slotChanges);
  }
  return written;
}

function keyOf({ kind, address, slot, key }: LocationName): string {
  return [kind, address, slot, key].join();
}

function nameOf(location: LocationName, subject: Subject): string {
  const { address, kind, slot, key } = location;
  if (address === undefined) return key ?? kind;
  const place = slot === undefined ? '' : `, slot ${shortened(slot)}`;
  return subject.describe(location) ?? `${kind} of ${shortened(address)}${place}`;
}

function padded(slot: `0x${string}`): `0x${string}` {
  return `0x${slot.slice(2).padStart(64, '0')}`;
}

function shortened(hex: string): string {
  return hex.length > 20 ? `${hex.slice(0, 10)}…${hex.slice(-8)}` : hex;
}
