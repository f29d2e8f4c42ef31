// The tracers of instructions: struct logs and the lines of EIP-3155.
import { beforeAll, describe, expect, test } from 'vitest';
import { Op } from '../../../assembly/execute/evm/rules/opcodes.ts';
import { MemoryLimitError } from '../../../src/base/errors.ts';
import type { StepLineOptions, StructLogOptions } from '../../../src/option-types.ts';
import { type StepLine, type StepSummary, stepLineTracer } from '../../../src/trace/step-line-tracer.ts';
import { type StructLog, type StructLogTrace, structLogTracer } from '../../../src/trace/struct-log-tracer.ts';
import { count } from '../../support/effort.ts';
import { at, calling, creating, first, plainly, scenario, second } from '../../support/evm-calls.ts';
import { addressOf, type EvmScenario } from '../../support/evm-scenario.ts';
import { TracedHost } from '../../support/evm-traces.ts';
import { fuzzCase, toScenario } from '../../support/fuzz-case.ts';
import { EvmOracle } from '../../support/fuzz-oracle.ts';

let traced: TracedHost;
beforeAll(async () => {
  traced = await TracedHost.create();
});

const structLogs = (input: EvmScenario, options: StructLogOptions = {}): StructLogTrace =>
  traced.trace(input, structLogTracer(options));
const linesOf = (input: EvmScenario, options: StepLineOptions = {}): StepLine[] =>
  traced.trace(input, stepLineTracer(options)).slice(0, -1) as StepLine[];

const slot = (number: number) => `0x${number.toString(16).padStart(64, '0')}`;
/** A loop of 5 instructions, 22 gas, that leaves a counter on the stack. */
const LOOP = '0 more: 1 ADD @more JUMP';

