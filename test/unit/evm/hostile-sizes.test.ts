// Attacks on what is limited by gas alone: sizes whose squares do not fit 64 bits, and a request's values beside the block.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine, type Hardfork, type Hex, InputError } from '../../../src/index.ts';
import { assemble, hostileBlock, quantity, TARGET } from '../../support/growth.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workers: 1 });
});
afterAll(() => engine.dispose());

/** A block of one call to `code`. */
const callOf = (hardfork: Hardfork, code: Hex, gas: number) =>
  hostileBlock({ hardfork, transactions: [{ gas: quantity(gas) }], accounts: { [TARGET]: { nonce: 1, code } } });

test.each(['london', 'prague'] as const)(
  'memory whose price does not fit 64 bits squared is out of gas in %s',
  async (hardfork) => {
    const code = assemble('1 0x1fffffffe0 MSTORE');
    const { transactions, gasUsed } = await engine.executeBlock(callOf(hardfork, code, 2 ** 34));
    expect(transactions[0]?.success).toBe(false);
    expect(gasUsed).toBe(2n ** 34n);
  },
);

test('memory that can be paid for, but is not there, ends the block; what cannot be paid for is out of gas', async () => {
  await using rich = await createEngine({ workers: 1, maximumTransactionGas: 2n ** 63n - 1n });
  const run = async (offset: bigint, gas: bigint) => {
    const accounts = { [TARGET]: { nonce: 1, code: assemble(`1 0x${offset.toString(16)} MSTORE`) } };
    const fields = { gasLimit: quantity(2n ** 63n - 1n) };
    const request = hostileBlock({ hardfork: 'london', transactions: [{ gas: quantity(gas) }], accounts, fields });
    return rich.executeBlock(request).then(
      ({ transactions: [done] }) => done?.error,
      (error: Error) => error.name,
    );
  };
  // 2^40 bytes are 2^35 words, whose square is 2^61 gas, and three gas for each word.
  expect(await run(2n ** 40n, 2n ** 61n)).toBe('out of gas');
  expect(await run(2n ** 40n, 2n ** 62n)).toBe('MemoryLimitError');
  expect(await run(2n ** 41n - 64n, 2n ** 63n - 1n)).toBe('out of gas');
  expect(await run(2n ** 41n, 2n ** 63n - 1n)).toBe('out of gas');
});

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
