// Init code that runs in its creator's memory, which is written, grows and is created from again, against the library.
import { beforeAll, expect, test } from 'vitest';
import { program } from '../../support/evm-program.ts';
import { addressOf, EvmDuel, scenarioOf } from '../../support/evm-scenario.ts';
import { Random } from '../../support/fuzz-random.ts';

const CASES = 200;
const CREATOR = 0xca11n;
/** Answers with what it is called with, each byte one more. */
const ECHO = 0xec40n;
const FORKS = ['byzantium', 'istanbul', 'berlin', 'london', 'london', 'shanghai'] as const;

let duel: EvmDuel;
beforeAll(async () => {
  duel = await EvmDuel.create();
});

/** Calls of the creator by its init codes end here, after they have written to a memory of their own. */
const CALLED_BACK = 'CALLDATASIZE @outer JUMPI 0x5b 77 MSTORE8 0 NOT 300 MSTORE 64 290 LOG0 64 280 RETURN outer:';

/** Init codes, each of which a creator may begin in the middle of or cut short. */
const INIT_CODES: readonly ((random: Random) => string)[] = [
  // All of it becomes code, and what lies behind it does not.
  () => 'CODESIZE 0 0 CODECOPY 40 CODESIZE 0 CODECOPY 40 0 LOG0 CODESIZE 0 RETURN',
  () => 'CODESIZE 7 0 CODECOPY CODESIZE 0 RETURN',
  // Its parts create in their turn, from a memory that they change.
  () =>
    'CODESIZE 0 0 CODECOPY GAS 60000 GT @far JUMPI 40 15 0 CREATE POP 0x5b 20 MSTORE8 40 15 0 CREATE 1 SSTORE 32 PC LOG0 far:',
  (random) => `CODESIZE 0 0 CODECOPY 30 ${random.pick([3, 5, 6, 8])} 0 CREATE POP 64 0 REVERT`,
  () => '0 0 0 0 0 CALLER GAS CALL 1 SSTORE RETURNDATASIZE 2 SSTORE CODESIZE 3 SSTORE PC 4 SSTORE',
  // Far jumps, and some into data.
  (random) => `@end JUMP #${'605b'.repeat(random.below(60))} ${random.chance(10) ? '#60' : ''} end: PC 1 SSTORE`,
  (random) => `${random.between(20, 400)} JUMP #${'5b'.repeat(random.between(380, 420))} PC 1 SSTORE`,
  (random) =>
    `@b JUMP a: PC 1 SSTORE @c JUMP #${`7f${'5b'.repeat(32)}`.repeat(random.below(4))}${random.chance(10) ? '7f' : ''} b: @a JUMP c: 9 2 SSTORE`,
  (random) => `${random.chance(5) ? '#fe' : ''} CALLER SELFDESTRUCT`,
  // What is pushed ends behind the code's end.
  () => '1 1 SSTORE #7f0102',
  () => '1 1 SSTORE #620102',
];

function action(random: Random, sizes: number): string {
  const at = () => random.below(sizes);
  const few = () => random.pick([0, 1, 31, 32, 33, random.below(200)]);
  switch (random.below(13)) {
    case 0:
      return `0x${random.pick(['5b', '60', '7f', '00'])} ${at()} MSTORE8`;
    case 1:
      return `${random.chance(50) ? '0 NOT' : 0x5b5b5b} ${at()} MSTORE`;
    case 2:
      return `${few()} ${at()} ${at()} CALLDATACOPY`;
    case 3:
      return `${few()} ${random.below(99)} ${at()} CODECOPY`;
    case 4:
      return `${few()} 0 ${at()} ${CREATOR} EXTCODECOPY`;
    case 5:
      return `${few()} ${at()} ${few()} ${at()} 0 ${random.pick([4n, ECHO])} 50000 CALL POP`;
    case 6:
      return `RETURNDATASIZE 0 ${at()} RETURNDATACOPY`;
    case 7:
      // Memory grows, by a word or out of its segment.
      return random.chance(20) ? `1 ${random.pick([300_000, 262_112])} MSTORE` : 'MSIZE MLOAD POP';
    case 8:
      return 'MSIZE 0 LOG0';
    default:
      return '';
  }
}

/** A contract that copies its call data to memory, and creates from parts of it again and again. */
function scenario(random: Random) {
  const starts: number[] = [];
  let size = 0;
  const pool = Array.from({ length: random.between(2, 6) }, () => {
    const source = random.pick(INIT_CODES)(random);
    // None falls into the next one, where it could go round for ever, but through data.
    const code = program(/#[67]/.test(source.split(' ').at(-1)!) ? source : `${source} STOP`);
    starts.push(size);
    size += code.length;
    return Buffer.from(code);
  });
  const data = Buffer.concat(pool);
  const steps: string[] = [];
  let creation = '';
  for (let left = random.between(4, 14); left > 0; left--) {
    if (creation === '' || random.chance(50)) {
      const index = random.below(starts.length);
      const start = random.chance(90) ? starts[index]! : random.below(size);
      const end = random.chance(75) ? (starts[index + 1] ?? size) : random.between(start, size + 40);
      creation = `${Math.max(0, end - start)} ${start} ${random.pick([0, 0, 1])} CREATE DUP1 POP`;
    }
    steps.push(creation, action(random, size + 60));
    if (random.chance(30)) steps.push(`${random.below(3)} ${size} 0 0 CREATE2 POP`);
  }
  const source = `${CALLED_BACK} CALLDATASIZE 0 0 CALLDATACOPY ${steps.join(' ')} MSIZE 0 LOG0`;
  const fork = random.pick(FORKS);
  return scenarioOf({
    fork,
    contracts: new Map([
      [CREATOR, program(fork === 'byzantium' ? source.replaceAll(/\d+ \d+ 0 0 CREATE2 POP/g, '') : source)],
      [ECHO, program('CALLDATASIZE 0 0 CALLDATACOPY 0 MLOAD 1 ADD 0 MSTORE CALLDATASIZE 0 RETURN')],
    ]),
    transactions: [
      { to: addressOf(CREATOR), data, gasLimit: 8_000_000n },
      { to: addressOf(CREATOR), data: data.subarray(1), gasLimit: BigInt(random.between(100_000, 3_000_000)) },
      { data, gasLimit: 1_000_000n },
    ],
  });
}

test('init code runs, and leaves the memory of its creator, as in the library', { timeout: 240_000 }, async () => {
  for (let seed = 1; seed <= CASES; seed++) {
    const found = await duel.difference(scenario(new Random(seed)));
    expect({ seed, found }).toEqual({ seed, found: undefined });
  }
  const { success, halted, logs } = duel.seen;
  if (process.env.PEVM_VERBOSE) console.log(duel.seen);
  expect(success).toBeGreaterThan(CASES);
  expect(halted).toBeGreaterThan(CASES / 10);
  expect(logs).toBeGreaterThan(2 * CASES);
});
