// The profile of a block: its sums are those of the receipts, its files are what their readers want.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { OPCODES } from '../../../src/chain/opcodes.ts';
import { createEngine, type TracingEngine } from '../../../src/engine/engine.ts';
import { type BlockFile, checkBlockFile, readBlockFile } from '../../../src/file/block-file.ts';
import { type ChromeTrace, chromeTrace } from '../../../src/metrics/chrome-trace.ts';
import { classOfOpcode, OPCODE_CLASSES } from '../../../src/trace/opcode-classes.ts';
import { type BlockProfile, foldedStacks, profileBlock } from '../../../src/trace/profile.ts';
import { createTraffic } from '../../../src/traffic/index.ts';
import { sharedFolder, withoutShared } from '../../support/shared.ts';

let engine: TracingEngine;
let file: BlockFile;
let profile: BlockProfile;
beforeAll(async () => {
  engine = await createEngine({ workers: 2 });
  file = checkBlockFile((await createTraffic({ transactions: 60, conflictRate: 0.5 })).file);
  profile = await profileBlock(engine, requestOf(file));
}, 120_000);
afterAll(() => engine.dispose());

const requestOf = ({ block, chainId, hardfork, state, blockHashes }: BlockFile) => {
  return { block, chainId, hardfork, state, blockHashes, senders: 'trust' } as const;
};

const sum = (values: readonly number[]) => values.reduce((whole, value) => whole + value, 0);

/** Reads folded stacks as flamegraph.pl does: the last word of a line is its weight. */
function readFolded(text: string): { names: string[]; value: number }[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, stack, value] = /^(\S.*) (\d+)$/.exec(line)!;
      return { names: stack!.split(';'), value: Number(value) };
    });
}

/** What holds of the profile of any block. */
function check({ transactions, contracts, functions, opcodes, stacks, gasUsed, timeMs, result }: BlockProfile): void {
  expect(transactions.map((each) => BigInt(each.gasUsed))).toEqual(result.transactions.map((each) => each.gasUsed));
  expect(BigInt(gasUsed)).toBe(result.gasUsed);
  // The core's own figure, without the price of the transaction and before refunds.
  const executionGas = sum(result.transactions.map((each) => Number(each.executionGas)));
  for (const sums of [contracts, functions]) {
    expect(sum(sums.map(({ gas }) => gas))).toBe(executionGas);
    expect(sums.map(({ gas }) => gas)).toEqual(sums.map(({ gas }) => gas).sort((left, right) => right - left));
  }
  expect(sum(opcodes.map(({ gas }) => gas))).toBeLessThanOrEqual(executionGas);
  expect(Math.min(...opcodes.map(({ gas }) => gas))).toBeGreaterThanOrEqual(0);
  for (const { gasUsed, gasRefunded, intrinsicGas, timeMs } of transactions) {
    expect(intrinsicGas).toBeGreaterThanOrEqual(21_000);
    expect(intrinsicGas).toBeLessThanOrEqual(gasUsed + gasRefunded);
    expect(timeMs).toBeGreaterThan(0);
  }
  expect(sum(stacks.map((stack) => stack.gas))).toBe(gasUsed);
  expect(sum(stacks.map((stack) => stack.timeMs))).toBeCloseTo(timeMs, 6);
  expect(sum(readFolded(foldedStacks({ stacks })).map(({ value }) => value))).toBe(gasUsed);
}

test('the sums of a profile are those of the receipts', () => {
  check(profile);
  expect(profile.functions.some(({ selector }) => /^0x[0-9a-f]{8}$/.test(selector))).toBe(true);
  expect(profile.opcodes.map((each) => each.class)).toContain('storage');
  expect(sum(profile.transactions.map(({ executions }) => executions))).toBeGreaterThanOrEqual(60);
});

test('a function has what is below it in the flame graph, as callTracer tells the calls', async () => {
  const traces = await engine.traceBlock({ ...requestOf(file), tracer: 'callTracer' });
  type Frame = NonNullable<(typeof traces)[number]['result']>;
  const frames = (frame: Frame): Frame[] => [frame, ...(frame.calls ?? []).flatMap(frames)];
  const called = traces.flatMap(({ result }) => (result === null ? [] : frames(result)));
  const calls = new Map<string, number>();
  for (const { type, to, input } of called) {
    if (type === 'CREATE' || type === 'CREATE2' || input.length < 10 || BigInt(to ?? 0) < 0x200n) continue;
    const name = `${to}.${input.slice(0, 10)}`;
    calls.set(name, (calls.get(name) ?? 0) + 1);
  }
  const named = profile.functions.filter(({ selector }) => selector.startsWith('0x'));
  expect(new Map(named.map(({ address, selector, calls }) => [`${address}.${selector}`, calls]))).toEqual(calls);
  // Its own gas, and that of all it calls, where it is the outermost.
  const [outermost] = profile.stacks.filter(({ functions }) => functions.length > 1);
  const { address, selector } = outermost!.functions[0]!;
  const roots = traces.filter(({ result }) => result?.to === address && result?.input.slice(0, 10) === selector);
  const folded = readFolded(foldedStacks(profile)).filter(({ names }) => names[1] === `${address}.${selector}`);
  const paid = sum(roots.map(({ result }) => Number(result!.gasUsed)));
  expect(sum(folded.map(({ value }) => value))).toBeLessThan(paid);
  expect(sum(folded.map(({ value }) => value))).toBeGreaterThan(paid - roots.length * 60_000);
});

