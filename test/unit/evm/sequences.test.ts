// Opcodes that run as one (frame/sequences.ts): whatever the gas and the height of the stack, they end as step by step, which is how the build that traces runs them.
import { expect, test } from 'vitest';
import { Op } from '../../../assembly/execute/evm/rules/opcodes.ts';
import { buildCore } from '../../../scripts/core.mjs';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { count } from '../../support/effort.ts';
import { EvmHost } from '../../support/evm-host.ts';
import { addressOf, preState, scenarioOf } from '../../support/evm-scenario.ts';
import { hexText } from '../../support/evm-state.ts';
import { Random } from '../../support/fuzz-random.ts';

const CASES = count('evmSequences', { ci: 120, long: 5000 });
const CALLEE = 0xca11n;
/** What a call without data costs by itself. */
const INTRINSIC = 21_000;
const GAS_LIMITS = 160;
const FORKS: readonly Hardfork[] = ['chainstart', 'byzantium', 'london', 'osaka'];

const SELECTOR = [0xa9, 0x05, 0x9c, 0xbb];
const MASK = [Op.PUSH1, 1, Op.PUSH1, 1, Op.PUSH1, 0xa0, Op.SHL, Op.SUB];

/** Code of several parts, each behind a JUMPDEST, after `height` words have been pushed. */
function programOf(random: Random, height: number): Uint8Array {
  const code: number[] = [];
  const holes: number[] = [];
  const starts: number[] = [];
  for (let word = 0; word < height; word++) code.push(...wordOf(random));
  for (let part = 0; part < 6; part++) {
    starts.push(code.length);
    if (random.chance(90)) code.push(Op.JUMPDEST);
    const to = () => {
      code.push(Op.PUSH2, 0, 0);
      holes.push(code.length - 2);
    };
    for (let piece = random.between(1, 5); piece > 0; piece--) {
      const kind = random.below(9);
      if (kind === 0) code.push(...wordOf(random));
      else if (kind === 1) code.push(random.pick([Op.SWAP1, Op.SWAP2, Op.SWAP3, Op.SWAP4]), Op.POP);
      else if (kind === 2) code.push(...MASK, ...random.pick([[], [Op.AND], [Op.POP]]));
      else if (kind === 3) code.push(random.pick([Op.ADD, Op.DUP1, Op.DUP2, Op.POP, Op.SWAP1, Op.GAS, Op.PC]));
      else if (kind === 4) {
        code.push(Op.DUP1, Op.PUSH4, ...random.pick([SELECTOR, [0, 0, 0, 1]]), Op.EQ);
        to();
        code.push(random.pick([Op.JUMPI, Op.JUMPI, Op.JUMPI, Op.POP]));
      } else {
        code.push(...random.pick([[Op.ISZERO], [Op.LT], [Op.GT], [Op.EQ], [Op.SLT, Op.ISZERO], [], []]));
        to();
        code.push(random.pick([Op.JUMPI, Op.JUMPI, Op.JUMPI, Op.JUMP, Op.ADD]));
      }
    }
  }
  code.push(Op.PUSH1, 0, Op.MSTORE, Op.PUSH1, 32, Op.PUSH1, 0, Op.RETURN);
  for (const hole of holes) {
    const place = random.chance(85) ? random.pick(starts) : random.below(code.length + 20);
    code[hole] = place >> 8;
    code[hole + 1] = place & 255;
  }
  // Cut somewhere, a sequence runs into what is behind the code.
  return Uint8Array.from(random.chance(20) ? code.slice(0, random.between(height * 2, code.length)) : code);
}

function wordOf(random: Random): readonly number[] {
  return random.pick([
    [Op.PUSH1, 0],
    [Op.PUSH1, 1],
    [Op.PUSH1, random.below(256)],
    [Op.PUSH4, ...SELECTOR],
    [Op.PUSH32, 1, ...Array(27).fill(0), ...SELECTOR],
  ]);
}

test('opcodes that run as one end as they do one by one, with any gas and any stack', {
  timeout: 600_000,
}, async () => {
  const options = { memoryMiB: 96, transactions: 256, locations: 4096 };
  const together = await EvmHost.create(options);
  const apart = await EvmHost.create({ ...options, core: await buildCore('trace') });
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= CASES; seed++) {
    const random = new Random(seed);
    const height = random.pick([0, 1, 2, 3, 6, 12, 1020, 1021, 1022, 1023, 1024]);
    const lowest = INTRINSIC + 3 * height - random.below(8);
    const { block, ...rest } = scenarioOf({
      fork: random.pick(FORKS),
      contracts: new Map([[CALLEE, programOf(random, height)]]),
      transactions: Array.from({ length: GAS_LIMITS }, (_, more) => ({
        to: addressOf(CALLEE),
        gasLimit: BigInt(Math.max(INTRINSIC, lowest) + more),
      })),
    });
    const { base, codes } = preState({ block, ...rest });
    const [found, expected] = [together, apart].map((host) =>
      host.run(block, rest.transactions, base, codes).results.map(({ status, halt, gasUsed, returnData }) => {
        seen.set(halt ?? status, (seen.get(halt ?? status) ?? 0) + 1);
        return { status, halt, gasUsed, returned: hexText(returnData) };
      }),
    );
    expect({ seed, found }).toEqual({ seed, found: expected });
  }
  for (const end of ['success', 'out of gas', 'stack underflow', 'stack overflow', 'invalid jump destination']) {
    expect(seen.get(end) ?? 0, `${end} of ${[...seen.keys()]}`).toBeGreaterThan(20);
  }
});
