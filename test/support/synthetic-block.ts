// Puts synthetic blocks into the core's memory and compares what the core made of them with the oracle.
import {
  BaseEntry,
  CONTROL_BASE,
  Control,
  FOLD_INCARNATION,
  Incarnation,
  Kind,
  Location,
  PolicyFlag,
  ReadResult,
  Scratch,
  TxFlag,
  TxSlot,
  TxState,
  Version,
  VersionFlag,
  Worker,
} from '../../assembly/layout.ts';
import type { SyntheticBlock, SyntheticResult } from './synthetic.ts';
import { partsOfKey, stateKey } from './synthetic.ts';

/** The part of the core's ABI that a host needs; numbers and booleans as JavaScript sees them. */
export interface HostExports {
  allocate(size: number): number;
  setTransaction(index: number, flags: number, input: number, inputLength: number): void;
  loadBase(batch: number, count: number): number;
  announce(transaction: number, batch: number, count: number): number | boolean;
  addDependency(lower: number, higher: number): number | boolean;
  resolveAt(location: number, transaction: number): number;
  workerAt(id: number): number;
}

/**
 * Loads state, programs and hints after `beginBlock`. `executor` is NATIVE for the one inside the core, 0 for one outside.
 * False when memory is exhausted.
 */
export function loadBlock(
  host: HostExports,
  view: DataView,
  block: SyntheticBlock,
  executor: number = TxFlag.NATIVE,
): boolean {
  const balances = Object.entries(block.balances ?? {});
  const storage = block.storage ?? [];
  for (const [account, balance] of balances) {
    if (!loadValue(host, view, Kind.BALANCE, Number(account), 0, balance)) return false;
  }
  for (const [account, slot, value] of storage)
    if (!loadValue(host, view, Kind.STORAGE, account, slot, value)) return false;
  for (const [index, program] of block.programs.entries()) {
    const pointer = host.allocate(Math.max(program.length, 1) * 16) >>> 0;
    if (pointer === 0) return false;
    program.forEach((instruction, at) => {
      for (let word = 0; word < 4; word++) view.setUint32(pointer + at * 16 + word * 4, instruction[word] ?? 0, true);
    });
    const flags = executor | (block.headOnly?.includes(index) ? TxFlag.HEAD_ONLY : 0);
    host.setTransaction(index, flags, pointer, program.length * 16);
  }
  for (const [at, transaction] of (block.early ?? []).entries()) {
    const slot = view.getUint32(CONTROL_BASE + Control.SLOTS, true) + at * TxSlot.SIZE;
    view.setUint32(slot + TxSlot.EARLY, transaction + 1, true);
  }
  if (!announceAll(host, view, block)) return false;
  return (block.dependencies ?? []).every(([lower, higher]) => host.addDependency(lower, higher));
}

/** How a block's work is shared out and looked at again, in the core's words. */
export interface CorePolicy {
  /** PolicyFlag */
  flags: number;
  /** Control.VALIDATION_BATCH */
  batch?: number;
  /** Over which the transactions are strewn. */
  partitions?: number;
}

export const POLICIES: readonly CorePolicy[] = [
  { flags: PolicyFlag.ORDERED },
  { flags: PolicyFlag.ORDERED | PolicyFlag.EXACT, batch: 3 },
  { flags: PolicyFlag.PARTITIONED, partitions: 2 },
  { flags: PolicyFlag.PARTITIONED | PolicyFlag.UNBALANCED, partitions: 3 },
  { flags: PolicyFlag.UNBALANCED, batch: 0xffffffff },
  { flags: PolicyFlag.EXACT },
  { flags: 0, batch: 2 },
];