test('folded stacks by time are as long as the executions, in nanoseconds', () => {
  const lines = readFolded(foldedStacks(profile, 'time'));
  expect(Math.abs(sum(lines.map(({ value }) => value)) - profile.timeMs * 1e6)).toBeLessThan(lines.length + 1);
  for (const { names } of lines) expect(names[0]).toBe('block');
  expect(() => foldedStacks(profile, 'size' as never)).toThrow(InputError);
});

test('every opcode of the table has a class, and every class has opcodes', () => {
  const found = new Set(OPCODES.map(({ number }) => classOfOpcode(number)));
  expect([...found].sort()).toEqual([...OPCODE_CLASSES].sort());
  const of = (name: string) => classOfOpcode(OPCODES.find((opcode) => opcode.name === name)!.number);
  const told = ['PUSH1', 'SLOAD', 'CALLER', 'MSTORE8', 'JUMPI', 'LOG2', 'CREATE2', 'SAR', 'EXTCODESIZE', 'GAS'].map(of);
  const classes = ['stack', 'storage', 'environment', 'memory', 'control', 'log', 'creation', 'comparison', 'account'];
  expect(told).toEqual([...classes, 'control']);
});

describe('the timeline', () => {
  /** The fields that the Trace Event Format requires of the events that are used (Google's document of 2016). */
  function checkFormat({ traceEvents }: ChromeTrace): void {
    for (const event of JSON.parse(JSON.stringify(traceEvents)) as Record<string, unknown>[]) {
      expect(typeof event.name).toBe('string');
      expect(Number.isInteger(event.pid) && Number.isInteger(event.tid)).toBe(true);
      expect(typeof event.args).toBe('object');
      if (event.ph === 'M') {
        const { name, args } = event as { name: string; args: Record<string, unknown> };
        if (name === 'thread_sort_index') expect(typeof args.sort_index).toBe('number');
        else expect(typeof args.name).toBe('string');
        continue;
      }
      expect(event.ph).toBe('X');
      expect(Number.isFinite(event.ts) && Number.isFinite(event.dur) && Number(event.dur) >= 0).toBe(true);
      expect(typeof event.cat).toBe('string');
    }
  }

  test('is in the trace event format, a lane per worker, an event per incarnation', () => {
    const { report } = profile.result;
    const trace = chromeTrace(report);
    checkFormat(trace);
    const attempts = trace.traceEvents.filter(({ args }) => 'outcome' in args);
    expect(attempts.filter(({ cat }) => cat !== 'suspended')).toHaveLength(report.executions - report.suspensions);
    const committed = attempts.filter(({ args }) => args.outcome === 'committed');
    const transactions = committed.map(({ args }) => Number(args.transaction)).sort((left, right) => left - right);
    // The transactions, and the steps of the protocol around them.
    expect(transactions).toEqual(Array.from(transactions, (_, at) => transactions[0]! + at));
    expect(transactions.filter((index) => index >= 0 && index < 60)).toHaveLength(60);
    // Where the second worker gets no core, the first may be done before it comes.
    const lanes = report.perWorker.map(({ id }) => id);
    expect(new Set(trace.traceEvents.map(({ tid }) => tid))).toEqual(new Set([0, ...lanes]));
    expect(lanes.length).toBeGreaterThanOrEqual(1);
    // Nobody executes two at once.
    for (const lane of lanes) {
      const own = attempts.filter(({ tid }) => tid === lane).sort((left, right) => left.ts - right.ts);
      for (const [at, event] of own.slice(1).entries()) {
        expect(event.ts).toBeGreaterThanOrEqual(own[at]!.ts + own[at]!.dur! - 0.5);
      }
    }
  });

  test('is refused of a run that was not profiled, which has paid nothing for it', async () => {
    const { report } = await engine.executeBlock(requestOf(file));
    expect(report.perWorker.flatMap(({ spans }) => spans)).toEqual([]);
    expect(() => chromeTrace(report)).toThrow(/enableProfiling/);
  });
});

test.skipIf(withoutShared('mainnet'))('the sums of a real block are its receipts', { timeout: 120_000 }, async () => {
  const real = await readBlockFile(readFileSync(`${sharedFolder}/mainnet/19933597.json.gz`));
  const profiled = await profileBlock(engine, requestOf(real));
  check(profiled);
  expect(sum(profiled.transactions.map(({ gasRefunded }) => gasRefunded))).toBeGreaterThan(0);
});
