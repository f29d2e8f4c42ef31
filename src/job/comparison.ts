// How two executions of one block differ: every receipt, the roots, the whole state diff.

import type { Receipt } from '../block/receipts.ts';
import type { StateDiff } from '../block/state-diff.ts';
import type { Mismatch } from '../types.ts';

/** What every way of running a block finds out. */
export interface Execution {
  readonly receipts: readonly Receipt[];
  readonly gasUsed: bigint;
  readonly receiptsRoot: string | undefined;
  readonly logsBloom: string;
  readonly requestsHash: string | undefined;
  readonly stateDiff: StateDiff;
}

/** What differs; names begin with `prefix`, as in `audit.receipts[3].gasUsed` and `audit.state.0x….balance`. */
export function compareExecutions(expected: Execution, actual: Execution, prefix: string): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const compare = (name: string, wanted: unknown, found: unknown): void => {
    const [left, right] = [textOf(wanted), textOf(found)];
    if (left !== right) mismatches.push({ name: `${prefix}.${name}`, expected: left, actual: right });
  };
  for (const name of ['gasUsed', 'receiptsRoot', 'logsBloom', 'requestsHash'] as const) {
    compare(name, expected[name], actual[name]);
  }
  compare('receipts.length', expected.receipts.length, actual.receipts.length);
  expected.receipts.forEach((receipt, i) => {
    const found = actual.receipts[i];
    for (const name of Object.keys(receipt) as (keyof Receipt)[]) {
      compare(`receipts[${i}].${name}`, receipt[name], found?.[name]);
    }
  });
  const [before, after] = [entriesOf(expected.stateDiff), entriesOf(actual.stateDiff)];
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    compare(`state.${path}`, before.get(path) ?? 'unchanged', after.get(path) ?? 'unchanged');
  }
  return mismatches;
}

function textOf(value: unknown): string {
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
}

/** A diff as text by path, as in `0x….storage[0x…]`. */
function entriesOf(diff: StateDiff): Map<string, string> {
  const entries = new Map<string, string>();
  for (const [address, account] of diff) {
    if (account === null) {
      entries.set(address, 'deleted');
      continue;
    }
    for (const name of ['balance', 'nonce', 'code', 'destroyed'] as const) {
      if (account[name] !== undefined) entries.set(`${address}.${name}`, String(account[name]));
    }
    for (const [slot, value] of account.storage) entries.set(`${address}.storage[${slot}]`, value);
  }
  return entries;
}
