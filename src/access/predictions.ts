// Asks an oracle, and takes of its answers what is a prediction. Whoever wrote it: nothing that it does ends a run.

import { messageOf } from '../base/errors.ts';
import { isBytes } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import type { BlockInput } from '../block/block-input.ts';
import type { Task } from '../task/executor.ts';
import type { AccessKey, AccessOracle, AccessPrediction, AccessWrite } from './access-oracle.ts';

/** What an oracle said of each, and what was wrong with it. */
export interface Predictions {
  readonly predictions: readonly (AccessPrediction | undefined)[];
  /** In words, the first few. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 8;
/** An oracle that throws as often as this is not asked any more. */
const MOST_THROWN = 8;
const MOST_LISTED = 1 << 16;
const ACCOUNT_KINDS = ['balance', 'nonce', 'code'];
const WORD = 1n << 256n;

/** Of the transactions of a block. */
export function predictTransactions(
  oracle: AccessOracle,
  block: BlockInput,
  keccak256: (bytes: Uint8Array) => Uint8Array,
): Predictions {
  const { transactions } = block;
  return predict(transactions.length, (index) =>
    oracle.transactionAccess?.({ block, transaction: transactions[index]!, index, keccak256 }),
  );
}

export function predictTasks(oracle: AccessOracle, tasks: readonly Task[]): Predictions {
  return predict(tasks.length, (index) => oracle.taskAccess?.(tasks[index]!));
}

function predict(count: number, ask: (index: number) => unknown): Predictions {
  const problems: string[] = [];
  const predictions: (AccessPrediction | undefined)[] = new Array<undefined>(count).fill(undefined);
  let thrown = 0;
  for (let index = 0; index < count && thrown < MOST_THROWN; index++) {
    const tell = (problem: string) => {
      if (problems.length < MOST_PROBLEMS) problems.push(`${index}: ${problem}`);
    };
    try {
      predictions[index] = readPrediction(ask(index), index, tell);
    } catch (error) {
      thrown++;
      tell(messageOf(error));
    }
  }
  return { predictions, problems };
}

type Tell = (problem: string) => void;

function readPrediction(value: unknown, index: number, tell: Tell): AccessPrediction | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') {
    tell(`expected a prediction, got ${describe(value)}`);
    return undefined;
  }
  const { reads, writes, credits, touches, after, gas } = value as Readonly<Record<string, unknown>>;
  const keys = (list: unknown, name: string) => readList(list, name, readKey, tell);
  const isLower = (one: unknown) =>
    Number.isSafeInteger(one) && Number(one) >= 0 && Number(one) < index ? one : undefined;
  return {
    reads: keys(reads, 'reads'),
    writes: readList(writes, 'writes', readWrite, tell),
    credits: keys(credits, 'credits'),
    touches: keys(touches, 'touches'),
    after: readList(after, 'after', (one) => isLower(one) as number | undefined, tell),
    ...(typeof gas === 'bigint' && gas >= 0n && gas < 1n << 63n ? { gas } : {}),
  };
}

function readList<T>(value: unknown, name: string, read: (item: unknown) => T | undefined, tell: Tell): T[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    tell(`${name}: expected a list, got ${describe(value)}`);
    return [];
  }
  const taken: T[] = [];
  const length = Math.min(value.length, MOST_LISTED);
  for (let at = 0; at < length; at++) {
    const item = read(value[at]);
    if (item === undefined) tell(`${name}[${at}]: cannot be used: ${describe(value[at])}`);
    else taken.push(item);
  }
  return taken;
}

function isHex(value: unknown, bytes: number): value is string {
  return typeof value === 'string' && value.length === 2 + 2 * bytes && /^0x[0-9a-fA-F]*$/.test(value);
}

function readKey(item: unknown): AccessKey | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { kind, address, slot, key } = item as Readonly<Record<string, unknown>>;
  if (kind === 'data' || kind === 'number') {
    return typeof key === 'string' && key.length > 0 && key.length < 1 << 14 ? { kind, key } : undefined;
  }
  if (!isHex(address, 20)) return undefined;
  const lower = address.toLowerCase() as `0x${string}`;
  if (kind === 'storage') {
    return isHex(slot, 32) ? { kind, address: lower, slot: slot.toLowerCase() as `0x${string}` } : undefined;
  }
  return ACCOUNT_KINDS.includes(String(kind)) ? ({ kind, address: lower } as AccessKey) : undefined;
}

function readWrite(item: unknown): AccessWrite | undefined {
  const key = readKey(item);
  if (key === undefined) return undefined;
  const { value } = item as { value?: unknown };
  const isNumber = key.kind !== 'code' && key.kind !== 'data';
  if (isNumber && typeof value === 'bigint' && value >= 0n && value < WORD) return { ...key, value };
  if (!isNumber && isBytes(value) && value.length < 1 << 20) return { ...key, value };
  // A value that is none is not known.
  return key;
}
