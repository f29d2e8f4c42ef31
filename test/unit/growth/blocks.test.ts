// Blocks of much of one thing, from the request to everything that its result says.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BlockResult, createEngine, type Engine, type Hex } from '../../../src/index.ts';
import {
  addressOf,
  assemble,
  expectLinear,
  type HostileBlock,
  hostileBlock,
  patient,
  processorTime,
  quantity,
  TARGET,
} from '../../support/growth.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ workersPerBlock: 'all', workers: 2, memory: { maximumMiB: 768 } });
});
afterAll(() => engine.dispose());

const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const contract = (code: Hex) => ({ nonce: 1, code });
const loop = (n: number, body: string) => assemble(`0 again: ${body} 1 ADD DUP1 ${n} GT @again JUMPI`);

/** Milliseconds from the request to the last thing that the result says. */
function timeOf(block: HostileBlock, check?: (result: BlockResult) => void): Promise<number> {
  const request = hostileBlock(block);
  return processorTime(async () => {
    const result = await engine.executeBlock(request);
    expect(result.report.drains).toBe(0);
    // Lazy parts, each once.
    for (const { logs, returnValue } of result.transactions) expect([logs, returnValue]).toBeDefined();
    expect([result.receipts, result.receiptsRoot, result.logsBloom, result.omitted, result.stateDiff]).toBeDefined();
    check?.(result);
  });
}

const succeeds = ({ transactions }: BlockResult) => expect(transactions.every(({ success }) => success)).toBe(true);

test('100,000 logs', patient, async () => {
  await expectLinear(25_000, (n) =>
    timeOf(
      { hardfork: 'prague', transactions: [{}], accounts: { [TARGET]: contract(loop(n, 'DUP1 32 0 LOG1')) } },
      ({ receipts }) => expect(receipts[0]!.logs.length).toBe(n),
    ),
  );
});

test('access lists of 100,000 entries, half of them twice', patient, async () => {
  await expectLinear(25_000, (n) => {
    const accessList = Array.from({ length: n / 2 }, (_, index) => ({
      address: addressOf(0x500000 + (index % (n / 4))),
      storageKeys: [word(index % (n / 4))],
    }));
    const transactions = [{ type: '0x1', accessList }];
    return timeOf({ hardfork: 'prague', transactions, accounts: { [TARGET]: contract('0x00') } }, succeeds);
  });
});

test('20,000 withdrawals, all to one account or each to its own', patient, async () => {
  await expectLinear(5000, (n) => {
    const withdrawals = Array.from({ length: n }, (_, index) => ({
      index: quantity(index),
      validatorIndex: quantity(index),
      address: addressOf(index % 2 === 0 ? 0x77 : 0x600000 + index),
      amount: quantity(1),
    }));
    return timeOf({ hardfork: 'shanghai', transactions: [], fields: { withdrawals } }, ({ stateDiff }) =>
      expect(stateDiff.get(addressOf(0x77))?.balance).toBe(BigInt(Math.ceil(n / 2)) * 10n ** 9n),
    );
  });
});

test('2,000 authorisations of one transaction', patient, async () => {
  await expectLinear(500, (n) => {
    const authorizationList = Array.from({ length: n }, (_, index) => ({
      chainId: '0x0',
      address: addressOf(0x99),
      nonce: '0x0',
      yParity: '0x0',
      r: word(index + 1),
      s: word(7),
    }));
    const transactions = [
      { type: '0x4', authorizationList, maxFeePerGas: '0xa', maxPriorityFeePerGas: '0x1', gasPrice: undefined },
    ];
    return timeOf({ hardfork: 'prague', transactions, accounts: { [TARGET]: contract('0x00') } }, succeeds);
  });
});

test('one slot that every one of 16,000 transactions writes', patient, async () => {
  const accounts = { [TARGET]: contract(assemble('0 SLOAD 1 ADD 0 SSTORE')) };
  await expectLinear(4000, (n) =>
    timeOf(
      { hardfork: 'prague', transactions: Array.from({ length: n }, () => ({ gas: quantity(100_000) })), accounts },
      ({ stateDiff }) => expect(BigInt(stateDiff.get(TARGET)?.storage.get(word(0)) ?? 0)).toBe(BigInt(n)),
    ),
  );
});

