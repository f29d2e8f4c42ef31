// The profile of a block: where its gas and its time went, from an execution that is timed and a trace of the same block.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import type { BlockRequest, BlockResult, BlockRun, Report } from '../types.ts';
import type { OpcodeClass } from './opcode-classes.ts';
import { type CalledFunction, type GasProfile, profileTracer } from './profile-tracer.ts';
import type { BlockTraceRequest, TraceRun } from './request.ts';
import type { TracerFactory } from './tracer.ts';

/** What is asked of an engine here. */
export interface ProfilingEngine {
  executeBlock(request: BlockRequest): BlockRun;
  traceBlock(
    request: BlockTraceRequest & { readonly tracer: TracerFactory<GasProfile> },
  ): PromiseLike<Awaited<TraceRun<GasProfile>>>;
}

/** Gas before refunds, and time of the committed execution. */
export interface TransactionProfile {
  readonly index: number;
  readonly hash?: Hex;
  /** What the sender pays for: after refunds. */
  readonly gasUsed: number;
  readonly gasRefunded: number;
  /** Of the transaction itself: its price, its data, its access list, and what a floor adds (EIP-7623). */
  readonly intrinsicGas: number;
  readonly timeMs: number;
  /** How often it was executed. */
  readonly executions: number;
}

/** What code has used itself, without what it called, before refunds. */
export interface CodeProfile {
  readonly calls: number;
  readonly gas: number;
  /** A share of the time of the transactions, by gas: nobody measures within a transaction. */
  readonly timeMs: number;
}

export interface ContractProfile extends CodeProfile {
  readonly address: Hex;
}

export interface FunctionProfile extends CodeProfile, CalledFunction {}

export interface OpcodeProfile {
  readonly class: OpcodeClass;
  readonly count: number;
  /** What the instructions took themselves: of a call without what was called. */
  readonly gas: number;
}

/** One stack of calls of the flame graph. */
export interface ProfiledStack {
  /** Outermost first; empty: the price of transactions themselves. */
  readonly functions: readonly CalledFunction[];
  /** After refunds, which are taken off all of a transaction alike: the sum over all stacks is the gas used. */
  readonly gas: number;
  readonly timeMs: number;
}

/** Sorted, most first: contracts, functions and classes by gas; transactions are in order. */
export interface BlockProfile {
  readonly result: BlockResult;
  readonly gasUsed: number;
  /** Of all committed executions. */
  readonly timeMs: number;
  readonly transactions: readonly TransactionProfile[];
  readonly contracts: readonly ContractProfile[];
  readonly functions: readonly FunctionProfile[];
  readonly opcodes: readonly OpcodeProfile[];
  readonly stacks: readonly ProfiledStack[];
}

const TRACED = [
  ...['block', 'chainId', 'chain', 'hardfork', 'state', 'blockHashes', 'depositContract', 'blockReward'],
  ...['senders', 'signal', 'executionTimeoutMs'],
] as const;

/**
 * Executes a block with its times, then once more to see what its code does: in all some ten times as long as executing it.
 * Nothing is paid by runs that are not profiled.
 * @example
 * ```js
 * import { checkBlockFile, createEngine, profileBlock } from 'pevm-wasm';
 * import { createTraffic } from 'pevm-wasm/traffic';
 *
 * const { file } = await createTraffic({ transactions: 50 });
 * const engine = await createEngine();
 * const { functions } = await profileBlock(engine, checkBlockFile(file));
 * console.log(functions[0].address, functions[0].selector, functions[0].gas); // most gas first
 * await engine.dispose();
 * ```
 */
export async function profileBlock(engine: ProfilingEngine, request: BlockRequest): Promise<BlockProfile> {
  const result = await engine.executeBlock({ ...request, enableProfiling: true });
  const asked = Object.fromEntries(Object.entries(request).filter(([name]) => TRACED.some((known) => known === name)));
  const traces = await engine.traceBlock({ ...(asked as unknown as BlockTraceRequest), tracer: profileTracer() });
  const times = timesOf(result.report);
  const code = new CodeSums();
  const transactions = traces.map(({ index, hash, result: gas }): TransactionProfile => {
    const { timeMs = 0, executions = 1 } = times.get(index) ?? {};
    const intrinsicGas = code.add(gas, timeMs);
    const { gasUsed, gasRefunded } = gas;
    return { index, ...(hash === undefined ? {} : { hash }), gasUsed, gasRefunded, intrinsicGas, timeMs, executions };
  });
  return {
    result,
    gasUsed: transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0),
    timeMs: transactions.reduce((sum, { timeMs }) => sum + timeMs, 0),
    transactions,
    ...code.sorted(),
  };
}

/** Time of each transaction's committed execution, and how many executions came to their end. */
function timesOf({ perWorker }: Report): ReadonlyMap<number, { timeMs: number; executions: number }> {
  const last = new Map<number, { incarnation: number; timeMs: number; executions: number }>();
  for (const { spans } of perWorker) {
    for (const { kind, transaction, incarnation, startMs, endMs } of spans) {
      if (kind !== 'executed') continue;
      const known = last.get(transaction);
      const executions = (known?.executions ?? 0) + 1;
      if (known !== undefined && known.incarnation > incarnation) known.executions = executions;
      else last.set(transaction, { incarnation, timeMs: endMs - startMs, executions });
    }
  }
  return last;
}

