// Checks what callers pass to the engine: options by name and range, tasks by their order.

import { InputError } from '../base/errors.ts';
import { describe, isMap, plainObject } from '../base/reader.ts';
import { HARDFORKS } from '../chain/hardfork.ts';
import { DEFAULT_MIB, MAXIMUM_MIB } from '../run/memory.ts';
import type { Task } from '../task/executor.ts';
import type { BlockRequest, EngineOptions, ExecutionOptions } from '../types.ts';

export const MAX_WORKERS = 64;
export const MAX_TASKS = 0xfffff;
const MAX_AUTO_WORKERS = 8;
const DEFAULT_WINDOW = 256;
/** The largest delay that timers take. */
const MAX_DELAY_MS = 0x7fffffff;

const ENGINE_KEYS: readonly (keyof EngineOptions)[] = [
  'workers',
  'threading',
  'memory',
  'executor',
  'preset',
  'state',
  'hardfork',
  'chainId',
  'assets',
  'maximumTransactionGas',
  'window',
  'taskTimeoutMs',
  'executionTimeoutMs',
  'enableProfiling',
  'signal',
];
const EXECUTION_KEYS: readonly (keyof ExecutionOptions)[] = [
  'data',
  'numbers',
  'state',
  'signal',
  'executionTimeoutMs',
  'taskTimeoutMs',
  'window',
  'sequential',
];
const REQUEST_KEYS: readonly (keyof BlockRequest)[] = [
  'block',
  'chainId',
  'hardfork',
  'depositContract',
  'blockReward',
  'state',
  'blockHashes',
  'expected',
  'verify',
  'senders',
  'signal',
  'executionTimeoutMs',
  'taskTimeoutMs',
];
const VERIFY_KEYS = ['gasUsed', 'logsBloom', 'receiptsRoot', 'requestsHash', 'blobGasUsed', 'stateRoot', 'expected'];

/** Engine options with every default filled in. */
export interface CheckedOptions extends Omit<EngineOptions, 'workers' | 'memory'> {
  readonly workers: number;
  readonly maximumMiB: number;
  readonly window: number;
}

/** @throws InputError naming the option */
export function checkEngineOptions(options: EngineOptions, cores: number): CheckedOptions {
  checkKeys(options, 'options', ENGINE_KEYS);
  const { workers = 'auto', memory, threading = 'auto', hardfork } = options;
  if (options.preset !== undefined) oneOf(options.preset, 'options.preset', ['default', 'audit']);
  oneOf(threading, 'options.threading', ['auto', 'shared', 'inline']);
  if (hardfork !== undefined) oneOf(hardfork, 'options.hardfork', HARDFORKS);
  if (memory !== undefined) checkKeys(memory, 'options.memory', ['maximumMiB']);
  if (options.assets !== undefined)
    checkKeys(options.assets, 'options.assets', ['wasm', 'worker', 'executor', 'precompiles']);
  const maximumMiB = memory?.maximumMiB ?? DEFAULT_MIB;
  if (typeof maximumMiB !== 'number' || !(maximumMiB >= 1 && maximumMiB <= MAXIMUM_MIB)) {
    throw new InputError('options.memory.maximumMiB', `expected 1 to ${MAXIMUM_MIB}, got ${describe(maximumMiB)}`);
  }
  if (workers !== 'auto') integer(workers, 'options.workers', 1, MAX_WORKERS);
  if (options.chainId !== undefined) integer(options.chainId, 'options.chainId', 1, Number.MAX_SAFE_INTEGER);
  if (options.enableProfiling !== undefined && typeof options.enableProfiling !== 'boolean') {
    throw new InputError('options.enableProfiling', `expected true or false, got ${describe(options.enableProfiling)}`);
  }
  const { maximumTransactionGas: gas } = options;
  if (gas !== undefined && !(typeof gas === 'bigint' && gas > 0n && gas >> 64n === 0n)) {
    throw new InputError('options.maximumTransactionGas', `expected a bigint from 1 to 2^64 - 1, got ${describe(gas)}`);
  }
  checkRunLimits(options, 'options');
  return {
    ...options,
    threading,
    workers: workers === 'auto' ? Math.max(1, Math.min(MAX_AUTO_WORKERS, cores)) : workers,
    maximumMiB,
    window: options.window ?? DEFAULT_WINDOW,
  };
}