/** After {@link loadBlock}. */
export function setPolicy(view: DataView, { flags, batch = 0, partitions = 0 }: CorePolicy, count: number): void {
  const set = (at: number, value: number) => view.setUint32(at, value, true);
  set(CONTROL_BASE + Control.POLICY, flags | (partitions << PolicyFlag.PARTITIONS));
  set(CONTROL_BASE + Control.VALIDATION_BATCH, batch);
  for (let index = 0; partitions > 0 && index < count; index++) {
    const at = view.getUint32(CONTROL_BASE + Control.SLOTS, true) + index * TxSlot.SIZE + TxSlot.FLAGS;
    set(at, view.getUint32(at, true) | ((1 + ((index * 5) % partitions)) << TxFlag.PARTITION));
  }
}

/** Announces what the block says of its transactions, all of one at once. False when memory is exhausted. */
function announceAll(host: HostExports, view: DataView, { announced = [], programs }: SyntheticBlock): boolean {
  return programs.every((_, index) => {
    const writes = announced.filter(([transaction]) => transaction === index);
    if (writes.length === 0) return true;
    const batch = host.allocate(writes.length * BaseEntry.SIZE) >>> 0;
    if (batch === 0) return false;
    for (const [at, [, account, slot, value]] of writes.entries()) {
      writeEntry(view, batch + at * BaseEntry.SIZE, Kind.STORAGE, account, slot, value);
    }
    return host.announce(index, batch, writes.length);
  });
}

/** Loads one value of the state before the block. False when memory is exhausted. */
export function loadValue(
  host: HostExports,
  view: DataView,
  kind: number,
  account: number,
  slot: number,
  value: number | bigint,
): boolean {
  const entry = host.allocate(BaseEntry.SIZE) >>> 0;
  if (entry === 0) return false;
  writeEntry(view, entry, kind, account, slot, value);
  return host.loadBase(entry, 1) === 1;
}

function writeEntry(
  view: DataView,
  entry: number,
  kind: number,
  account: number,
  slot: number,
  value: number | bigint,
): void {
  for (let at = 0; at < BaseEntry.SIZE; at += 4) view.setUint32(entry + at, 0, true);
  view.setUint32(entry + BaseEntry.KIND, kind, true);
  view.setUint32(entry + BaseEntry.ADDRESS + 16, account);
  view.setUint32(entry + BaseEntry.SLOT + 28, slot);
  view.setBigUint64(entry + BaseEntry.VALUE, BigInt(value), true);
}

/**
 * Compares outcomes, outputs and state of the committed prefix with the oracle's, location by location. Undefined: all
 * equal; otherwise the first difference.
 */
export function differenceFrom(expected: SyntheticResult, host: HostExports, view: DataView): string | undefined {
  const control = (field: number) => view.getUint32(CONTROL_BASE + field, true);
  const count = expected.outputs.length;
  if (control(Control.COMMIT_INDEX) !== count) return `${control(Control.COMMIT_INDEX)} of ${count} are committed`;
  const slots = control(Control.SLOTS);
  for (let index = 0; index < count; index++) {
    const slot = slots + index * TxSlot.SIZE;
    const state = view.getUint32(slot + TxSlot.STATUS, true) & 0xf;
    if (state !== TxState.COMMITTED) return `transaction ${index} is in state ${state}`;
    const record = view.getUint32(slot + TxSlot.STATUS + 4, true);
    const outcome = view.getUint32(record + Incarnation.OUTCOME, true);
    if (outcome !== expected.outcomes[index]) {
      return `transaction ${index} ended with ${outcome} instead of ${expected.outcomes[index]}`;
    }
    if (outputOf(view, index) !== expected.outputs[index]) return `transaction ${index} has another output`;
  }
  return stateDifference(expected, host, view, count) ?? strangeVersion(view, count);
}

/**
 * What must hold of the version lists when `count` transactions are committed: newest first, and of these transactions
 * exactly the versions of the committed incarnations count. Undefined: it holds.
 */
