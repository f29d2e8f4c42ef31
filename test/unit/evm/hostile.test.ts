// Code that means harm: what it costs in time and memory is bounded by its gas, and its neighbours in the block come out right.
import { beforeAll, describe, expect, test } from 'vitest';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { EvmHost, Kind, wordOf } from '../../support/evm-host.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, EvmDuel, type EvmScenario, scenarioOf } from '../../support/evm-scenario.ts';

const minutes = 60_000;

const TARGET = 0xbadn;
const NEIGHBOUR = 0x600dn;
/** Counts its calls in slot 0. */
const counter = program('0 SLOAD 1 ADD 0 SSTORE');

interface Attack {
  fork?: Hardfork;
  gas?: bigint;
  data?: Uint8Array;
  /** Beside the attacker, by address. */
  contracts?: [bigint, Uint8Array][];
}

/** The attack between two neighbours. */
function between(
  code: Uint8Array,
  { fork = 'osaka', gas = 1n << 24n, data, contracts = [] }: Attack = {},
): EvmScenario {
  const neighbour = { to: addressOf(NEIGHBOUR) };
  return scenarioOf({
    fork,
    contracts: new Map([[TARGET, code], [NEIGHBOUR, counter], ...contracts]),
    transactions: [neighbour, { to: addressOf(TARGET), gasLimit: gas, data: data ?? new Uint8Array(0) }, neighbour],
  });
}

let duel: EvmDuel;
beforeAll(async () => {
  // Whatever the gas buys must fit here.
  duel = new EvmDuel(await EvmHost.create({ memoryMiB: 160, transactions: 512, locations: 65536 }));
});

/** Runs a scenario on the core alone: results, and milliseconds of processor time. */
function run(scenario: EvmScenario) {
  const start = process.cpuUsage();
  const { results, halt } = duel.runCore(scenario);
  const { user, system } = process.cpuUsage(start);
  expect(halt).toBe(0);
  return { results, ms: (user + system) / 1000 };
}

/** The neighbours are untouched, and the time is that of 20 million gas per second or better. */
function expectHarmless(scenario: EvmScenario, status: string, slowest = 50): void {
  const { results, ms } = run(scenario);
  const [first, attack, last] = results;
  expect([first!.status, last!.status]).toEqual(['success', 'success']);
  // 21,000, two cold accesses and a write: of a new slot, then of one that is there.
  expect(first!.gasUsed - last!.gasUsed).toBe(17_100n);
  expect(attack!.status).toBe(status);
  expect(attack!.gasUsed).toBeLessThanOrEqual(scenario.transactions[1]!.gasLimit);
  if (process.env.PEVM_VERBOSE) console.log(expect.getState().currentTestName, ms, 'ms', attack!.gasUsed, 'gas');
  expect(ms).toBeLessThan(500 + slowest * (Number(attack!.gasUsed) / 1e6));
}

async function expectSame(scenario: EvmScenario): Promise<void> {
  expect(await duel.difference(scenario)).toBe(undefined);
}

const word = (value: bigint) => `0x${value.toString(16)}`;
/** Runs `body`, which leaves the stack as it was, until gas ends. */
const forever = (body: string) => program(`again: ${body} @again JUMP`);

describe('code that never ends', () => {
  test.each([
    ['an empty loop', ''],
    ['arithmetic on the largest numbers', '0 NOT DUP1 DUP1 MULMOD POP 0 NOT 3 SDIV POP 0 NOT 0 NOT EXP POP'],
    ['storage', 'GAS GAS SSTORE'],
    ['the same slot', 'GAS 0 SSTORE'],
    ['transient storage', 'GAS GAS TSTORE'],
    ['accounts that are not there', 'GAS BALANCE POP GAS EXTCODEHASH POP'],
    ['logs', 'GAS GAS GAS GAS 1024 0 LOG4'],
    ['copies of memory', '4096 0 32 MCOPY'],
    ['calls of nobody', '0 0 0 0 1 GAS GAS CALL POP'],
    ['new contracts', '0 0 0 CREATE POP'],
    ['hashes of much', '100000 0 KECCAK256 POP'],
  ])('%s', (_, body) => {
    expectHarmless(between(forever(body)), 'halted');
  });

  test('without a cap on the gas of a transaction: 300 million', () => {
    expectHarmless(between(forever('GAS POP'), { fork: 'prague', gas: 300_000_000n }), 'halted');
  });
});