/** @throws InputError naming the option */
export function checkExecutionOptions(options: ExecutionOptions): void {
  checkKeys(options, 'options', EXECUTION_KEYS);
  checkRunLimits(options, 'options');
}

/** Checks everything but the block itself. @throws InputError naming the field */
export function checkBlockRequest(request: BlockRequest): void {
  checkKeys(request, 'request', REQUEST_KEYS);
  checkRunLimits(request, 'request');
  if (request.chainId !== undefined) integer(request.chainId, 'request.chainId', 1, Number.MAX_SAFE_INTEGER);
  if (request.senders !== undefined) oneOf(request.senders, 'request.senders', ['trust', 'recover']);
  if (request.blockReward !== undefined && typeof request.blockReward !== 'boolean') {
    throw new InputError('request.blockReward', `expected true or false, got ${describe(request.blockReward)}`);
  }
  const { verify, expected, blockHashes } = request;
  if (blockHashes !== undefined && !isMap(blockHashes)) {
    throw new InputError('request.blockHashes', `expected a Map, got ${describe(blockHashes)}`);
  }
  if (expected !== undefined) checkExpected(expected, 'request.expected');
  if (verify !== undefined && typeof verify !== 'boolean') checkKeys(verify, 'request.verify', VERIFY_KEYS);
}

/** The shape that `readExpected` makes; what it holds was checked there. */
function checkExpected(expected: unknown, field: string): void {
  const { transactions, post } = plainObject(expected, field);
  if (!Array.isArray(transactions)) {
    throw new InputError(`${field}.transactions`, `expected a list, got ${describe(transactions)}`);
  }
  if (!isMap(post)) throw new InputError(`${field}.post`, `expected a Map, got ${describe(post)}`);
}

interface RunLimits {
  readonly window?: number;
  readonly taskTimeoutMs?: number;
  readonly executionTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

function checkRunLimits(limits: RunLimits, field: string): void {
  const { window, taskTimeoutMs, executionTimeoutMs, signal } = limits;
  if (window !== undefined) integer(window, `${field}.window`, 1, MAX_TASKS);
  for (const [name, value] of Object.entries({ taskTimeoutMs, executionTimeoutMs })) {
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value > 0 && value <= MAX_DELAY_MS)) {
      throw new InputError(
        `${field}.${name}`,
        `expected more than 0 and at most ${MAX_DELAY_MS}, got ${describe(value)}`,
      );
    }
  }
  const listens = (name: 'addEventListener' | 'removeEventListener') => typeof signal?.[name] === 'function';
  if (signal !== undefined && !(listens('addEventListener') && listens('removeEventListener'))) {
    throw new InputError(`${field}.signal`, `expected an AbortSignal, got ${describe(signal)}`);
  }
}

/**
 * Checks that tasks are numbered from 0 in order and that dependencies point to tasks that exist.
 * @throws InputError naming the task; for dependencies that point up, the cycle if there is one
 */
