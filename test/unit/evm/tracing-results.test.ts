// What results say beyond the receipt: why a transaction halted, and the value that moved. Of the build that ships.
import { beforeAll, describe, expect, test } from 'vitest';
import { EvmHalt } from '../../../assembly/layout.ts';
import { HALT_REASONS } from '../../../src/chain/halt-reasons.ts';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { haltText } from '../../../src/core/evm/evm-decode.ts';
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
import { EvmHost } from '../../support/evm-host.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, type EvmScenario, preState } from '../../support/evm-scenario.ts';
import { hexText } from '../../support/evm-state.ts';

let host: EvmHost;
beforeAll(async () => {
  host = await EvmHost.create({ memoryMiB: 64 });
});

function run(input: EvmScenario, recordTransfers = false) {
  const { base, codes } = preState(input);
  return host.run({ ...input.block, recordTransfers }, input.transactions, base, codes).results;
}

test('every reason to halt has its words, in the order of the numbers', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16].map(haltText)).toEqual([...HALT_REASONS, undefined]);
  expect(HALT_REASONS.length).toBe(Object.keys(EvmHalt).length - 1);
});

describe('the reason of a halt is', () => {
  const lots = 'more: 1 @more JUMP';
  const code = (source: string, fork: Hardfork = 'cancun', gasLimit = 500_000n) =>
    scenario([[first, source]], { gasLimit }, fork);
  const created = (source: string, fork: Hardfork = 'cancun', gasLimit = 500_000n) =>
    scenario([], { to: undefined, data: program(source), gasLimit }, fork);
  const cases: [string, EvmScenario][] = [
    ['out of gas', code('more: @more JUMP', 'cancun', 30_000n)],
    ['out of gas', code('1 1 SSTORE', 'cancun', 30_000n)],
    ['out of gas', code('1 0xffffffffffffffff MSTORE')],
    ['out of gas', code('1 0 SSTORE', 'istanbul', 23_000n)],
    ['out of gas', code('0 0 0 0 0 0xffff 0xffffffff CALL', 'homestead')],
    ['out of gas', created(initCode(20_000), 'cancun', 100_000n)],
    ['stack underflow', code('POP')],
    ['stack underflow', code('1 DUP2')],
    ['stack underflow', code('1 SWAP1')],
    ['stack underflow', code('0 0 0 0 0 0 CALL')],
    ['stack underflow', code('0 LOG1')],
    ['stack overflow', code(lots)],
    ['stack overflow', code('1 more: DUP1 @more JUMP')],
    ['stack overflow', code('more: CALLER @more JUMP')],
    ['invalid jump destination', code('4 JUMP')],
    ['invalid jump destination', code('1 0xffffffffffffffffffff JUMPI')],
    ['invalid opcode', code('#fe')],
    ['invalid opcode', code('#0c')],
    ['invalid opcode', code('1 CLZ', 'prague')],
    ['invalid opcode', code('0 0 REVERT', 'spuriousDragon')],
    ['return data out of bounds', code('1 0 0 RETURNDATACOPY')],
    ['code too large', created(initCode(24_577), 'cancun', 10_000_000n)],
    ['code begins with 0xef', created(initCode(1, 0xef))],
    ['init code too large', code('49153 0 0 CREATE', 'shanghai')],
    ['precompile failure', scenario([], { to: addressOf(9n), data: new Uint8Array(10) })],
    ['out of gas', scenario([], { to: addressOf(8n), gasLimit: 22_000n })],
    // The outermost frame's own reason, whatever others halted for before.
    ['invalid jump destination', code(`${calling('CALL', at(addressOf(9n)), 0, '10')} 4 JUMP`)],
    ['out of gas', code(`0 0 10 0 0 9 10 CALL POP 0xffffffffff MLOAD`)],
  ];
  test.each(cases)('%s (%#)', (reason, input) => {
    const [result] = run(input);
    expect(result).toMatchObject({ status: 'halted', halt: reason });
  });

  test('write in static context, for the frame that tried', () => {
    // The callee's failure is the caller's 0; the caller then halts for another reason.
    const input = scenario([
      [first, `${plainly('STATICCALL', at(second), '50000')} 0 MSTORE 32 0 RETURN`],
      [second, '1 0 SSTORE'],
    ]);
    const [result] = run(input);
    expect(result).toMatchObject({ status: 'success' });
    expect(result!.halt).toBeUndefined();
    expect(result!.returnData.at(-1)).toBe(0);
  });

  test('address collision', () => {
    const input = scenario([], { to: undefined, data: program('STOP') });
    // keccak256(rlp([sender, 1])): who lives there already makes the creation fail
    const [free] = run(input);
    const address = hexText(free!.created!);
    input.accounts.set(address, { nonce: 1n, balance: 0n, code: new Uint8Array(0), storage: new Map() });
    expect(run(input)[0]).toMatchObject({ status: 'halted', halt: 'address collision', gasUsed: 500_000n });
  });
});

