// What a transaction's result says of gas and of failures: the same on both executors.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlockInput, createEngine, type Engine, memoryState, type TransactionResult } from '../../../src/index.ts';
import { program } from '../../support/evm-program.ts';

const SENDER = `0x${'11'.repeat(20)}` as const;
const hex = (value: bigint | number) => `0x${value.toString(16)}` as const;

/** Contracts by what they do. */
const CODES = {
  adds: '1 2 ADD POP STOP',
  // A slot that was set becomes zero: 4,800 are to be given back, of 5,000 used.
  clears: '0 1 SSTORE STOP',
  reverts: '0 1 SSTORE 0 0 REVERT',
  loops: 'more: @more JUMP',
  underflows: 'ADD',
  jumps: '0 JUMP',
  halts: '0 TLOAD',
  copies: '1 0 0 RETURNDATACOPY',
} as const;
type Name = keyof typeof CODES;
const names = Object.keys(CODES) as Name[];
const addressOf = (name: Name) => `0x${(0xc000 + names.indexOf(name)).toString(16).padStart(40, '0')}` as const;

const state = memoryState({
  [SENDER]: { balance: 10n ** 18n },
  ...Object.fromEntries(
    names.map((name) => [
      addressOf(name),
      { code: `0x${Buffer.from(program(CODES[name])).toString('hex')}` as const, storage: { [slot(1)]: slot(1) } },
    ]),
  ),
});

function slot(value: number): `0x${string}` {
  return `0x${value.toString(16).padStart(64, '0')}`;
}

type Change = Partial<BlockInput['transactions'][number]>;

let core: Engine;
let library: Engine;
beforeAll(async () => {
  core = await createEngine({ workersPerBlock: 'all', workers: 2 });
  library = await createEngine({ workers: 1, executor: 'ethereumjs' });
});
afterAll(async () => {
  await core.dispose();
  await library.dispose();
});

async function run(engine: Engine, changes: readonly Change[]): Promise<readonly TransactionResult[]> {
  const block: BlockInput = {
    number: hex(1000),
    parentHash: slot(7),
    miner: `0x${'33'.repeat(20)}`,
    mixHash: slot(5),
    gasLimit: hex(30_000_000),
    timestamp: hex(1_700_000_000),
    baseFeePerGas: hex(7),
    withdrawals: [],
    transactions: changes.map((change, nonce) => ({
      ...{
        from: SENDER,
        nonce: hex(nonce),
        gas: hex(100_000),
        gasPrice: hex(10),
        value: '0x0',
        input: '0x',
        ...change,
      },
    })),
  };
  return (await engine.executeBlock({ block, state, hardfork: 'shanghai' })).transactions;
}

const details = ({ success, gasUsed, executionGas, refundCounter, halt }: TransactionResult) => ({
  ...{ success, gasUsed, executionGas, refundCounter, halt },
});

describe('the gas of the outermost frame, the refund before its bound, and what stopped it', () => {
  const cases: readonly [name: string, change: Change, wanted: Partial<ReturnType<typeof details>>][] = [
    ['a call', { to: addressOf('adds') }, { success: true, gasUsed: 21_011n, executionGas: 11n, refundCounter: 0n }],
    // 2 PUSHes, 2,100 for the cold slot and 2,900 for the update; a fifth of 26,006 is more than 4,800.
    [
      'a refund',
      { to: addressOf('clears') },
      { gasUsed: 26_006n - 4_800n, executionGas: 5_006n, refundCounter: 4_800n },
    ],
    ['a revert', { to: addressOf('reverts') }, { success: false, executionGas: 5_012n, refundCounter: 0n }],
    ['no gas left', { to: addressOf('loops') }, { gasUsed: 100_000n, executionGas: 79_000n, halt: 'out of gas' }],
    ['too low a stack', { to: addressOf('underflows') }, { executionGas: 79_000n, halt: 'stack underflow' }],
    ['a bad jump', { to: addressOf('jumps') }, { halt: 'invalid jump destination' }],
    ['an opcode of a later fork', { to: addressOf('halts') }, { halt: 'invalid opcode' }],
    ['a transfer', { to: `0x${'99'.repeat(20)}`, value: '0x1' }, { success: true, executionGas: 0n }],
    // PUSH1, PUSH0, RETURN, and 200 for the byte that is stored; 53,000 and what the init code costs are not counted.
    ['a creation', { input: '0x60015ff3' }, { success: true, executionGas: 3n + 2n + 3n + 200n }],
    ['code of 0xef', { input: '0x60ef5f5360015ff3' }, { success: false, halt: 'code begins with 0xef' }],
  ];

  test('are in the results of the core', async () => {
    const results = (
      await run(
        core,
        cases.map(([, change]) => change),
      )
    ).map(details);
    cases.forEach(([name, , wanted], i) => {
      expect([name, results[i]]).toEqual([name, { ...results[i], halt: undefined, ...wanted }]);
    });
  });

  test('are those of the library', async () => {
    const changes = cases.map(([, change]) => change);
    expect((await run(library, changes)).map(details)).toEqual((await run(core, changes)).map(details));
  });

  test('tell return data that is not there by its name, where the library says "out of gas"', async () => {
    const change = { to: addressOf('copies') };
    expect((await run(core, [change]))[0]!.halt).toBe('return data out of bounds');
    expect((await run(library, [change]))[0]!.halt).toBe('out of gas');
  });
});