describe('structLog', () => {
  test('tells each instruction as debug_traceTransaction does', () => {
    const input = scenario([[first, '1 0 MSTORE 2 STOP']], { gasLimit: 30_000n });
    expect(structLogs(input)).toEqual({
      gas: 21_000 + 15,
      failed: false,
      returnValue: '0x',
      structLogs: [
        { pc: 0, op: 'PUSH1', gas: 9000, gasCost: 3, depth: 1, stack: [] },
        { pc: 2, op: 'PUSH1', gas: 8997, gasCost: 3, depth: 1, stack: ['0x1'] },
        { pc: 4, op: 'MSTORE', gas: 8994, gasCost: 6, depth: 1, stack: ['0x1', '0x0'] },
        { pc: 5, op: 'PUSH1', gas: 8988, gasCost: 3, depth: 1, stack: [] },
        { pc: 7, op: 'STOP', gas: 8985, gasCost: 0, depth: 1, stack: ['0x2'] },
      ],
    });
  });

  test('tells memory and return data where they are asked for, and leaves out the stack', () => {
    const input = scenario([
      [first, `5 0 MSTORE ${calling('CALL', at(second), 0)} STOP`],
      [second, '0xab 0 MSTORE8 1 0 RETURN'],
    ]);
    const { structLogs: logs } = structLogs(input, { enableMemory: true, enableReturnData: true, disableStack: true });
    expect(logs.at(-1)).toMatchObject({ op: 'STOP', memory: [slot(5)], returnData: '0xab' });
    expect(logs[0]).not.toHaveProperty('memory');
    expect(logs[0]).not.toHaveProperty('returnData');
    expect(logs.some((log) => 'stack' in log)).toBe(false);
  });

  test('tells the slots that an account has met, in all frames, at SLOAD and SSTORE', () => {
    const input = scenario([
      [first, `7 3 SSTORE ${calling('CALL', at(second), 0)} 1 SLOAD STOP`],
      [second, '9 5 SSTORE STOP'],
    ]);
    const { structLogs: logs } = structLogs(input);
    const met = logs.filter(({ op }) => op === 'SSTORE' || op === 'SLOAD').map(({ storage }) => storage);
    expect(met).toEqual([{ [slot(3)]: slot(7) }, { [slot(5)]: slot(9) }, { [slot(1)]: slot(0), [slot(3)]: slot(7) }]);
    expect(structLogs(input, { disableStorage: true }).structLogs.some((log) => 'storage' in log)).toBe(false);
  });

  test("counts an instruction's own refund", () => {
    const input = scenario([[first, '0 3 SSTORE STOP']]);
    input.accounts.get(at(first).slice(2))!.storage.set(slot(3).slice(2), 1n);
    const logs = structLogs(input).structLogs;
    expect(logs.map(({ op, refund }) => [op, refund])).toEqual([
      ['PUSH1', undefined],
      ['PUSH1', undefined],
      ['SSTORE', 4800],
      ['STOP', 4800],
    ]);
  });

  test('tells what a call hands on as its cost, but not what a creation does', () => {
    const input = scenario([
      [
        first,
        `${calling('CALL', at(second), 1, '5000')} ${calling('CALL', at(addressOf(4n)), 0, '100')} ${creating('STOP')} STOP`,
      ],
      [second, 'STOP'],
    ]);
    const costs = structLogs(input).structLogs.filter(({ op }) => op === 'CALL' || op === 'CREATE');
    // A cold account and value; a precompile is warm; a creation, and a word of init code.
    expect(costs.map(({ gasCost }) => gasCost)).toEqual([2600 + 9000 + 5000, 100 + 100, 32_000 + 2]);
  });

  test('tells errors that are found before an instruction runs, and those of others without', () => {
    const last = (source: string): StructLog => structLogs(scenario([[first, source]])).structLogs.at(-1)!;
    expect(last('1 ADD')).toMatchObject({ error: 'stack underflow (1 <=> 2)', gasCost: 3 });
    expect(last('1 0xffffff MSTORE')).toMatchObject({ error: 'out of gas', gasCost: 538_445_830 });
    expect(last('3 JUMP')).toMatchObject({ op: 'JUMP', gasCost: 8 });
    expect(last('3 JUMP')).not.toHaveProperty('error');
    expect(last('#fe')).toEqual({ pc: 0, op: 'INVALID', gas: 479_000, gasCost: 0, depth: 1, stack: [] });
    const stopped = structLogs(scenario([[first, 'more: @more JUMP']], { gasLimit: 21_020n }));
    expect(stopped).toMatchObject({ failed: true, returnValue: '0x', gas: 21_020 });
    expect(stopped.structLogs.at(-1)).toMatchObject({ op: 'JUMP', gas: 4, gasCost: 8, error: 'out of gas' });
  });

  test('tells what a revert returns, and that it failed', () => {
    const trace = structLogs(scenario([[first, '0xab 0 MSTORE8 1 0 REVERT']]));
    expect(trace).toMatchObject({ failed: true, returnValue: '0xab' });
  });

  test('stops where the limit is reached, with a million instructions to come', { timeout: 120_000 }, () => {
    const input = scenario([[first, LOOP]], { gasLimit: 5_000_000n });
    const { structLogs: logs, gas, failed } = structLogs(input, { limit: 10_000 });
    expect([gas, failed]).toEqual([5_000_000, true]);
    // As geth counts: the one that passes the limit is the last.
    const size = (part: readonly StructLog[]) => part.reduce((sum, log) => sum + JSON.stringify(log).length, 0);
    expect(size(logs)).toBeGreaterThan(10_000);
    expect(size(logs.slice(0, -1))).toBeLessThanOrEqual(10_000);
    const whole = structLogs(scenario([[first, LOOP]], { gasLimit: 60_000n })).structLogs;
    expect(logs.slice(0, 50)).toMatchObject(whole.slice(0, 50).map(({ pc, op, stack }) => ({ pc, op, stack })));
  });

  test('refuses to grow without bound', { timeout: 120_000 }, () => {
    const input = scenario([[first, `${'1 '.repeat(900)} ${LOOP}`]], { gasLimit: 3_000_000n });
    expect(() => structLogs(input)).toThrow(MemoryLimitError);
    expect(structLogs(input, { limit: 1000 }).failed).toBe(true);
  });
});