test('16,000 transactions behind a slow one that writes what all of them read', patient, async () => {
  const code = assemble(
    'CALLVALUE @slow JUMPI 0 SLOAD POP STOP slow: 0 again: 1 ADD DUP1 200000 GT @again JUMPI 0 SSTORE',
  );
  await expectLinear(4000, (n) => {
    const transactions = Array.from({ length: n }, (_, index) =>
      index === 0 ? { value: '0x1' } : { gas: quantity(100_000) },
    );
    return timeOf({ hardfork: 'prague', transactions, accounts: { [TARGET]: contract(code) } }, succeeds);
  });
});

test('16,000 transactions of which each reads what the forty before it write', patient, async () => {
  // Calldata: the slot to write; those below it are read.
  const code = assemble(
    '0 CALLDATALOAD 0 again: 1 ADD DUP1 DUP3 SUB SLOAD POP DUP1 40 GT @again JUMPI POP TIMESTAMP SWAP1 SSTORE',
  );
  await expectLinear(4000, (n) => {
    const transactions = Array.from({ length: n }, (_, index) => ({
      input: word(1000 + index),
      gas: quantity(400_000),
    }));
    return timeOf({ hardfork: 'prague', transactions, accounts: { [TARGET]: contract(code) } }, succeeds);
  });
});

test('a state diff of 100,000 slots', patient, async () => {
  await expectLinear(25_000, (n) =>
    timeOf(
      { hardfork: 'london', transactions: [{}], accounts: { [TARGET]: contract(loop(n, 'DUP1 DUP1 SSTORE')) } },
      ({ stateDiff }) => expect(stateDiff.get(TARGET)?.storage.size).toBe(n - 1),
    ),
  );
});

test('a state diff of 20,000 accounts', patient, async () => {
  await expectLinear(5000, (n) => {
    const code = loop(n, '0 0 0 0 1 DUP6 0x700000 ADD 0 CALL POP');
    const accounts = { [TARGET]: { ...contract(code), balance: 10n ** 20n } };
    return timeOf({ hardfork: 'london', transactions: [{}], accounts }, ({ stateDiff }) =>
      expect(stateDiff.size).toBeGreaterThan(n),
    );
  });
});

test('100 contracts of 24 kB, created by one transaction', patient, async () => {
  await expectLinear(25, (n) => {
    // The gas left becomes the first word of each.
    const code = loop(n, '0x5a6000526160006000f3 176 SHL 0 MSTORE 10 0 0 CREATE POP');
    return timeOf(
      { hardfork: 'london', transactions: [{}], accounts: { [TARGET]: contract(code) } },
      ({ stateDiff }) => {
        const sizes = [...stateDiff.values()].map((diff) => (diff?.code?.length ?? 2) / 2 - 1);
        expect(sizes.filter((size) => size === 24_576).length).toBe(n);
      },
    );
  });
});

test('the first bytes of 400 contracts of 24 kB', patient, async () => {
  await expectLinear(100, (n) => {
    const contracts = Array.from({ length: n }, (_, index): [Hex, object] => {
      const code = new Uint8Array(24_576).fill(0x5b);
      code.set([0xfe, index >> 8, index]);
      return [addressOf(0x800000 + index), contract(`0x${Buffer.from(code).toString('hex')}`)];
    });
    const body =
      '32 0 0 DUP4 0x800000 ADD EXTCODECOPY DUP1 0x800000 ADD EXTCODEHASH POP DUP1 0x800000 ADD EXTCODESIZE POP';
    const accounts = { ...Object.fromEntries(contracts), [TARGET]: contract(loop(n, body)) };
    return timeOf({ hardfork: 'prague', transactions: [{}], accounts }, succeeds);
  });
});

test('return values of 4 kB of each of 4,000 transactions', patient, async () => {
  const accounts = { [TARGET]: contract(assemble('4096 0 RETURN')) };
  await expectLinear(1000, (n) =>
    timeOf(
      { hardfork: 'prague', transactions: Array.from({ length: n }, () => ({ gas: '0x186a0' })), accounts },
      succeeds,
    ),
  );
});
