// The two consumers of the tracing seam: geth's call tree, and the lines of EIP-3155.
import { beforeAll, describe, expect, test } from 'vitest';
import { Op } from '../../../assembly/execute/evm/rules/opcodes.ts';
import { hexFromBytes } from '../../../src/base/hex.ts';
import { type CallFrame, CallTracer } from '../../../src/core/evm/tracers/call-tracer.ts';
import { StepTracer, type StepTracerOptions, type TraceLine } from '../../../src/core/evm/tracers/step-tracer.ts';
import { count } from '../../support/effort.ts';
import {
  at,
  calling,
  creating,
  first,
  initCode,
  plainly,
  scenario,
  second,
  sender,
  third,
} from '../../support/evm-calls.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, type EvmScenario } from '../../support/evm-scenario.ts';
import { TracedHost } from '../../support/evm-traces.ts';
import { fuzzCase, toScenario } from '../../support/fuzz-case.ts';
import { EvmOracle } from '../../support/fuzz-oracle.ts';

let traced: TracedHost;
beforeAll(async () => {
  traced = await TracedHost.create();
});

describe('the call tracer', () => {
  const callsOf = (input: EvmScenario, options: { withLogs?: boolean } = {}): CallFrame => {
    const tracer = new CallTracer(options);
    traced.run(input, tracer);
    expect([...tracer.calls.keys()]).toEqual([0]);
    return tracer.calls.get(0)!;
  };

  test('tells a transfer with the gas of the transaction', () => {
    expect(callsOf(scenario([], { to: second, value: 5n }))).toEqual({
      type: 'CALL',
      from: at(sender),
      to: at(second),
      value: '0x5',
      gas: '0x7a120',
      gasUsed: '0x5208',
      input: '0x',
    });
  });

  test('nests calls, with who calls whom for which value', () => {
    const input = scenario([
      [first, `${calling('CALL', at(second), 7, '50000')} ${plainly('STATICCALL', '4', '20')} STOP`],
      [second, `${plainly('DELEGATECALL', at(third), '1000')} ${calling('CALLCODE', at(third), 2, '2000')} STOP`],
      [third, '0x2a 0 MSTORE 32 0 RETURN'],
    ]);
    const output = `0x${'2a'.padStart(64, '0')}`;
    const inner = { input: '0x', output, gasUsed: '0x12' };
    expect(callsOf(input).calls).toEqual([
      {
        type: 'CALL',
        from: at(first),
        to: at(second),
        value: '0x7',
        gas: `0x${(50_000 + 2300).toString(16)}`,
        gasUsed: expect.any(String),
        input: '0x',
        calls: [
          { type: 'DELEGATECALL', from: at(second), to: at(third), value: '0x7', gas: '0x3e8', ...inner },
          {
            type: 'CALLCODE',
            from: at(second),
            to: at(third),
            value: '0x2',
            gas: `0x${(4300).toString(16)}`,
            ...inner,
          },
        ],
      },
      { type: 'STATICCALL', from: at(first), to: at(addressOf(4n)), gas: '0x14', gasUsed: '0xf', input: '0x' },
    ]);
  });

  test('tells creations, with the new code as output and no address where they failed', () => {
    const init = hexFromBytes(program(initCode(2, 0xaa)));
    const input = scenario([
      [first, `${creating(initCode(2, 0xaa), 3)} ${creating('0 0 REVERT')} ${creating('POP')} STOP`],
    ]);
    const { calls } = callsOf(input);
    expect(calls).toMatchObject(
      [
        { type: 'CREATE', from: at(first), to: /^0x[0-9a-f]{40}$/, value: '0x3', input: init, output: '0xaa00' },
        { type: 'CREATE', error: 'execution reverted' },
        { type: 'CREATE', error: 'stack underflow' },
      ].map((call) => ({ ...call, ...(call.to === undefined ? {} : { to: expect.stringMatching(call.to) }) })),
    );
    expect(calls!.map((call) => 'to' in call)).toEqual([true, false, false]);
  });

  test('tells errors in the words of geth, and what a revert says', () => {
    const text = (word: string, offset: number) => `0x${word.padEnd(64, '0')} ${offset} MSTORE`;
    const reason = [text('08c379a0', 0), '32 4 MSTORE', '5 36 MSTORE', text('68656c6c6f', 68), '100 0 REVERT'].join(
      ' ',
    );
    const input = scenario([
      [
        first,
        `${plainly('STATICCALL', at(second), '50000')} ${calling('CALL', at(third), 0)} ${calling('CALL', at(third), 10 ** 9)} STOP`,
      ],
      [second, '1 1 SSTORE'],
      [third, reason],
    ]);
    const { calls } = callsOf(input);
    expect(calls!.map(({ error }) => error)).toEqual([
      'write protection',
      'execution reverted',
      'insufficient balance for transfer',
    ]);
    expect(calls![1]).toMatchObject({ revertReason: 'hello', output: expect.stringMatching(/^0x08c379a0/) });
    expect(calls![2]).toMatchObject({ gasUsed: '0x0' });
  });

  test('tells self-destructions as calls, and logs where they count', () => {
    const input = scenario([
      [first, `0 0 LOG0 ${calling('CALL', at(second), 0)} ${calling('CALL', at(third), 0)} 1 0 0 LOG1 STOP`],
      [second, `${at(third)} SELFDESTRUCT`],
      [third, '0 0 LOG0 0 0 REVERT'],
    ]);
    const call = callsOf(input, { withLogs: true });
    expect(call.logs).toMatchObject([
      { position: '0x0', topics: [] },
      { position: '0x2', topics: [`0x${'1'.padStart(64, '0')}`] },
    ]);
    expect(call.calls![0]!.calls).toEqual([
      {
        type: 'SELFDESTRUCT',
        from: at(second),
        to: at(third),
        value: '0x3e8',
        gas: '0x0',
        gasUsed: '0x0',
        input: '0x',
      },
    ]);
    expect(call.calls![1]).not.toHaveProperty('logs');
    expect(callsOf(input)).not.toHaveProperty('logs');
  });
});