describe('memory', () => {
  const offsets = [31n, 32n, 40n, 63n, 64n, 255n].flatMap((bits) => [
    (1n << bits) - 32n,
    (1n << bits) - 1n,
    1n << bits,
  ]);
  const lengths = [0n, 1n, 32n, (1n << 32n) - 1n, 1n << 32n, (1n << 64n) - 1n, 1n << 64n, (1n << 256n) - 1n];
  /** Every opcode with a region of memory, given its offset and length. */
  const regions: [string, (at: string, size: string) => string][] = [
    ['MLOAD', (at) => `${at} MLOAD`],
    ['MSTORE', (at) => `1 ${at} MSTORE`],
    ['MSTORE8', (at) => `1 ${at} MSTORE8`],
    ['KECCAK256', (at, size) => `${size} ${at} KECCAK256`],
    ['CALLDATACOPY', (at, size) => `${size} 0 ${at} CALLDATACOPY`],
    ['CALLDATACOPY from afar', (at, size) => `${size} ${at} 0 CALLDATACOPY`],
    ['CODECOPY', (at, size) => `${size} 0 ${at} CODECOPY`],
    ['CODECOPY from afar', (at, size) => `${size} ${at} 0 CODECOPY`],
    ['EXTCODECOPY', (at, size) => `${size} 0 ${at} ADDRESS EXTCODECOPY`],
    ['EXTCODECOPY from afar', (at, size) => `${size} ${at} 0 ADDRESS EXTCODECOPY`],
    ['RETURNDATACOPY', (at, size) => `${size} 0 ${at} RETURNDATACOPY`],
    ['RETURNDATACOPY from afar', (at, size) => `${size} ${at} 0 RETURNDATACOPY`],
    ['MCOPY', (at, size) => `${size} 0 ${at} MCOPY`],
    ['MCOPY from afar', (at, size) => `${size} ${at} 0 MCOPY`],
    ['LOG0', (at, size) => `${size} ${at} LOG0`],
    ['LOG4', (at, size) => `1 2 3 4 ${size} ${at} LOG4`],
    ['CREATE', (at, size) => `${size} ${at} 0 CREATE`],
    ['CREATE2', (at, size) => `0 ${size} ${at} 0 CREATE2`],
    ['CALL with input', (at, size) => `0 0 ${size} ${at} 0 0x99 GAS CALL`],
    ['CALL with output', (at, size) => `${size} ${at} 0 0 0 0x99 GAS CALL`],
    ['CALLCODE with output', (at, size) => `${size} ${at} 0 0 0 0x99 GAS CALLCODE`],
    ['DELEGATECALL with output', (at, size) => `${size} ${at} 0 0 0x99 GAS DELEGATECALL`],
    ['STATICCALL of a precompile', (at, size) => `0 0 ${size} ${at} 4 GAS STATICCALL`],
    ['RETURN', (at, size) => `${size} ${at} RETURN`],
    ['REVERT', (at, size) => `${size} ${at} REVERT`],
  ];

  test.each(regions)('%s far out is out of gas, or nothing at all', async (_, make) => {
    const codes = offsets.flatMap((at) => lengths.map((size) => program(make(word(at), word(size)))));
    const contracts = new Map(codes.map((code, index): [bigint, Uint8Array] => [0x10000n + BigInt(index), code]));
    await expectSame(
      scenarioOf({ contracts, transactions: [...contracts.keys()].map((address) => ({ to: addressOf(address) })) }),
    );
  });

  test('as much as 300 million gas buy, word by word', () => {
    expectHarmless(between(forever('0 MSIZE MSTORE'), { fork: 'prague', gas: 300_000_000n }), 'halted');
  });

  test('as much as 300 million gas buy, in leaps', () => {
    expectHarmless(between(forever('0 MSIZE 7 MUL MSTORE'), { fork: 'prague', gas: 300_000_000n }), 'halted');
  });

  test('a callee whose memory is a word larger every time', async () => {
    // Each call passes one more word as the offset, the callee stores there.
    const callee: [bigint, Uint8Array] = [0xca11n, program('1 0 CALLDATALOAD MSTORE')];
    const code = program('270000 again: 32 ADD DUP1 0 MSTORE 0 0 32 0 0 0xca11 GAS CALL POP @again JUMP');
    expectHarmless(between(code, { fork: 'prague', gas: 60_000_000n, contracts: [callee] }), 'halted');
    await expectSame(between(code, { gas: 3_000_000n, contracts: [callee] }));
  });

  test('a little memory in each of many levels', async () => {
    const code = program('1 30000 MSTORE 0 0 0 0 0 ADDRESS GAS CALL');
    await expectSame(between(code, { fork: 'homestead', gas: 30_000_000n }));
    expectHarmless(
      between(program('1 30000 MSTORE 0 0 0 0 0 ADDRESS GAS CALL'), { fork: 'prague', gas: 300_000_000n }),
      'success',
    );
  });
});

