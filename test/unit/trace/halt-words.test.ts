// Why frames fail, in geth's words: what it says of an instruction depends on where it notices.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { callTracer } from '../../../src/trace/call-tracer.ts';
import { precompileWords } from '../../../src/trace/precompile-words.ts';
import { revertReason } from '../../../src/trace/revert-reason.ts';
import {
  at,
  calling,
  creating,
  first,
  initCode,
  inMemory,
  plainly,
  scenario,
  second,
} from '../../support/evm-calls.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, type EvmScenario } from '../../support/evm-scenario.ts';
import { TracedHost } from '../../support/evm-traces.ts';

let traced: TracedHost;
beforeAll(async () => {
  traced = await TracedHost.create();
});

/** The words of the innermost call that failed last. */
function wordsOf(input: EvmScenario): string | undefined {
  let call = traced.trace(input, callTracer())!;
  while (call.calls?.at(-1)?.error !== undefined) call = call.calls.at(-1)!;
  return call.error;
}

const code = (source: string, fork: Hardfork = 'cancun', gasLimit = 500_000n) =>
  scenario([[first, source]], { gasLimit }, fork);
const created = (source: string, fork: Hardfork = 'cancun', gasLimit = 500_000n) =>
  scenario([], { to: undefined, data: program(source), gasLimit }, fork);
const inStatic = (source: string) =>
  scenario([
    [first, `${plainly('STATICCALL', at(second), '100000')} STOP`],
    [second, source],
  ]);
/** `source` with just so much gas. */
const withGas = (source: string, gas: number, fork: Hardfork = 'cancun') =>
  scenario(
    [
      [first, `${calling('CALL', at(second), 0, `${gas}`)} STOP`],
      [second, source],
    ],
    {},
    fork,
  );

const FAR = '0xffffffffffffffffff';

describe('geth says', () => {
  const cases: [string, EvmScenario][] = [
    ['out of gas', code('more: @more JUMP', 'cancun', 30_000n)],
    ['stack underflow (1 <=> 2)', code('1 ADD')],
    ['stack underflow (2 <=> 4)', code('1 1 DUP4')],
    ['stack underflow (1 <=> 2)', code('1 SWAP1')],
    ['stack limit reached 1024 (1023)', code('more: 1 @more JUMP')],
    ['invalid jump destination', code('3 JUMP')],
    ['invalid opcode: INVALID', code('#fe')],
    ['invalid opcode: opcode 0xc not defined', code('#0c')],
    ['invalid opcode: PUSH0', code('PUSH0', 'london')],
    ['invalid opcode: RETF', code('#e4')],
    ['return data out of bounds', code('1 0 0 RETURNDATACOPY')],
    ['gas uint64 overflow', code(`1 ${FAR} MSTORE`)],
    ['gas uint64 overflow', code('1 0xffffffffffffffff MSTORE8')],
    ['out of gas: gas uint64 overflow', code('1 0xffffffffff MSTORE')],
    ['out of gas', code('1 0xffffff MSTORE')],
    ['gas uint64 overflow', code(`${FAR} 0 LOG0`)],
    ['out of gas: not enough gas for reentrancy sentry', withGas('1 0 SSTORE', 2306)],
    ['out of gas', withGas('1 0 SSTORE', 10_000)],
    ['out of gas', withGas('1 0 SSTORE', 2000, 'byzantium')],
    ['out of gas: write protection', inStatic('1 0 SSTORE')],
    ['out of gas: write protection', inStatic(creating('STOP'))],
    ['out of gas: write protection', inStatic(calling('CALL', at(first), 1))],
    ['out of gas: write protection', inStatic(`${at(first)} SELFDESTRUCT`)],
    ['write protection', inStatic('0 0 LOG0')],
    ['write protection', inStatic('1 0 TSTORE')],
    ['out of gas', withGas(calling('CALL', '0x77', 0, '0'), 50)],
    ['out of gas: out of gas', withGas(calling('CALL', '0x77', 0, '0'), 1000)],
    ['out of gas: out of gas', withGas(calling('CALL', '0x77', 1, '0'), 9000)],
    ['out of gas', withGas(calling('CALL', '0x77', 1, '0'), 15_000)],
    ['out of gas: out of gas', withGas(plainly('DELEGATECALL', '0x77', '0'), 1000)],
    ['out of gas', withGas(`32 0xffff ${plainly('STATICCALL', '4', '0').slice(4)}`, 9000)],
    ['out of gas: out of gas', withGas(plainly('DELEGATECALL', '0x77', '0'), 1000, 'prague')],
    ['out of gas: gas uint64 overflow', code(calling('CALL', '0x77', 0, FAR), 'homestead')],
    ['out of gas', code(calling('CALL', '0x77', 0, '0xffffffff'), 'homestead')],
    ['out of gas: out of gas', withGas('0x77 SELFDESTRUCT', 6000)],
    ['out of gas', withGas('0x77 SELFDESTRUCT', 10_000)],
    ['contract creation code storage out of gas', created(initCode(20_000), 'cancun', 100_000n)],
    ['max code size exceeded: code size 24577 limit 24576', created(initCode(24_577), 'cancun', 10_000_000n)],
    ['invalid code: must not begin with 0xef', created(initCode(1, 0xef))],
    [
      'out of gas: max initcode size exceeded: code size 49153 limit 49152',
      code('49153 0 0 CREATE', 'cancun', 5_000_000n),
    ],
    ['insufficient balance for transfer', code(calling('CALL', '0x77', 10 ** 9))],
    [
      'contract address collision',
      code([1, 2].map(() => `${inMemory(initCode(3)).write} 9 ${inMemory(initCode(3)).length} 0 0 CREATE2`).join(' ')),
    ],
  ];
  for (const [words, input] of cases) {
    const { data } = input.transactions[0]!;
    const account = input.accounts.get(at(second).slice(2)) ?? input.accounts.get(at(first).slice(2));
    const what = Buffer.from(account?.code ?? data)
      .toString('hex')
      .slice(0, 60);
    test(`"${words}" of ${what} in ${input.block.fork}`, () => {
      expect(wordsOf(input)).toBe(words);
    });
  }
});