describe('the step tracer', () => {
  const linesOf = (input: EvmScenario, options: StepTracerOptions = {}): TraceLine[] => {
    const lines: TraceLine[] = [];
    traced.run(input, new StepTracer((line) => lines.push(line), options));
    return lines;
  };

  test('writes the lines of EIP-3155', () => {
    const input = scenario([[first, '1 0 MSTORE 2 STOP']], { gasLimit: 30_000n });
    const common = { depth: 1, refund: 0 };
    expect(linesOf(input)).toEqual([
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
      { pc: 5, op: 0x60, gas: '0x231c', gasCost: '0x3', memSize: 32, stack: [], opName: 'PUSH1', ...common },
      { pc: 7, op: 0x00, gas: '0x2319', gasCost: '0x0', memSize: 32, stack: ['0x2'], opName: 'STOP', ...common },
    ]);
    const [last] = linesOf(input, { withMemory: true, withReturnData: true }).slice(-1);
    expect(last).toMatchObject({ memory: `0x${'1'.padStart(64, '0')}`, returnData: '0x' });
  });

  test('counts the gas of a callee to its call, and says why an instruction halts', () => {
    const input = scenario([
      [first, `${calling('CALL', at(second), 1, '5000')} ${calling('CALL', at(addressOf(4n)), 0, '100')} STOP`],
      [second, 'POP'],
    ]);
    const lines = linesOf(input);
    const costs = lines.filter(({ op }) => op === Op.CALL).map(({ gasCost }) => Number(gasCost));
    // cold account and value; a precompile is warm
    expect(costs).toEqual([2600 + 9000 + 5000, 100 + 100]);
    const pop = lines.find(({ depth }) => depth === 2);
    expect(pop).toMatchObject({ opName: 'POP', error: 'stack underflow', gas: pop!.gasCost });
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
      for (const { pc, op, gasCost, error } of linesOf(input)) {
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