describe('depth', () => {
  const recursion: [string, string][] = [
    ['CALL', '0 0 0 0 0 ADDRESS'],
    ['CALLCODE', '0 0 0 0 0 ADDRESS'],
    ['DELEGATECALL', '0 0 0 0 ADDRESS'],
    ['STATICCALL', '0 0 0 0 ADDRESS'],
  ];

  test.each(recursion)('%s of itself with all gas', async (name, operands) => {
    const code = program(`${operands} GAS ${name} 1 ADD 0 MSTORE 32 0 RETURN`);
    await expectSame(between(code));
    expectHarmless(between(code, { fork: 'prague', gas: 300_000_000n }), 'success');
  });

  test('1,024 levels, where gas is passed on in full', async () => {
    // Before EIP-150. Every level keeps 10,000 gas and counts itself.
    const code = program('0 SLOAD 1 ADD 0 SSTORE 0 0 0 0 0 ADDRESS 10000 GAS SUB CALL');
    const scenario = between(code, { fork: 'homestead', gas: 60_000_000n });
    const [, deepest] = duel.runCore(scenario).changes;
    const slot = deepest!.find(({ kind }) => kind === Kind.STORAGE);
    expect(wordOf(slot!.value)).toBe(1025n);
    await expectSame(scenario);
  });

  test('creations within creations', async () => {
    // The init code copies itself into memory and creates itself again.
    const code = program('CODESIZE 0 0 CODECOPY CODESIZE 0 0 CREATE');
    await expectSame(between(code, { fork: 'homestead', gas: 60_000_000n }));
    await expectSame(between(code));
    expectHarmless(between(code, { fork: 'prague', gas: 300_000_000n }), 'success');
  });

  test('a tree of calls', () => {
    const code = program('0 0 0 0 0 ADDRESS GAS CALL 0 0 0 0 0 ADDRESS GAS CALL');
    expectHarmless(between(code), 'success');
  });
});