describe('of a precompiled contract that fails geth says', () => {
  const word = (value: bigint) => value.toString(16).padStart(64, '0');
  const field = (value: bigint) => value.toString(16).padStart(128, '0');
  const p = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
  const blsP = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
  const cases: [string, number, string][] = [
    ['invalid fp.Element encoding', 6, word(p) + word(0n)],
    ['point is not on curve', 6, word(1n) + word(3n)],
    ['point is not on curve', 7, word(1n) + word(1n)],
    ['bad elliptic curve pairing size', 8, '00'.repeat(191)],
    ['point is not on curve', 8, word(1n) + word(2n) + word(1n) + word(1n) + word(1n) + word(1n)],
    ['invalid input length', 9, '00'.repeat(212)],
    ['invalid final flag', 9, `${'00'.repeat(212)}02`],
    ['invalid input length', 10, '00'],
    ['mismatched versioned hash', 10, '00'.repeat(192)],
    ['invalid input length', 0x0b, '00'.repeat(255)],
    ['invalid field element top bytes', 0x0b, `01${'00'.repeat(255)}`],
    ['invalid fp.Element encoding', 0x0b, field(blsP) + field(0n) + field(0n) + field(0n)],
    ['invalid point: not on curve', 0x0b, field(1n) + field(1n) + field(0n) + field(0n)],
    ['g1 point is not on correct subgroup', 0x0c, field(0n) + field(2n) + word(1n)],
    ['invalid input length', 0x0f, ''],
    ['invalid fp.Element encoding', 0x10, field(blsP)],
  ];
  for (const [words, number, input] of cases) {
    test(`"${words}" of ${number} for ${input.length / 2} bytes`, () => {
      expect(precompileWords(number, `0x${input}`)).toBe(words);
    });
  }

  test('the same through a call', () => {
    const input = scenario([[first, `213 0 MSTORE 32 0 31 0 0 0x8 50000 CALL STOP`]]);
    expect(traced.trace(input, callTracer())!.calls).toMatchObject([
      { to: at(addressOf(8n)), error: 'bad elliptic curve pairing size', gas: '0xc350', gasUsed: '0xc350' },
    ]);
  });
});

test('a reason is read only where all of it is there', () => {
  const text = `0x08c379a0${'20'.padStart(64, '0')}${'5'.padStart(64, '0')}${'68656c6c6f'.padEnd(64, '0')}` as const;
  expect(revertReason(text)).toBe('hello');
  expect(revertReason('0x')).toBeUndefined();
  expect(revertReason('0x08c379a0')).toBeUndefined();
  expect(revertReason(text.slice(0, -56) as typeof text)).toBeUndefined();
  expect(revertReason(`0x08c379a0${'f'.repeat(64)}`)).toBeUndefined();
  expect(revertReason(`0x4e487b71${'99'.padStart(64, '0')}`)).toBe('unknown panic code: 0x99');
  expect(revertReason('0x4e487b71')).toBeUndefined();
  expect(revertReason('0x12345678')).toBeUndefined();
});