type Sum = { -readonly [Name in keyof CodeProfile]: CodeProfile[Name] };

/** Adds up what the transactions of a block have used. */
class CodeSums {
  readonly #contracts = new Map<Hex, Sum & { address: Hex }>();
  readonly #functions = new Map<string, Sum & CalledFunction>();
  readonly #opcodes = new Map<OpcodeClass, { class: OpcodeClass; count: number; gas: number }>();
  readonly #stacks = new Map<string, { functions: readonly CalledFunction[]; gas: number; timeMs: number }>();

  /** Adds a transaction; answers what of its gas no code has used. */
  add({ gasUsed, gasRefunded, stacks, opcodes }: GasProfile, timeMs: number): number {
    const whole = gasUsed + gasRefunded;
    const intrinsic = whole - stacks.reduce((sum, { gas }) => sum + gas, 0);
    const perGas = whole === 0 ? 0 : timeMs / whole;
    const paid = lessRefunds([intrinsic, ...stacks.map(({ gas }) => gas)], gasRefunded);
    this.#addStack([], paid[0]!, intrinsic * perGas);
    for (const [at, { functions, calls, gas }] of stacks.entries()) {
      this.#addStack(functions, paid[at + 1]!, gas * perGas);
      const called = functions.at(-1)!;
      const { address } = called;
      addTo(this.#contracts, address, { address, ...NOTHING }, { calls, gas, timeMs: gas * perGas });
      addTo(this.#functions, nameOf(called), { ...called, ...NOTHING }, { calls, gas, timeMs: gas * perGas });
    }
    for (const [name, { count, gas }] of opcodes) {
      const sum = this.#opcodes.get(name) ?? { class: name, count: 0, gas: 0 };
      this.#opcodes.set(name, { class: name, count: sum.count + count, gas: sum.gas + gas });
    }
    return intrinsic;
  }

  sorted(): Pick<BlockProfile, 'contracts' | 'functions' | 'opcodes' | 'stacks'> {
    const byGas = <T extends { gas: number }>(sums: Map<unknown, T>) =>
      [...sums.values()].sort((left, right) => right.gas - left.gas);
    return {
      contracts: byGas(this.#contracts),
      functions: byGas(this.#functions),
      opcodes: byGas(this.#opcodes),
      stacks: byGas(this.#stacks).filter(({ gas, timeMs }) => gas > 0 || timeMs > 0),
    };
  }

  #addStack(functions: readonly CalledFunction[], gas: number, timeMs: number): void {
    const name = functions.map(nameOf).join(';');
    const sum = this.#stacks.get(name) ?? { functions, gas: 0, timeMs: 0 };
    this.#stacks.set(name, { functions, gas: sum.gas + gas, timeMs: sum.timeMs + timeMs });
  }
}

const NOTHING = { calls: 0, gas: 0, timeMs: 0 };

function addTo<Key, T extends Sum>(sums: Map<Key, T>, key: Key, empty: T, { calls, gas, timeMs }: Sum): void {
  const sum = sums.get(key) ?? empty;
  sum.calls += calls;
  sum.gas += gas;
  sum.timeMs += timeMs;
  sums.set(key, sum);
}

/** Takes refunds off all parts alike, in whole units: the sum is what is paid. */
function lessRefunds(parts: readonly number[], refunded: number): number[] {
  const whole = parts.reduce((sum, part) => sum + part, 0);
  if (refunded === 0 || whole === 0) return [...parts];
  const paid = parts.map((part) => part - Math.ceil((part * refunded) / whole));
  // What rounding took too much of goes back to the largest.
  const largest = parts.indexOf(Math.max(...parts));
  paid[largest]! += whole - refunded - paid.reduce((sum, part) => sum + part, 0);
  return paid;
}

function nameOf({ address, selector }: CalledFunction): string {
  return `${address}.${selector}`;
}

/** What the frames of a flame graph are as wide as. */
export type StackWeight = 'gas' | 'time';

/**
 * The call tree as folded stacks, one a line: functions from the outermost on, `address.selector` each, and the weight, in
 * gas after refunds, or nanoseconds. For flamegraph.pl, inferno, speedscope.app and their kin.
 * @throws InputError for another weight
 */
export function foldedStacks({ stacks }: Pick<BlockProfile, 'stacks'>, weight: StackWeight = 'gas'): string {
  if (weight !== 'gas' && weight !== 'time')
    throw new InputError('weight', `expected gas or time, got ${describe(weight)}`);
  const lines = stacks.map(({ functions, gas, timeMs }) => {
    const names = ['block', ...(functions.length === 0 ? ['transaction'] : functions.map(nameOf))];
    return { names: names.join(';'), value: weight === 'gas' ? gas : Math.round(timeMs * 1e6) };
  });
  return lines
    .filter(({ value }) => value > 0)
    .map(({ names, value }) => `${names} ${value}\n`)
    .join('');
}