describe('data', () => {
  test('return data that every level hands on', async () => {
    const inner: [bigint, Uint8Array] = [0x1en, program('100000 0 RETURN')];
    const copy = 'RETURNDATASIZE 0 0 RETURNDATACOPY RETURNDATASIZE 0 RETURN';
    const outer: [bigint, Uint8Array] = [0x0fn << 8n, program(`0 0 0 0 0x1e GAS DELEGATECALL ${copy}`)];
    const code = forever('0 0 0 0 0 0xf00 GAS CALL POP RETURNDATASIZE 0 0 RETURNDATACOPY');
    expectHarmless(between(code, { contracts: [inner, outer] }), 'halted');
    await expectSame(between(code, { gas: 400_000n, contracts: [inner, outer] }));
  });

  test('return data that grows on its way up', async () => {
    const code = program(
      '0 0 0 0 ADDRESS GAS STATICCALL RETURNDATASIZE 0 0 RETURNDATACOPY RETURNDATASIZE 1000 ADD 0 RETURN',
    );
    await expectSame(between(code));
    expectHarmless(between(code, { fork: 'prague', gas: 300_000_000n }), 'success');
  });

  test('128 KiB of data, handed down level by level', async () => {
    const code = program('CALLDATASIZE 0 0 CALLDATACOPY 0 0 CALLDATASIZE 0 0 ADDRESS GAS CALL');
    const data = new Uint8Array(131_072).fill(1);
    expectHarmless(between(code, { fork: 'prague', gas: 100_000_000n, data }), 'success');
    await expectSame(between(code, { gas: 6_000_000n, data }));
  });

  test('128 KiB of data in each of 60 transactions', async () => {
    const data = new Uint8Array(131_072).fill(1);
    const code = program('CALLDATASIZE 0 0 CALLDATACOPY CALLDATASIZE 0 KECCAK256 0 SSTORE');
    const to = addressOf(TARGET);
    const scenario = scenarioOf({
      contracts: new Map([[TARGET, code]]),
      transactions: Array.from({ length: 60 }, () => ({ to, data, gasLimit: 6_000_000n })),
    });
    const { results, ms } = run(scenario);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['success']));
    expect(ms).toBeLessThan(6_000);
  });

  test('logs of a megabyte', async () => {
    expectHarmless(between(program('1000000 0 LOG0 1000000 0 LOG0'), { fork: 'prague', gas: 60_000_000n }), 'success');
    await expectSame(between(program('1000000 0 LOG0'), { fork: 'prague', gas: 60_000_000n }));
  });

  test('an access list of 8,000 entries', async () => {
    const accessList = Array.from({ length: 2_000 }, (_, index) => ({
      address: addressOf(0x100000n + BigInt(index)),
      storageKeys: [0, 1, 2].map((slot) => new Uint8Array(32).fill(slot)),
    }));
    const scenario = between(counter, { fork: 'prague', gas: 30_000_000n });
    scenario.transactions[1] = { ...scenario.transactions[1]!, type: 1, accessList };
    expectHarmless(scenario, 'success');
    await expectSame(scenario);
  });
});