export function checkTasks(tasks: readonly Task[]): void {
  if (!Array.isArray(tasks)) throw new InputError('tasks', `expected an array, got ${describe(tasks)}`);
  if (tasks.length > MAX_TASKS) throw new InputError('tasks', `${tasks.length} tasks, at most ${MAX_TASKS} allowed`);
  for (const [i, task] of tasks.entries()) {
    const field = `tasks[${i}]`;
    if (typeof task !== 'object' || task === null)
      throw new InputError(field, `expected an object, got ${describe(task)}`);
    if (!Number.isSafeInteger(task.id) || task.id < 0) {
      throw new InputError(`${field}.id`, `expected ${i}, got ${describe(task.id)}`);
    }
    if (task.id !== i) {
      const problem = task.id < i ? 'a duplicate or out of order' : 'out of order, or one before it is missing';
      throw new InputError(`${field}.id`, `expected ${i}, got ${task.id}: ${problem}`);
    }
    const { estimatedGas, dependencies, sender } = task;
    if (
      estimatedGas !== undefined &&
      (typeof estimatedGas !== 'bigint' || estimatedGas < 0n || estimatedGas >> 64n !== 0n)
    ) {
      throw new InputError(
        `${field}.estimatedGas`,
        `expected a bigint from 0 to 2^64 - 1, got ${describe(estimatedGas)}`,
      );
    }
    if (sender !== undefined && !/^0x[0-9a-fA-F]{40}$/.test(String(sender))) {
      throw new InputError(`${field}.sender`, `expected an address, got ${describe(sender)}`);
    }
    if (dependencies === undefined) continue;
    if (!Array.isArray(dependencies)) {
      throw new InputError(`${field}.dependencies`, `expected an array, got ${describe(dependencies)}`);
    }
    for (const [at, lower] of dependencies.entries()) {
      if (!Number.isSafeInteger(lower) || lower < 0 || lower >= tasks.length) {
        throw new InputError(`${field}.dependencies[${at}]`, `there is no task ${describe(lower)}`);
      }
    }
  }
  checkDirection(tasks);
}

/** Dependencies only point down, so that there is no cycle; where one points up, says whether that closes a cycle. */
function checkDirection(tasks: readonly Task[]): void {
  for (const [i, task] of tasks.entries()) {
    const at = (task.dependencies ?? []).findIndex((lower) => lower >= i);
    if (at < 0) continue;
    const upper = task.dependencies?.[at] ?? i;
    const cycle = pathBetween(tasks, upper, i);
    const field = `tasks[${i}].dependencies[${at}]`;
    if (cycle !== undefined)
      throw new InputError(field, `a cycle: ${[i, ...cycle].join(' → ')}`, { data: [i, ...cycle] });
    throw new InputError(field, `task ${i} cannot depend on the later task ${upper}`);
  }
}

/** Tasks from `from` to `to` along dependencies, both included; `undefined` when there is no way. */
function pathBetween(tasks: readonly Task[], from: number, to: number): number[] | undefined {
  const before = new Map<number, number>([[from, -1]]);
  const open = [from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === to) {
      const path: number[] = [];
      for (let step = at; step !== -1; step = before.get(step) ?? -1) path.push(step);
      return path.reverse();
    }
    for (const next of tasks[at]?.dependencies ?? []) {
      if (before.has(next)) continue;
      before.set(next, at);
      open.push(next);
    }
  }
  return undefined;
}

function checkKeys(value: object, field: string, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(field, `expected an object, got ${describe(value)}`);
  }
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'string' && known.includes(key)) continue;
    const name = String(key);
    throw new InputError(`${field}.${name}`, `unknown; did you mean "${nearestName(name, known)}"?`);
  }
}

function oneOf(value: unknown, field: string, allowed: readonly string[]): void {
  if (typeof value === 'string' && allowed.includes(value)) return;
  const hint = typeof value === 'string' ? `; did you mean "${nearestName(value, allowed)}"?` : '';
  throw new InputError(field, `unknown value ${describe(value)}${hint}`);
}

function integer(value: unknown, field: string, minimum: number, maximum: number): void {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum) {
    throw new InputError(field, `expected an integer from ${minimum} to ${maximum}, got ${describe(value)}`);
  }
}

/** The known name that takes the fewest edits. */
export function nearestName(name: string, known: readonly string[]): string {
  const wanted = name.slice(0, 64).toLowerCase();
  let best = known[0] ?? '';
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits >= fewest) continue;
    fewest = edits;
    best = candidate;
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[right.length]!;
}