describe('eip3155', () => {
  test('writes the lines of EIP-3155, and one about the end', () => {
    const input = scenario([[first, '1 0 MSTORE 32 0 RETURN']], { gasLimit: 30_000n });
    const common = { depth: 1, refund: 0 };
    const lines = traced.trace(input, stepLineTracer());
    expect(lines.slice(0, 3)).toEqual([
      { pc: 0, op: 0x60, gas: '0x2328', gasCost: '0x3', memSize: 0, stack: [], opName: 'PUSH1', ...common },
      { pc: 2, op: 0x60, gas: '0x2325', gasCost: '0x3', memSize: 0, stack: ['0x1'], opName: 'PUSH1', ...common },
      {
        pc: 4,
        op: 0x52,
        gas: '0x2322',
        gasCost: '0x6',
        memSize: 0,
        stack: ['0x1', '0x0'],
        opName: 'MSTORE',
        ...common,
      },
    ]);
    expect(lines.at(-1)).toEqual({ output: slot(1), gasUsed: '0x521a', pass: true });
    const [last] = linesOf(input, { enableMemory: true, enableReturnData: true }).slice(-1);
    expect(last).toMatchObject({ memory: slot(1), returnData: '0x', memSize: 32 });
  });

  test('gives lines away as they come, where somebody takes them', () => {
    const input = scenario([[first, '1 2 ADD']]);
    const lines: object[] = [];
    const rest = traced.trace(input, stepLineTracer({ write: (line) => lines.push(line), disableStack: true }));
    expect(lines).toEqual(linesOf(input, { disableStack: true }));
    expect(rest.map((line) => (line as StepSummary).pass)).toEqual([true]);
  });

  test('says why an instruction halts its frame, whenever that is found', () => {
    const errors = (source: string) => linesOf(scenario([[first, source]])).at(-1)?.error;
    expect(errors('POP')).toBe('stack underflow (0 <=> 1)');
    expect(errors('3 JUMP')).toBe('invalid jump destination');
    expect(errors('#0c')).toBe('invalid opcode: opcode 0xc not defined');
  });

  test('passes over a caller while its callee runs', () => {
    const input = scenario([
      [first, `${plainly('STATICCALL', at(second), '5000')} STOP`],
      [second, '1 2 ADD POP'],
    ]);
    const steps = linesOf(input).map(({ opName, depth }) => `${opName} ${depth}`);
    expect(steps.slice(6)).toEqual(['STATICCALL 1', 'PUSH1 2', 'PUSH1 2', 'ADD 2', 'POP 2', 'STOP 2', 'STOP 1']);
  });

  test('finds the costs that the library finds', async () => {
    const calls = new Set<number>([Op.CALL, Op.CALLCODE, Op.DELEGATECALL, Op.STATICCALL, Op.CREATE, Op.CREATE2]);
    const oracle = new EvmOracle();
    let compared = 0;
    for (let seed = 1; seed <= count('traced-costs', { ci: 4, long: 400 }); seed++) {
      const input = toScenario(fuzzCase(seed));
      const theirs: { pc: number; cost: bigint }[] = [];
      oracle.before = ({ events }) => {
        events.removeAllListeners();
        events.on('step', ({ pc, opcode }) => {
          theirs.push({ pc, cost: BigInt(opcode.dynamicFee ?? opcode.fee) });
        });
      };
      await oracle.run(input);
      let next = 0;
      const lines: StepLine[] = [];
      traced.trace(input, stepLineTracer({ disableStack: true, write: (line) => lines.push(line as StepLine) }));
      for (const { pc, op, gasCost, error } of lines) {
        const their = theirs[next];
        // The STOP behind code that just ends.
        if (op === Op.STOP && their?.pc !== pc) continue;
        next++;
        if (error !== undefined || calls.has(op)) continue;
        compared++;
        expect([seed, next, pc, op, BigInt(gasCost)]).toEqual([seed, next, their?.pc, op, their?.cost]);
      }
      expect(next).toBe(theirs.length);
    }
    expect(compared).toBeGreaterThan(1000);
  });
});