describe('code', () => {
  const full = (byte: number, size: number, end: number[] = []) => {
    const code = new Uint8Array(size).fill(byte);
    code.set(end, size - end.length);
    return code;
  };

  test('24 KiB of jump destinations, and a PUSH32 that the end cuts off', async () => {
    for (const code of [full(0x5b, 24_576), full(0x5b, 24_576, [0x7f]), full(0x7f, 24_576), full(0x60, 24_575)]) {
      await expectSame(between(code));
    }
    // From the start to the last byte, which is data of the PUSH before it
    const trap = program('24575 JUMP');
    const code = full(0x5b, 24_576, [0x60, 0x5b]);
    code.set(trap);
    await expectSame(between(code));
  });

  test('a jump in every third byte', () => {
    const code = new Uint8Array(24_576);
    // JUMPDEST PUSH2 next JUMP, over and over, and back to the start
    for (let at = 0; at + 5 <= code.length; at += 5) {
      const next = at + 10 <= code.length ? at + 5 : 0;
      code.set([0x5b, 0x61, next >> 8, next & 0xff, 0x56], at);
    }
    expectHarmless(between(code), 'halted');
  });

  test('many contracts of 24 KiB, each called once', async () => {
    const contracts = Array.from({ length: 200 }, (_, index): [bigint, Uint8Array] => [
      0x20000n + BigInt(index),
      full(0x5b, 24_576, [0x61, index >> 8, index & 0xff, 0x00]),
    ]);
    const code = program('0x20000 again: 0 0 0 0 0 DUP6 GAS CALL POP 1 ADD DUP1 0x200c8 GT @again JUMPI');
    const scenario = between(code, { contracts, gas: 16_000_000n });
    expectHarmless(scenario, 'success');
    await expectSame(between(code, { contracts: contracts.slice(0, 10), gas: 16_000_000n }));
  });

  test('the largest init code, again and again', async () => {
    const init = full(0x5b, 49_152);
    const code = program('CALLDATASIZE 0 0 CALLDATACOPY again: CALLDATASIZE 0 0 CREATE POP @again JUMP');
    // Data of this size costs more than its execution: the floor of EIP-7623.
    expectHarmless(between(code, { data: init }), 'halted');
    await expectSame(between(code, { data: init, gas: 3_000_000n }));
  });

  test('init code of a megabyte, where it has no limit', () => {
    const code = forever('1000000 0 0 CREATE POP');
    expectHarmless(between(code, { fork: 'london', gas: 15_000_000n }), 'halted', 200);
  });

  test('contracts that are created to be destroyed', async () => {
    // The child sends what it has to its creator: PUSH20 … SELFDESTRUCT would do, CALLER SELFDESTRUCT is shorter.
    const code = forever('0x33ff 0 MSTORE 2 30 1 CREATE POP');
    for (const fork of ['london', 'cancun', 'osaka'] as const) {
      expectHarmless(between(code, { fork, gas: 1n << 24n }), 'halted');
      const few = program('10 again: 0x33ff 0 MSTORE 2 30 1 CREATE POP 1 SWAP1 SUB DUP1 @again JUMPI');
      await expectSame(between(few, { fork, gas: 2_000_000n }));
    }
  });

  test('a contract that is destroyed hundreds of times in one transaction', async () => {
    const victim: [bigint, Uint8Array] = [0xdeadn, program('0 CALLDATALOAD SELFDESTRUCT')];
    const code = program('500 again: DUP1 0 MSTORE 0 0 32 0 1 0xdead GAS CALL POP 1 SWAP1 SUB DUP1 @again JUMPI');
    for (const fork of ['homestead', 'london', 'osaka'] as const) {
      await expectSame(between(code, { fork, gas: 16_000_000n, contracts: [victim] }));
    }
  });
});

describe(
  'precompiled contracts',
  () => {
    /** Calls precompile `address` with `size` bytes of memory again and again. */
    const calling = (address: number, size: number, prepare = '') =>
      program(`${prepare} again: 0 0 ${size} 0 ${address} GAS STATICCALL POP @again JUMP`);

    test.each([
      ['sha256', 2],
      ['ripemd160', 3],
      ['identity', 4],
    ])('%s of 100 KB', (_, address) => {
      expectHarmless(between(calling(address, 100_000)), 'halted');
    });

    test.each([
      ['ecrecover', 1, 128, '27 32 MSTORE 1 64 MSTORE 1 96 MSTORE'],
      ['addition on bn254', 6, 128, '1 0 MSTORE 2 32 MSTORE 1 64 MSTORE 2 96 MSTORE'],
      ['multiplication on bn254', 7, 96, '1 0 MSTORE 2 32 MSTORE 0 NOT 64 MSTORE'],
    ])('%s', (_, address, size, prepare) => {
      expectHarmless(between(calling(address, size, prepare), { gas: 3_000_000n }), 'halted', 1000);
    });

    test('blake2f with more rounds than gas', async () => {
      const code = program('0xffffffff 224 SHL 0 MSTORE 0 0 213 0 9 GAS STATICCALL');
      await expectSame(between(code));
      expectHarmless(between(code), 'success');
    });

    test('blake2f with as many rounds as gas', () => {
      const code = program('16000000 224 SHL 0 MSTORE 0 0 213 0 9 GAS STATICCALL');
      expectHarmless(between(code), 'success', 100);
    });

    test.each([
      ['of 32 bytes', 32n, 32n],
      ['of 256 bytes', 256n, 256n],
      ['of 1,024 bytes with a short exponent', 1024n, 32n],
      ['of 8 bytes with a long exponent', 8n, 1024n],
    ])('modexp %s', (_, length, exponent) => {
      const factor = '0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95';
      const fill = `96 again: DUP1 ${factor} MUL DUP2 MSTORE 32 ADD DUP1 4096 GT @again JUMPI`;
      const prepare = `${fill} ${length} 0 MSTORE ${exponent} 32 MSTORE ${length} 64 MSTORE`;
      const size = 96n + 2n * length + exponent;
      const code = program(`${prepare} loop: 0 0 ${size} 0 5 GAS STATICCALL POP @loop JUMP`);
      expectHarmless(between(code), 'halted', 200);
    });

    test('modexp of lengths that nobody can pay for', async () => {
      for (const [base, exponent, modulus] of [
        [1n << 255n, 0n, 0n],
        [0n, 1n << 255n, 0n],
        [0n, (1n << 64n) - 1n, 1n],
        [1n << 32n, 1n, 1n],
        [1n, 1n, (1n << 32n) - 1n],
      ] as const) {
        const code = program(
          `${word(base)} 0 MSTORE ${word(exponent)} 32 MSTORE ${word(modulus)} 64 MSTORE 0 0 96 0 5 GAS STATICCALL 0 SSTORE`,
        );
        for (const fork of ['byzantium', 'berlin', 'osaka'] as const) await expectSame(between(code, { fork }));
      }
    });
  },
  5 * minutes,
);

