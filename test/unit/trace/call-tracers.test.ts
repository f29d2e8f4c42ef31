// The tracers of calls on small contracts: who calls whom, what fails and why, which logs stand.

import { beforeAll, describe, expect, test } from 'vitest';
import { hexFromBytes } from '../../../src/base/hex.ts';
import { rulesOf } from '../../../src/chain/rules.ts';
import { type CallFrame, callTracer } from '../../../src/trace/call-tracer.ts';
import { type FlatCall, flatCallTracer } from '../../../src/trace/flat-call-tracer.ts';
import { fourByteTracer } from '../../../src/trace/four-byte-tracer.ts';
import { muxTracer } from '../../../src/trace/mux-tracer.ts';
import { noopTracer } from '../../../src/trace/noop-tracer.ts';
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

let traced: TracedHost;
beforeAll(async () => {
  traced = await TracedHost.create();
});

const callsOf = (input: EvmScenario, options: Parameters<typeof callTracer>[0] = {}): CallFrame =>
  traced.trace(input, callTracer(options))!;

const DEEP = scenario([[first, '0 0 0 0 0 ADDRESS 100 GAS SUB CALL STOP']], { gasLimit: 3_000_000n }, 'homestead');
DEEP.block.gasLimit = 10n ** 11n;

const NESTED = scenario([
  [first, `${calling('CALL', at(second), 7, '50000')} ${plainly('STATICCALL', '4', '20')} STOP`],
  [second, `${plainly('DELEGATECALL', at(third), '1000')} ${calling('CALLCODE', at(third), 2, '2000')} STOP`],
  [third, '0x2a 0 MSTORE 32 0 RETURN'],
]);