describe('transfers', () => {
  const moved = (input: EvmScenario) =>
    (run(input, true)[0]!.transfers ?? []).map(
      ({ from, to, value, depth, kind }) => `${kind} ${depth}: ${value} from ${nameOf(from)} to ${nameOf(to)}`,
    );
  const known = new Map([
    [hexText(sender), 'sender'],
    [hexText(first), 'first'],
    [hexText(second), 'second'],
    [hexText(third), 'third'],
  ]);
  const nameOf = (address: Uint8Array) => known.get(hexText(address)) ?? 'new';

  const nested = () =>
    scenario(
      [
        [first, `${calling('CALL', at(second), 7)} ${calling('CALLCODE', at(third), 5)} 0 0 LOG0 STOP`],
        [second, `${calling('CALL', at(third), 3)} ${calling('CALL', at(second), 2, '0')}`],
        [third, 'STOP'],
      ],
      { value: 11n },
    );

  test('are listed in order, with the depth of who receives, to oneself too', () => {
    expect(moved(nested())).toEqual([
      'call 0: 11 from sender to first',
      'call 1: 7 from first to second',
      'call 2: 3 from second to third',
    ]);
    const toOneself = scenario([[first, `CALLVALUE @end JUMPI ${calling('CALL', at(first), 4)} STOP end: STOP`]]);
    expect(moved(toOneself)).toEqual(['call 1: 4 from first to first']);
  });

  test('of frames that fail are dropped, those of others stay', () => {
    const input = scenario([
      [first, `${calling('CALL', at(second), 7)} ${calling('CALL', at(third), 1)} ${creating('0 0 REVERT', 4)} STOP`],
      [second, `${calling('CALL', at(third), 3)} 0 0 REVERT`],
      [third, 'STOP'],
    ]);
    expect(moved(input)).toEqual(['call 1: 1 from first to third']);
    expect(moved(scenario([[first, `${calling('CALL', at(second), 7)} #fe`]], { value: 9n }))).toEqual([]);
  });

  test('of creations and self-destructions are among them, burnt value to oneself', () => {
    const input = scenario([
      [
        first,
        `${creating(initCode(1), 6)} ${calling('CALL', at(second), 0)} ${creating('ADDRESS SELFDESTRUCT', 8)} STOP`,
      ],
      [second, `${at(third)} SELFDESTRUCT`],
    ]);
    expect(moved(input)).toEqual([
      'creation 1: 6 from first to new',
      'selfdestruct 1: 1000 from second to third',
      'creation 1: 8 from first to new',
      'selfdestruct 1: 8 from new to new',
    ]);
    expect(moved(scenario([], { to: undefined, data: program('STOP'), value: 5n }))).toEqual([
      'creation 0: 5 from sender to new',
    ]);
  });

  test('are more than fit at first', () => {
    const input = scenario([[first, Array.from({ length: 100 }, () => calling('CALL', at(second), 1)).join(' ')]], {
      gasLimit: 5_000_000n,
    });
    expect(moved(input)).toEqual(Array.from({ length: 100 }, () => 'call 1: 1 from first to second'));
  });

  test('are missing, and the rest of the result is the same, where the block does not ask', () => {
    const input = nested();
    const [without] = run(input);
    const [{ transfers, ...rest }] = run(input, true) as [NonNullable<typeof without>];
    expect(transfers).toHaveLength(3);
    expect(without!.transfers).toBeUndefined();
    expect(rest).toEqual(without);
    expect(without!.logs).toHaveLength(1);
  });
});
