// prestateTracer: what a transaction met, and what it changed.

import { beforeAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { rulesOf } from '../../../src/chain/rules.ts';
import type { PrestateTracerOptions } from '../../../src/option-types.ts';
import { type Prestate, type PrestateDiff, prestateTracer } from '../../../src/trace/prestate-tracer.ts';
import { at, calling, creating, first, initCode, scenario, second, sender, third } from '../../support/evm-calls.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, type EvmScenario } from '../../support/evm-scenario.ts';
import { hexText } from '../../support/evm-state.ts';
import { TracedHost } from '../../support/evm-traces.ts';

let traced: TracedHost;
beforeAll(async () => {
  traced = await TracedHost.create();
});

const met = (input: EvmScenario, options: PrestateTracerOptions = {}) =>
  traced.trace(input, prestateTracer(options)) as Prestate;
const diff = (input: EvmScenario, options: PrestateTracerOptions = {}) =>
  traced.trace(input, prestateTracer({ ...options, diffMode: true })) as PrestateDiff;

const slot = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;
const stored = (input: EvmScenario, address: Uint8Array, slots: Record<number, number>) => {
  const { storage } = input.accounts.get(hexText(address))!;
  for (const [key, value] of Object.entries(slots)) storage.set(slot(Number(key)).slice(2), BigInt(value));
  return input;
};
const beneficiary = at(addressOf(0x99n));

describe('prestateTracer tells', () => {
  test('every account and slot that was met, as it was before', () => {
    const input = stored(
      scenario([
        [first, `5 1 SSTORE ${calling('CALL', at(second), 7)} 1 SLOAD 9 SLOAD STOP`],
        [second, `${at(third)} BALANCE STOP`],
        [third, 'STOP'],
      ]),
      first,
      { 1: 2, 9: 8 },
    );
    const state = met(input);
    expect(Object.keys(state)).toEqual([at(sender), at(first), at(second), at(third)].sort());
    expect(state[at(first)]).toMatchObject({ balance: '0x3e8', storage: { [slot(1)]: slot(2), [slot(9)]: slot(8) } });
    expect(state[at(first)]?.code).toMatch(/^0x6005/);
    expect(state[at(first)]?.codeHash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(state[at(sender)]).toEqual({ balance: '0x56bc75e2d63100000', nonce: 1 });
  });

  test('nothing of what an instruction would have met that halted', () => {
    const state = met(
      scenario([
        [first, `${calling('CALL', at(second), 0, '2000')} STOP`],
        // Too little for a cold slot.
        [second, '1 SLOAD'],
      ]),
    );
    expect(state[at(second)]).not.toHaveProperty('storage');
  });

  test('no empty accounts unless they are asked for', () => {
    const input = scenario([[first, '0x1234 BALANCE STOP']]);
    const empty = at(addressOf(0x1234n));
    expect(met(input)).not.toHaveProperty(empty);
    expect(met(input, { includeEmpty: true })).toMatchObject({ [empty]: { balance: '0x0' }, [beneficiary]: {} });
  });

  test('no code and no storage where that is asked for', () => {
    const input = scenario([[first, '1 SLOAD STOP']]);
    expect(met(input, { disableCode: true })[at(first)]).toEqual({
      balance: '0x3e8',
      codeHash: expect.any(String),
      nonce: 1,
      storage: { [slot(1)]: slot(0) },
    });
    expect(met(input, { disableStorage: true })[at(first)]).not.toHaveProperty('storage');
  });
});

describe('in diff mode it tells', () => {
  test('what changed, before and after, and leaves out what did not', () => {
    const input = stored(
      scenario([
        [first, `5 1 SSTORE 0 2 SSTORE 3 3 SSTORE 4 SLOAD ${calling('CALL', at(second), 7)} STOP`],
        [second, `${at(third)} BALANCE STOP`],
        [third, 'STOP'],
      ]),
      first,
      { 1: 2, 2: 1, 4: 4 },
    );
    const { pre, post } = diff(input);
    expect(pre[at(first)]?.storage).toEqual({ [slot(1)]: slot(2), [slot(2)]: slot(1) });
    expect(post[at(first)]).toEqual({ balance: '0x3e1', storage: { [slot(1)]: slot(5), [slot(3)]: slot(3) } });
    expect([pre[at(second)]?.balance, post[at(second)]]).toEqual(['0x3e8', { balance: '0x3ef' }]);
    expect(pre).not.toHaveProperty(at(third));
    expect(post[at(sender)]).toMatchObject({ nonce: 2 });
    // It was empty, so that it is told of only as it is now.
    expect([beneficiary in pre, post[beneficiary]?.balance]).toEqual([false, expect.any(String)]);
  });

  test('new contracts after, and destroyed ones before alone', () => {
    const input = scenario(
      [
        [first, `${creating(initCode(2, 0xaa), 3)} ${calling('CALL', at(second), 0)} STOP`],
        [second, `${at(third)} SELFDESTRUCT`],
      ],
      {},
      'shanghai',
    );
    const { pre, post } = diff(input);
    const created = Object.entries(post).find(([, account]) => account.code === '0xaa00');
    expect(created?.[1]).toMatchObject({ balance: '0x3', nonce: 1 });
    expect(pre).not.toHaveProperty(created![0]);
    expect([at(second) in pre, at(second) in post]).toEqual([true, false]);
    expect(post[at(third)]).toMatchObject({ balance: '0x3e8' });
  });

  test('from Cancun on, contracts that stay although they asked for their end', () => {
    const { pre, post } = diff(scenario([[first, `${at(third)} SELFDESTRUCT`]]));
    expect([pre[at(first)]?.balance, post[at(first)]]).toEqual(['0x3e8', { balance: '0x0' }]);
  });

  test('a contract that the transaction itself creates', () => {
    const { pre, post } = diff(scenario([], { to: undefined, value: 3n, data: program(initCode(2, 0xaa)) }));
    expect(Object.values(post).find(({ code }) => code === '0xaa00')).toMatchObject({ balance: '0x3', nonce: 1 });
    expect(Object.keys(pre)).toEqual([at(sender)]);
  });

  test('nothing of what a revert took back', () => {
    const { pre, post } = diff(scenario([[first, '1 1 SSTORE 0 0 REVERT']]));
    expect([at(first) in pre, at(first) in post]).toEqual([false, false]);
  });
});

test('what is read for a tracer changes nothing', () => {
  const input = scenario([
    [first, `5 1 SSTORE ${calling('CALL', at(second), 7)} STOP`],
    [second, `${at(third)} SELFDESTRUCT`],
  ]);
  const plain = traced.run(input, {});
  const tracer = prestateTracer({ diffMode: true })({
    index: 0,
    hash: undefined,
    block: { number: 1n, hash: undefined, beneficiary, rules: rulesOf('cancun') },
    firstLog: 0,
    state: traced.tracing.state,
  });
  const watched = traced.run(input, tracer);
  expect(watched.results).toEqual(plain.results);
  const text = ({ changes }: typeof plain) =>
    changes.flat().map(({ kind, address, slot: key, value }) => `${kind} ${[address, key, value].map(hexText)}`);
  // A credit that was read is written as a sum.
  expect(
    text(watched)
      .map((line) => line.split(',').slice(0, 2).join())
      .sort(),
  ).toEqual(
    text(plain)
      .map((line) => line.split(',').slice(0, 2).join())
      .sort(),
  );
});