function strangeVersion(view: DataView, count: number): string | undefined {
  const control = (field: number) => view.getUint32(CONTROL_BASE + field, true);
  const locations = Math.min(control(Control.LOCATION_COUNT), control(Control.LOCATION_CAPACITY));
  for (let index = 1; index < locations; index++) {
    let above = 0xffffffff;
    const head = control(Control.LOCATIONS) + index * Location.SIZE + Location.VERSIONS;
    let node = view.getUint32(head + 4, true) === control(Control.BLOCK) ? view.getUint32(head, true) : 0;
    for (; node !== 0; node = view.getUint32(node + Version.NEXT, true)) {
      const meta = view.getUint32(node + Version.META, true);
      const transaction = meta >>> 12;
      const incarnation = (meta >>> 4) & 0xff;
      const name = `location ${index}: version ${transaction}.${incarnation}`;
      const fold = incarnation === FOLD_INCARNATION;
      const announced = (meta & VersionFlag.ANNOUNCED) !== 0;
      if (meta >>> 4 > above >>> 4 || (meta >>> 4 === above >>> 4 && !fold && !announced)) {
        return `${name} is out of order`;
      }
      above = meta;
      if (transaction >= count || fold) continue;
      const record = view.getUint32(control(Control.SLOTS) + transaction * TxSlot.SIZE + TxSlot.STATUS + 4, true);
      const final = !announced && incarnation === view.getUint32(record + Incarnation.NUMBER, true);
      const life = meta & VersionFlag.LIFE_MASK;
      if (life !== (final ? VersionFlag.LIVE : VersionFlag.DEAD)) return `${name} has life ${life}`;
    }
  }
  return undefined;
}

/** The accumulator that a committed transaction ended with. */
export function outputOf(view: DataView, index: number): bigint {
  const slots = view.getUint32(CONTROL_BASE + Control.SLOTS, true);
  const record = view.getUint32(slots + index * TxSlot.SIZE + TxSlot.STATUS + 4, true);
  return view.getBigUint64(view.getUint32(record + Incarnation.OUTPUT, true), true);
}

function stateDifference(
  expected: SyntheticResult,
  host: HostExports,
  view: DataView,
  count: number,
): string | undefined {
  const control = (field: number) => view.getUint32(CONTROL_BASE + field, true);
  const capacity = control(Control.LOCATION_CAPACITY);
  const locations = Math.min(control(Control.LOCATION_COUNT), capacity);
  const table = control(Control.TABLE);
  const value = host.workerAt(0) + Worker.SCRATCH + Scratch.VALUE;
  const seen = new Set<number>();
  let met = 0;
  for (let word = 0; word <= control(Control.TABLE_MASK); word++) {
    const index = view.getUint32(table + word * 4, true) & 0xffffff;
    if (index === 0) continue;
    if (index >= locations) return `the table names location ${index} of ${locations}`;
    const location = control(Control.LOCATIONS) + index * Location.SIZE;
    const kind = view.getUint8(location + Location.KIND);
    if (kind === Kind.RESET) continue;
    const key = stateKey(
      kind,
      view.getUint32(location + Location.ADDRESS + 16),
      view.getUint32(location + Location.SLOT + 28),
    );
    if (seen.has(key)) return `${describe(key)} has two locations`;
    seen.add(key);
    if (host.resolveAt(index, count) !== ReadResult.VALUE) return `${describe(key)} has no value at the end`;
    const found = view.getBigUint64(value, true);
    const wanted = expected.state.get(key) ?? 0n;
    if (found !== wanted) return `${describe(key)} is ${found} instead of ${wanted}`;
    if (wanted !== 0n) met++;
  }
  if (met === expected.state.size) return undefined;
  const missing = [...expected.state.keys()].find((key) => !seen.has(key));
  return `${describe(missing as number)} is missing`;
}

const kindNames = new Map<number, string>([
  [Kind.BALANCE, 'balance'],
  [Kind.NONCE, 'nonce'],
  [Kind.CODE, 'code'],
  [Kind.STORAGE, 'storage'],
]);

function describe(key: number): string {
  const { kind, account, slot } = partsOfKey(key);
  return `${kindNames.get(kind) ?? kind}[${account}]${kind === Kind.STORAGE ? `[${slot}]` : ''}`;
}
