// The choice of a tracer: names, options, and what is wrong with them, by field.
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import type { Hex } from '../../../src/base/hex.ts';
import type { CallFrame } from '../../../src/trace/call-tracer.ts';
import type { TracerFactory } from '../../../src/trace/tracer.ts';
import { readTracer, TRACER_NAMES, type TraceOf, type TracerChoice } from '../../../src/trace/tracers.ts';
import { at, calling, first, scenario, second } from '../../support/evm-calls.ts';
import { TracedHost } from '../../support/evm-traces.ts';

let traced: TracedHost;
beforeAll(async () => {
  traced = await TracedHost.create();
});

const input = scenario([
  [first, `${calling('CALL', at(second), 1)} STOP`],
  [second, '1 1 SSTORE STOP'],
]);

test('every tracer can be chosen by its name', () => {
  for (const tracer of TRACER_NAMES) {
    const choice = { tracer, ...(tracer === 'muxTracer' ? { tracers: {} } : {}) } as TracerChoice;
    expect(traced.trace(input, readTracer(choice, 'request')), tracer).toBeInstanceOf(Object);
  }
});

test('options reach the tracers, those of several at once among them', () => {
  const choice: TracerChoice = {
    tracer: 'muxTracer',
    tracers: { callTracer: { onlyTopCall: true }, structLog: { disableStack: true } },
  };
  const result = traced.trace(input, readTracer(choice, 'request')) as { callTracer: CallFrame; structLog: object };
  expect(result.callTracer).not.toHaveProperty('calls');
  expect(JSON.stringify(result.structLog)).not.toContain('stack');
});

test("a tracer of the caller's own hears what it has methods for, and asks for the state", () => {
  const slots = new Map<Hex, Hex>();
  const writes: TracerFactory<ReadonlyMap<Hex, Hex>> = ({ state }) => ({
    stepped(step) {
      if (step.opcode === 0x55) slots.set(step.topWord(0), state.getStorage(step.address, step.topWord(0)));
    },
    result: () => slots,
  });
  const choice = { tracer: writes };
  expectTypeOf<TraceOf<typeof choice>>().toEqualTypeOf<ReadonlyMap<Hex, Hex>>();
  expectTypeOf<TraceOf<{ tracer: 'callTracer' }>>().toEqualTypeOf<CallFrame | null>();
  expect(traced.trace(input, readTracer(choice, 'request'))).toEqual(
    new Map([[`0x${'1'.padStart(64, '0')}`, `0x${'0'.repeat(64)}`]]),
  );
});

test('what a tracer throws reaches the caller, and the core goes on', () => {
  const broken: TracerFactory = () => ({
    frameBegan() {
      throw new Error('no frames, please');
    },
    result: () => undefined,
  });
  expect(() => traced.trace(input, broken)).toThrow('no frames, please');
  expect(traced.trace(input, readTracer({ tracer: 'callTracer' }, 'request'))).toMatchObject({ type: 'CALL' });
});

describe('refused, with the field, is', () => {
  const cases: [string, object, RegExp][] = [
    [
      'an unknown tracer',
      { tracer: 'callTracr' },
      /^request\.tracer: unknown tracer "callTracr"; did you mean "callTracer"\? There are callTracer, /,
    ],
    ['no tracer', {}, /^request\.tracer: expected callTracer, .* or a function, got nothing/],
    ['an option of another tracer', { tracer: 'callTracer', diffMode: true }, /^request\.diffMode: unknown/],
    [
      'an option with a typing mistake',
      { tracer: 'callTracer', withLogs: true },
      /^request\.withLogs: unknown; did you mean "withLog"\?/,
    ],
    ['a value of the wrong kind', { tracer: 'callTracer', withLog: 1 }, /^request\.withLog: expected true or false/],
    ['a negative limit', { tracer: 'structLog', limit: -1 }, /^request\.limit: expected an integer/],
    [
      'both modes of the prestate',
      { tracer: 'prestateTracer', diffMode: true, includeEmpty: true },
      /^request\.includeEmpty: not together with diffMode/,
    ],
    [
      'an opcode out of range',
      { tracer: 'erc7562Tracer', ignoredOpcodes: [1, 256] },
      /^request\.ignoredOpcodes\[1\]: /,
    ],
    ['no list of opcodes', { tracer: 'erc7562Tracer', ignoredOpcodes: 1 }, /^request\.ignoredOpcodes: expected a list/],
    ['lines for nobody', { tracer: 'eip3155', write: 'here' }, /^request\.write: expected a function/],
    ['no tracers of several', { tracer: 'muxTracer' }, /^request\.tracers: expected an object/],
    [
      'an unknown one of several',
      { tracer: 'muxTracer', tracers: { noop: {} } },
      /^request\.tracers\.noop: unknown tracer/,
    ],
    [
      'an option of one of several',
      { tracer: 'muxTracer', tracers: { callTracer: { x: 1 } } },
      /^request\.tracers\.callTracer\.x: unknown/,
    ],
    ["options of one's own tracer", { tracer: () => ({}), withLog: true }, /^request\.withLog: unknown/],
  ];
  for (const [what, choice, message] of cases) {
    test(what, () => {
      const read = () => readTracer(choice as TracerChoice, 'request');
      expect(read).toThrow(InputError);
      expect(read).toThrow(message);
    });
  }
});