test('a block that needs more locations than there are halts and says so', async () => {
  const small = new EvmDuel(await EvmHost.create({ memoryMiB: 160, transactions: 8, locations: 1024 }));
  const scenario = between(forever('GAS SLOAD POP'));
  expect(small.runCore(scenario).halt).not.toBe(0);
  // Another block is right afterwards.
  expect(await small.difference(between(counter))).toBe(undefined);
});

test.each([
  (1n << 29n) - 32n,
  1n << 29n,
  1n << 30n,
  (1n << 31n) - 128n,
  (1n << 31n) - 64n,
  (1n << 31n) - 32n,
  1n << 31n,
  1n << 33n,
])('with gas without end, memory up to byte %s is more than there is', async (at) => {
  const scenario = between(program(`1 ${at} MSTORE`), { fork: 'prague', gas: 1n << 61n });
  scenario.block.gasLimit = 1n << 62n;
  scenario.accounts.forEach((account) => {
    account.balance = 1n << 100n;
  });
  expect(duel.runCore(scenario).halt).not.toBe(0);
  expect(await duel.difference(between(counter))).toBe(undefined);
});

test('a precompile whose output is more than there is halts the block, and leaves no receipt', async () => {
  const small = new EvmDuel(await EvmHost.create({ memoryMiB: 8, transactions: 8, locations: 1024 }));
  const code = program('1 2000000 MSTORE 0 0 2000000 0 4 GAS STATICCALL');
  const scenario = between(code, { fork: 'prague', gas: 30_000_000n });
  expect(small.runCore(scenario).halt).not.toBe(0);
  expect(await duel.difference(scenario)).toBe(undefined);
});

test('with gas without end, the output of modexp is more than there is', async () => {
  for (const length of [1n << 28n, 1n << 30n, (1n << 31n) - 1n, 1n << 31n]) {
    const code = program(`${length} 64 MSTORE 0 0 96 0 5 GAS STATICCALL`);
    const scenario = between(code, { fork: 'prague', gas: 1n << 61n });
    scenario.block.gasLimit = 1n << 62n;
    scenario.accounts.forEach((account) => {
      account.balance = 1n << 100n;
    });
    expect(duel.runCore(scenario).halt).not.toBe(0);
  }
  expect(await duel.difference(between(counter))).toBe(undefined);
});

test('a block that needs more memory than there is halts and says so', async () => {
  const small = new EvmDuel(await EvmHost.create({ memoryMiB: 8, transactions: 8, locations: 1024 }));
  const scenario = between(forever('0 MSIZE MSTORE'), { fork: 'prague', gas: 300_000_000n });
  expect(small.runCore(scenario).halt).not.toBe(0);
  expect(await small.difference(between(counter))).toBe(undefined);
});
