// Attacks on what is limited by gas alone: tables with chosen keys, walks per account, sizes whose squares do not fit 64 bits.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine, type Hardfork, type Hex, InputError, memoryState } from '../../../src/index.ts';
import { program } from '../../support/evm-program.ts';

const TARGET: Hex = `0x${'0bad'.padStart(40, '0')}`;
const SENDER: Hex = `0x${'5e4d'.padStart(40, '0')}`;
const SYSTEM = ['0x00000961ef480eb55e80d19ad83579a64c007002', '0x0000bbddc7ce488642fb579f8b00f3a590007251'];

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
});
afterAll(() => engine.dispose());

const assemble = (source: string): Hex => `0x${Buffer.from(program(source)).toString('hex')}`;
const quantity = (value: number | bigint): Hex => `0x${value.toString(16)}`;
const address = (value: number): Hex => `0x${value.toString(16).padStart(40, '0')}`;

/** A block of one call to `code`. */
function callOf(hardfork: Hardfork, code: string, gas: number, accounts: Record<string, object> = {}) {
  const since = (fork: string) =>
    ['london', 'paris', 'shanghai', 'cancun', 'prague'].indexOf(hardfork) >=
    ['london', 'paris', 'shanghai', 'cancun', 'prague'].indexOf(fork);
  const word = `0x${'07'.repeat(32)}` as Hex;
  const system = Object.fromEntries(SYSTEM.map((contract) => [contract, { nonce: 1, code: '0x00' }]));
  return {
    hardfork,
    state: memoryState({ ...system, [SENDER]: { balance: 10n ** 30n }, [TARGET]: { nonce: 1, code }, ...accounts }),
    block: {
      number: '0x3e8',
      parentHash: word,
      miner: address(0x33),
      gasLimit: quantity(2n ** 50n),
      timestamp: '0x6553f100',
      difficulty: since('paris') ? '0x0' : '0x1',
      mixHash: word,
      ...(since('london') ? { baseFeePerGas: '0x7' } : {}),
      ...(since('shanghai') ? { withdrawals: [] } : {}),
      ...(since('cancun') ? { excessBlobGas: '0x0', blobGasUsed: '0x0', parentBeaconBlockRoot: word } : {}),
      transactions: [
        { from: SENDER, to: TARGET, nonce: '0x0', value: '0x0', gas: quantity(gas), gasPrice: '0xa', input: '0x' },
      ],
    },
  } as Parameters<Engine['executeBlock']>[0];
}

/** Milliseconds of the quickest of three runs. */
async function fastest(request: Parameters<Engine['executeBlock']>[0]): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) best = Math.min(best, (await engine.executeBlock(request)).report.executionMs);
  return best;
}

/** Time that grows with the square takes 16 times as long for 4n. */
async function expectLinear(n: number, make: (n: number) => Parameters<Engine['executeBlock']>[0]): Promise<void> {
  await fastest(make(n));
  expect(await fastest(make(4 * n))).toBeLessThan(9 * (await fastest(make(n))) + 20);
}

test('keys of transient storage that an unkeyed hash would put in one place cost no more than others', async () => {
  // key = x | x << 128
  const code = assemble('0 again: DUP1 DUP1 128 SHL OR 1 SWAP1 TSTORE 1 ADD @again JUMP');
  await expectLinear(1_000_000, (gas) => callOf('cancun', code, gas));
}, 60_000);

test('destroying accounts takes time in proportion to their number', async () => {
  const first = 0x22000000;
  await expectLinear(2000, (n) => {
    const accounts = Object.fromEntries(
      Array.from({ length: n }, (_, i) => [
        address(first + i),
        { nonce: 1, balance: 1n, code: assemble('CALLER SELFDESTRUCT') },
      ]),
    );
    const code = assemble(`0 again: 0 0 0 0 0 DUP6 ${first} ADD 10000 CALL POP 1 ADD DUP1 ${n} GT @again JUMPI`);
    return callOf('chainstart', code, 2 ** 32, accounts);
  });
}, 60_000);

test.each(['london', 'prague'] as const)(
  'memory whose price does not fit 64 bits squared is out of gas in %s',
  async (hardfork) => {
    const code = assemble('1 0x1fffffffe0 MSTORE');
    const { transactions, gasUsed } = await engine.executeBlock(callOf(hardfork, code, 2 ** 34));
    expect(transactions[0]?.success).toBe(false);
    expect(gasUsed).toBe(2n ** 34n);
  },
);

test.each([
  // 8 · 2^32 bits, a twentieth of a gas each; then the rules of EIP-2565, a third
  ['byzantium', 2 ** 32, 2_000_000_000, true],
  ['byzantium', 2 ** 33, 2_000_000_000, false],
  ['berlin', 2 ** 31 + 2 ** 30, 16_000_000_000, true],
  ['berlin', 2 ** 33, 16_000_000_000, false],
] as const)('MODEXP in %s with an exponent of %i bytes and %i gas: paid %s', async (hardfork, length, gas, paid) => {
  const code = assemble(`${length} 32 MSTORE 1 64 MSTORE 0 0 96 0 0 5 GAS CALL 0 SSTORE`);
  const { stateDiff } = await engine.executeBlock(callOf(hardfork, code, gas));
  expect(stateDiff.get(TARGET)?.storage.size ?? 0).toBe(paid ? 1 : 0);
});

test.each(['0x01', `0x${'5b'.repeat(33)}`, '0xzz', 7])(
  'the hash %s among blockHashes is refused by name',
  async (hash) => {
    const request = { ...callOf('cancun', '0x00', 50_000), blockHashes: new Map([[998n, hash as Hex]]) };
    const error = await engine.executeBlock(request).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message).toContain('blockHashes.998');
  },
);

test('a header whose blobGasUsed is not what its transactions carry is named', async () => {
  const request = callOf('cancun', '0x00', 50_000);
  const wrong = { ...request, block: { ...request.block, blobGasUsed: '0x20000' as Hex }, verify: true };
  expect((await engine.executeBlock(wrong)).mismatches).toContainEqual({
    name: 'blobGasUsed',
    expected: '131072',
    actual: '0',
  });
});
