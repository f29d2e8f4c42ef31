// What is recorded of a block beside its result: access lists (EIP-7928) and traces, of much of one thing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Hex, type TracingEngine } from '../../../src/index.ts';
import {
  assemble,
  expectLinear,
  type HostileBlock,
  hostileBlock,
  patient,
  processorTime,
  quantity,
  TARGET,
} from '../../support/growth.ts';

let engine: TracingEngine;
beforeAll(async () => {
  engine = (await createEngine({ workers: 2, memory: { maximumMiB: 768 } })) as TracingEngine;
});
afterAll(() => engine.dispose());

const contract = (code: Hex) => ({ nonce: 1, balance: 10n ** 20n, code });
const loop = (n: number, body: string) => assemble(`0 again: ${body} 1 ADD DUP1 ${n} GT @again JUMPI`);

type List = NonNullable<Awaited<ReturnType<TracingEngine['executeBlock']>>['blockAccessList']>;

/** Milliseconds from the request to the access list. */
function timeOfList(block: HostileBlock, check: (list: List) => void): Promise<number> {
  const request = hostileBlock(block);
  return processorTime(async () => {
    const { blockAccessList, report } = await engine.executeBlock({ ...request, blockAccessList: true });
    expect(report.drains).toBe(0);
    check(blockAccessList!);
  });
}

test('an access list of 40,000 slots of one account, half of them written', patient, async () => {
  await expectLinear(10_000, (n) => {
    const accounts = { [TARGET]: contract(loop(n, 'DUP1 DUP1 2 MUL SSTORE DUP1 2 MUL 1 ADD SLOAD POP')) };
    return timeOfList({ hardfork: 'prague', transactions: [{}], accounts }, (list) => {
      const account = list.find(({ address }) => address === TARGET);
      expect(account!.storageChanges.length).toBeGreaterThan(n - 2);
    });
  });
});

test('an access list of 20,000 accounts', patient, async () => {
  await expectLinear(5000, (n) => {
    const accounts = { [TARGET]: contract(loop(n, '0 0 0 0 1 DUP6 0x700000 ADD 0 CALL POP')) };
    return timeOfList({ hardfork: 'prague', transactions: [{}], accounts }, (list) =>
      expect(list.length).toBeGreaterThan(n),
    );
  });
});

test(
  'an access list of one account that 8,000 transactions pay, and of one slot that they all write',
  patient,
  async () => {
    await expectLinear(2000, (n) => {
      const transactions = Array.from({ length: n }, () => ({ gas: quantity(100_000), value: '0x1' }));
      const accounts = { [TARGET]: contract(assemble('0 SLOAD 1 ADD 0 SSTORE')) };
      return timeOfList({ hardfork: 'prague', transactions, accounts }, (list) => {
        const account = list.find(({ address }) => address === TARGET);
        expect(account!.balanceChanges.length).toBe(n);
        expect(account!.storageChanges[0]!.slotChanges.length).toBe(n);
      });
    });
  },
);

/** The longest trace in JSON, so that nothing is left for later. */
async function timeOfTrace(block: HostileBlock, choice: object, least: number): Promise<number> {
  const request = hostileBlock(block);
  return processorTime(async () => {
    const traces = await engine.traceBlock({ ...request, ...choice } as never);
    expect(JSON.stringify(traces).length).toBeGreaterThan(least);
  });
}

test.each([
  ['callTracer', {}],
  ['flatCallTracer', {}],
  ['4byteTracer', {}],
  ['prestateTracer', { diffMode: true }],
])('what %s tells of 20,000 calls of as many accounts', patient, async (tracer, options) => {
  await expectLinear(5000, (n) => {
    // A selector of its own for each.
    const code = loop(n, 'DUP1 224 SHL 0 MSTORE 0 0 4 0 1 DUP6 0x700000 ADD 0 CALL POP');
    const accounts = { [TARGET]: contract(code) };
    return timeOfTrace({ hardfork: 'prague', transactions: [{}], accounts }, { tracer, ...options }, 10 * n);
  });
});

test('what callTracer tells of 40,000 logs of calls that are as deep as they go', patient, async () => {
  // Frames as deep as they can be log, once what they have called has ended. Before EIP-150 all gas goes along.
  await expectLinear(10_000, (n) => {
    const code = assemble(
      `CALLDATASIZE 1000 GT ISZERO @bottom JUMPI 0 0 CALLDATASIZE 1 ADD 0 0 ADDRESS GAS 1000 SWAP1 SUB CALL POP STOP
       bottom: 0 again: 32 0 LOG0 1 ADD DUP1 ${n} GT @again JUMPI`,
    );
    const accounts = { [TARGET]: contract(code) };
    const block = { hardfork: 'homestead' as const, transactions: [{}], accounts };
    return timeOfTrace(block, { tracer: 'callTracer', withLog: true }, 10 * n);
  });
});

test('struct logs of 80,000 steps', patient, async () => {
  await expectLinear(20_000, (n) => {
    const accounts = { [TARGET]: contract(loop(n / 8, '')) };
    return timeOfTrace({ hardfork: 'prague', transactions: [{}], accounts }, { tracer: 'structLog' }, n);
  });
});
