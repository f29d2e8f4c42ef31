// What the core checks before an opcode runs: that the fork knows it, and what it takes from the stack and leaves there.
import { beforeAll, expect, test } from 'vitest';
import { HARDFORKS, type Hardfork } from '../../../src/chain/hardfork.ts';
import { OPCODES, opcodeNamed } from '../../../src/chain/opcodes.ts';
import { rulesOf } from '../../../src/chain/rules.ts';
import { scenario } from '../../support/evm-calls.ts';
import { EvmHost } from '../../support/evm-host.ts';
import { addressOf, preState } from '../../support/evm-scenario.ts';

const MOST_WORDS = 1024;
const PUSH1 = opcodeNamed('PUSH1').number;

let host: EvmHost;
beforeAll(async () => {
  host = await EvmHost.create({ memoryMiB: 128, transactions: 1024 });
});

interface Case {
  opcode: number;
  /** Words on the stack, all of them zero. */
  height: number;
}

/** Why each of the codes halts that make the stack so high and then run the opcode; `undefined` where it does not. */
function haltsOf(cases: readonly Case[], fork: Hardfork): (string | undefined)[] {
  const codes = cases.map(({ opcode, height }, i): [Uint8Array, string] => {
    const code = [...Array.from({ length: height }, () => [PUSH1, 0]).flat(), opcode];
    return [addressOf(BigInt(0x10000 + i)), `#${Buffer.from(code).toString('hex')}`];
  });
  const { block, transactions, ...rest } = scenario(codes, { gasLimit: 1_000_000n }, fork);
  const calls = codes.map(([to], i) => ({ ...transactions[0]!, to, nonce: BigInt(1 + i) }));
  const { base, codes: stored } = preState({ ...rest, block, transactions: calls });
  return host.run(block, calls, base, stored).results.map(({ halt }) => halt);
}

test.each(HARDFORKS)('%s knows its opcodes and no others, however high the stack is', (fork) => {
  const { prices } = rulesOf(fork);
  const numbers = Array.from({ length: 256 }, (_, number) => number);
  const known = OPCODES.filter(({ name }) => name in prices).map(({ number }) => number);
  for (const height of [0, MOST_WORDS]) {
    const cases = numbers.map((opcode) => ({ opcode, height }));
    const halts = haltsOf(cases, fork);
    expect(numbers.filter((number) => halts[number] !== 'invalid opcode')).toEqual(known);
  }
});

test('an opcode halts where the stack has too few words for it, and no sooner', () => {
  const takers = OPCODES.filter(({ operands }) => operands > 0);
  const halts = (missing: number) =>
    haltsOf(
      takers.map(({ number, operands }) => ({ opcode: number, height: operands - missing })),
      HARDFORKS.at(-1)!,
    );
  expect(halts(1)).toEqual(takers.map(() => 'stack underflow'));
  expect(halts(0)).not.toContain('stack underflow');
});

test('an opcode halts where the stack has no room for what it leaves, and no sooner', () => {
  const growths = OPCODES.map(({ operands, results }) => Math.max(0, results - operands));
  const halts = (above: number) =>
    haltsOf(
      OPCODES.map(({ number }, i) => ({
        opcode: number,
        height: Math.min(MOST_WORDS, MOST_WORDS - growths[i]! + above),
      })),
      HARDFORKS.at(-1)!,
    );
  expect(halts(0)).not.toContain('stack overflow');
  const names = OPCODES.map(({ name }) => name);
  const overflowing = halts(1).map((halt) => halt === 'stack overflow');
  expect(names.filter((_, i) => overflowing[i])).toEqual(names.filter((_, i) => growths[i]! > 0));
});