describe('callTracer', () => {
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

  test('prints in the order of geth', () => {
    const call = callsOf(scenario([[first, '0 0 LOG0 1 0 REVERT']]), { withLog: true });
    const order = ['from', 'gas', 'gasUsed', 'to', 'input', 'output', 'error', 'value', 'type'];
    expect(Object.keys(call)).toEqual(order);
  });

  test('nests calls, with who calls whom for which value', () => {
    const output = `0x${'2a'.padStart(64, '0')}`;
    const inner = { input: '0x', output, gasUsed: '0x12' };
    expect(callsOf(NESTED).calls).toEqual([
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
          { type: 'CALLCODE', from: at(second), to: at(third), value: '0x2', gas: '0x10cc', ...inner },
        ],
      },
      { type: 'STATICCALL', from: at(first), to: at(addressOf(4n)), gas: '0x14', gasUsed: '0xf', input: '0x' },
    ]);
  });

  test('tells the outermost call alone where that is asked for', () => {
    const call = callsOf(NESTED, { onlyTopCall: true });
    expect(call).toEqual({ ...callsOf(NESTED), calls: undefined });
    const logging = scenario([
      [first, `0 0 LOG0 ${calling('CALL', at(second), 0)} 0 0 LOG0 STOP`],
      [second, '0 0 LOG0 STOP'],
    ]);
    const { logs } = callsOf(logging, { onlyTopCall: true, withLog: true });
    expect(logs?.map(({ address, index }) => [address, index])).toEqual([
      [at(first), '0x0'],
      [at(first), '0x2'],
    ]);
  });

  test('tells creations, with the new code as output and no address where they failed', () => {
    const init = hexFromBytes(program(initCode(2, 0xaa)));
    const input = scenario([
      [first, `${creating(initCode(2, 0xaa), 3)} ${creating('0 0 REVERT')} ${creating('POP')} STOP`],
    ]);
    const { calls } = callsOf(input);
    const to = expect.stringMatching(/^0x[0-9a-f]{40}$/);
    expect(calls).toMatchObject([
      { type: 'CREATE', from: at(first), to, value: '0x3', input: init, output: '0xaa00' },
      { type: 'CREATE', error: 'execution reverted' },
      { type: 'CREATE', error: 'stack underflow (0 <=> 1)' },
    ]);
    expect(calls!.map((call) => 'to' in call)).toEqual([true, false, false]);
  });

  test('tells of Frontier contracts that stay without the code that they could not pay for', () => {
    const input = scenario([], { to: undefined, gasLimit: 60_000n, data: program(initCode(64, 1)) }, 'chainstart');
    const call = callsOf(input);
    expect(call.error).toBeUndefined();
    expect(call.output).toBe(`0x01${'00'.repeat(63)}`);
  });

  test('tells what a revert says', () => {
    const text = (word: string, offset: number) => `0x${word.padEnd(64, '0')} ${offset} MSTORE`;
    const error = [text('08c379a0', 0), '32 4 MSTORE', '5 36 MSTORE', text('68656c6c6f', 68), '100 0 REVERT'];
    const panic = [text('4e487b71', 0), '0x11 4 MSTORE', '36 0 REVERT'];
    const input = scenario([
      [first, `${calling('CALL', at(second), 0)} ${calling('CALL', at(third), 0)} STOP`],
      [second, error.join(' ')],
      [third, panic.join(' ')],
    ]);
    expect(callsOf(input).calls).toMatchObject(
      [
        { error: 'execution reverted', revertReason: 'hello', output: /^0x08c379a0/ },
        { error: 'execution reverted', revertReason: 'arithmetic underflow or overflow' },
      ].map((call) => ({ ...call, ...(call.output && { output: expect.stringMatching(call.output) }) })),
    );
  });

  test('tells self-destructions as calls, and logs where they count', () => {
    const input = scenario([
      [first, `0 0 LOG0 ${calling('CALL', at(second), 0)} ${calling('CALL', at(third), 0)} 1 0 0 LOG1 STOP`],
      [second, `${at(third)} SELFDESTRUCT`],
      [third, '0 0 LOG0 0 0 REVERT'],
    ]);
    const call = callsOf(input, { withLog: true });
    // The log that was taken back leaves its number to the next one.
    expect(call.logs).toEqual([
      { address: at(first), topics: [], data: '0x', index: '0x0', position: '0x0' },
      { address: at(first), topics: [`0x${'1'.padStart(64, '0')}`], data: '0x', index: '0x1', position: '0x2' },
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

  test('tells trees of 1,024 calls, and what stops them', () => {
    let depth = 0;
    let call: CallFrame | undefined = callsOf(DEEP);
    for (; call?.calls !== undefined; call = call.calls[0]) depth++;
    expect(depth).toBe(1025);
    expect(call?.error).toBe('max call depth exceeded');
    expect(() => JSON.stringify(callsOf(DEEP))).not.toThrow();
  });
});

describe('flatCallTracer', () => {
  const flat = (input: EvmScenario, options: Parameters<typeof flatCallTracer>[0] = {}): FlatCall[] =>
    traced.trace(input, flatCallTracer(options));

  test('lists calls by their place', () => {
    expect(flat(NESTED).map(({ traceAddress, subtraces, type }) => [traceAddress, subtraces, type])).toEqual([
      [[], 1, 'call'],
      [[0], 2, 'call'],
      [[0, 0], 0, 'call'],
      [[0, 1], 0, 'call'],
    ]);
    expect(flat(NESTED)[3]).toEqual({
      action: { callType: 'callcode', from: at(second), gas: '0x10cc', input: '0x', to: at(third), value: '0x2' },
      blockHash: null,
      blockNumber: 1,
      result: { gasUsed: '0x12', output: `0x${'2a'.padStart(64, '0')}` },
      subtraces: 0,
      traceAddress: [0, 1],
      transactionHash: null,
      transactionPosition: 0,
      type: 'call',
    });
  });

  test('passes over precompiled contracts unless they are asked for', () => {
    const hidden = flat(NESTED, { includePrecompiles: true }).at(-1);
    expect(hidden).toMatchObject({ action: { callType: 'staticcall', value: '0x0' }, traceAddress: [1] });
  });

  test('tells creations and self-destructions, and words errors as OpenEthereum does where asked', () => {
    const input = scenario(
      [
        [
          first,
          `${creating(initCode(2, 0xaa), 3)} ${creating('POP')} ${calling('CALL', at(second), 0)} ${at(third)} SELFDESTRUCT`,
        ],
        [second, '0 0 REVERT'],
      ],
      { gasLimit: 5_000_000n },
    );
    const parts = flat(input).slice(1);
    expect(parts).toMatchObject([
      { type: 'create', action: { creationMethod: 'create', value: '0x3' }, result: { code: '0xaa00' } },
      { type: 'create', error: 'stack underflow (0 <=> 1)' },
      { type: 'call', error: 'execution reverted', result: { output: '0x' } },
      { type: 'suicide', action: { address: at(first), refundAddress: at(third), balance: expect.any(String) } },
    ]);
    expect('result' in parts[1]!).toBe(false);
    expect('result' in parts[3]!).toBe(false);
    const errors = flat(input, { convertParityErrors: true }).map(({ error }) => error);
    expect(errors).toEqual([undefined, undefined, 'Stack underflow', 'Reverted', undefined]);
  });

  test('refuses trees whose places alone would fill the memory', () => {
    // 1,024 deep, and wide at every depth: the places take the square of the depth.
    const input = scenario(
      [[first, '0 0 0 0 0 ADDRESS 200 GAS SUB CALL 0 0 0 0 0 4 40 CALL STOP']],
      { gasLimit: 40_000_000n },
      'homestead',
    );
    input.block.gasLimit = 10n ** 11n;
    const calls = flat(input, { includePrecompiles: true });
    expect(calls.length).toBeGreaterThan(2000);
    expect(Math.max(...calls.map(({ traceAddress }) => traceAddress.length))).toBe(1025);
  });
});

test('4byteTracer counts functions by selector and size of arguments, but not of precompiled contracts', () => {
  const call = (to: string, size: number) => `0 0 ${size} 0 0 ${to} 5000 CALL`;
  const input = scenario(
    [
      [
        first,
        `0xaabbccdd 0xe0 SHL 0 MSTORE ${[36, 36, 4, 3].map((size) => call(at(second), size)).join(' ')} ${call('4', 36)} ${creating('STOP')} STOP`,
      ],
      [second, 'STOP'],
    ],
    { data: program('0x01020304 0x0506') },
  );
  expect(traced.trace(input, fourByteTracer())).toEqual({
    [`${hexFromBytes(input.transactions[0]!.data).slice(0, 10)}-${input.transactions[0]!.data.length - 4}`]: 1,
    '0xaabbccdd-0': 1,
    '0xaabbccdd-32': 2,
  });
});

test('noopTracer asks for no event and says nothing', () => {
  expect(traced.trace(NESTED, noopTracer())).toEqual({});
});

test('muxTracer gives each tracer what it would hear alone, and asks only for what they ask for', () => {
  const result = traced.trace(NESTED, muxTracer({ a: callTracer(), b: fourByteTracer(), c: noopTracer() }));
  expect(result).toEqual({ a: callsOf(NESTED), b: {}, c: {} });
  const state = traced.tracing.state;
  const block = { number: 1n, hash: undefined, beneficiary: at(third), rules: rulesOf('cancun') };
  const both = muxTracer({ a: callTracer() })({ index: 0, hash: undefined, block, firstLog: 0, state });
  expect(Object.keys(both).sort()).toEqual([
    ...['frameBegan', 'frameEnded', 'result', 'selfDestructed', 'transactionBegan', 'transactionEnded'],
  ]);
});
