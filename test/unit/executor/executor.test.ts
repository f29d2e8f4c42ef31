// The ethereumjs executor: what it reads and writes, suspension, rejections, block-level steps.

import { bls12_381 } from '@noble/curves/bls12-381.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { describe, expect, test } from 'vitest';
import { InvalidBlockError, InvalidTransactionError } from '../../../src/base/errors.ts';
import { bytes32FromNumber, bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { planBlock } from '../../../src/block/block-plan.ts';
import type { Senders } from '../../../src/executor/ethereumjs/block-options.ts';
import { createExecutor } from '../../../src/executor/ethereumjs/executor.ts';
import { kzg } from '../../../src/executor/ethereumjs/kzg.ts';
import { runSequential } from '../../../src/executor/ethereumjs/sequential.ts';
import { SequentialView } from '../../../src/state/sequential-view.ts';
import {
  addressOf,
  BASE_FEE,
  type Call,
  COINBASE,
  CONSOLIDATION_CONTRACT,
  ETHER,
  runLibrary,
  runOurs,
  type Scenario,
  scenario,
  WITHDRAWAL_CONTRACT,
} from './library-oracle.ts';
import * as programs from './programs.ts';
import { recordingView } from './recording-view.ts';

const ALICE = addressOf(1);
const BOB = addressOf(2);
const CONTRACT = addressOf(0x10);
const FUNDS = { [ALICE]: { balance: ETHER }, [BOB]: { balance: ETHER } };

function oneCall(call: Partial<Call>, code?: Hex, more: Partial<Parameters<typeof scenario>[0]> = {}): Scenario {
  return scenario({
    hardfork: 'cancun',
    calls: [{ from: ALICE, to: CONTRACT, ...call }],
    ...more,
    alloc: { ...FUNDS, ...(code === undefined ? {} : { [CONTRACT]: { nonce: 1, code } }), ...more.alloc },
  });
}

async function executorOf(input: Scenario, senders: Senders = 'trust') {
  const executor = await createExecutor({ ...input, senders });
  const plan = planBlock(input);
  const task = plan.tasks[plan.firstTransaction]!;
  return { executor, task, plan };
}

describe('what an attempt reads', () => {
  async function record(input: Scenario) {
    const { executor, task } = await executorOf(input);
    const recording = recordingView(input.state);
    const outcome = await executor.execute(task, recording.view);
    return { ...recording, outcome };
  }

  test('a transfer credits recipient and beneficiary without reading their balances', async () => {
    const { reads, writes, outcome } = await record(oneCall({ to: BOB, value: 5n }));
    expect(outcome.status).toBe('success');
    expect(reads.filter((read) => read.startsWith('balance '))).toEqual([`balance ${ALICE}`]);
    expect(reads.filter((read) => read.endsWith(COINBASE))).toEqual([]);
    expect(writes).toEqual(
      expect.arrayContaining([`setBalance ${ALICE}`, `setNonce ${ALICE}`, `credit ${BOB}`, `credit ${COINBASE}`]),
    );
    expect(writes).toHaveLength(4);
  });

  test('calling a contract without value does not read its balance, nor does what the contract calls in turn', async () => {
    const input = oneCall({ input: `0x${programs.word(BOB)}` }, programs.CALL_FREE);
    const { reads } = await record(input);
    expect(reads.filter((read) => read.startsWith('balance '))).toEqual([`balance ${ALICE}`]);
  });

  test('a zero fee leaves the beneficiary alone', async () => {
    const { reads, writes } = await record(oneCall({ to: BOB, value: 1n, gasPrice: BASE_FEE }));
    expect([...reads, ...writes].filter((entry) => entry.endsWith(COINBASE))).toEqual([]);
  });

  test('a beneficiary whose balance is looked at is read, and then paid all the same', async () => {
    const { reads, writes } = await record(oneCall({}, programs.READ_COINBASE));
    expect(reads).toContain(`balance ${COINBASE}`);
    expect(writes).toContain(`setBalance ${COINBASE}`);
  });

  test('a slot that ends with its old value is not written', async () => {
    const program = programs.assemble('9 0 SSTORE 5 0 SSTORE STOP');
    const input = oneCall({}, undefined, {
      alloc: { [CONTRACT]: { nonce: 1, code: program, storage: { '0x0': '0x5' } } },
    });
    const { writes } = await record(input);
    expect(writes.filter((write) => write.startsWith('setStorage'))).toEqual([]);
  });

  test('before EIP-161 a call of nothing makes an account exist', async () => {
    const input = oneCall({ to: BOB }, undefined, { hardfork: 'homestead', alloc: { [BOB]: { balance: 0n } } });
    const ghost = addressOf(0x99);
    const withGhost = scenario({
      hardfork: 'homestead',
      alloc: FUNDS,
      calls: [{ from: ALICE, to: ghost, gasPrice: 0n }],
    });
    expect((await record(input)).writes.filter((write) => write.startsWith('setExists'))).toEqual([]);
    expect((await record(withGhost)).writes).toEqual(
      expect.arrayContaining([`setExists ${ghost}`, `setExists ${COINBASE}`]),
    );
  });
});

describe('suspension', () => {
  const inputs: Record<string, Scenario> = {
    'a transfer': oneCall({ to: BOB, value: 5n }),
    'a value call out of a contract': oneCall({ value: 5n, input: `0x${programs.word(BOB)}` }, programs.FORWARD),
    'a creation with value': oneCall({ to: null, value: 3n, input: programs.deploying(programs.COUNT) }),
    'a creation by a contract': oneCall({ value: 2n, input: programs.deploying(programs.DESTROY) }, programs.FACTORY),
    'a self-destruct': oneCall({ input: `0x${programs.word(BOB)}` }, programs.DESTROY),
    'a transfer before EIP-161': oneCall({ to: BOB, value: 5n }, undefined, { hardfork: 'homestead' }),
    'a transfer to a precompile': oneCall({ to: '0x0000000000000000000000000000000000000004', value: 5n }),
  };

  test.each(Object.keys(inputs))(
    '%s passes on a signal at any read, writes nothing, and runs again cleanly',
    async (name) => {
      const input = inputs[name]!;
      const { executor, task } = await executorOf(input);
      // Code is read once per worker: the first run fills the cache.
      const wanted = await executor.execute(task, new SequentialView(input.state));
      const undisturbed = recordingView(input.state);
      await executor.execute(task, undisturbed.view);
      for (let at = 0; at < undisturbed.reads.length; at++) {
        const { view, writes } = recordingView(input.state, at);
        await expect(executor.execute(task, view)).rejects.toMatchObject({ suspend: true });
        expect(writes).toEqual([]);
        const again = recordingView(input.state);
        expect(await executor.execute(task, again.view)).toEqual(wanted);
        expect(again.writes).toEqual(undisturbed.writes);
        expect(again.reads).toEqual(undisturbed.reads);
      }
    },
  );

  test('a transient value of a suspended attempt is gone', async () => {
    const program = programs.assemble('0 TLOAD 0 SSTORE 1 0 TSTORE 5 SLOAD POP STOP');
    const input = oneCall({}, program);
    const { executor, task } = await executorOf(input);
    await executor.execute(task, new SequentialView(input.state));
    const { view: whole, reads } = recordingView(input.state);
    await executor.execute(task, whole);
    await expect(executor.execute(task, recordingView(input.state, reads.length - 1).view)).rejects.toMatchObject({
      suspend: true,
    });
    const view = new SequentialView(input.state);
    await executor.execute(task, view);
    expect(view.diff(true).get(CONTRACT)).toBeUndefined();
  });
});

describe('rejections', () => {
  const cases: [string, Partial<Call>, RegExp][] = [
    ['a wrong nonce', { nonce: 4 }, /nonce/],
    ['too little money', { value: 2n * ETHER }, /funds/],
    ['a fee below the base fee', { gasPrice: 1n }, /baseFee/],
    ['too little gas for the call data', { gas: 21_000, input: '0x01' }, /INTRINSIC_GAS/],
    ['a gas limit above that of the block', { gas: 40_000_000 }, /gas limit/],
    [
      'a priority fee above the fee cap',
      { type: '0x2', maxFeePerGas: '0x8', maxPriorityFeePerGas: '0x9' },
      /maxFeePerGas/,
    ],
  ];

  test.each(cases)('%s is invalid, and the library says why', async (_, call, reason) => {
    const input = oneCall({ to: BOB, ...call });
    const { executor, task } = await executorOf(input);
    const { view, writes } = recordingView(input.state);
    const outcome = await executor.execute(task, view);
    expect(outcome).toMatchObject({ status: 'invalid', error: expect.stringMatching(reason) });
    expect(writes).toEqual([]);
    await expect(runSequential(input)).rejects.toBeInstanceOf(InvalidTransactionError);
  });

  test('a sender with code is invalid (EIP-3607)', async () => {
    const input = oneCall({ to: BOB }, undefined, { alloc: { [ALICE]: { balance: ETHER, code: programs.COUNT } } });
    const { executor, task } = await executorOf(input);
    expect(await executor.execute(task, new SequentialView(input.state))).toMatchObject({
      status: 'invalid',
      error: expect.stringMatching(/EIP-3607/),
    });
  });

  test('a revert is an outcome with gas, output and the reason', async () => {
    const input = oneCall({}, programs.FAIL);
    const { executor, task } = await executorOf(input);
    const outcome = await executor.execute(task, new SequentialView(input.state));
    expect(outcome).toMatchObject({ status: 'reverted', error: 'revert' });
    expect(outcome.gasUsed).toBeGreaterThan(21_000n);
  });

  test('a task that is no step of a block fails, and the executor goes on', async () => {
    const input = oneCall({ to: BOB });
    const { executor, task } = await executorOf(input);
    expect(await executor.execute({ id: 0 }, new SequentialView(input.state))).toMatchObject({ status: 'failed' });
    expect(await executor.execute(task, new SequentialView(input.state))).toMatchObject({ status: 'success' });
  });
});

describe('senders', () => {
  test('an unsigned transaction is valid when the sender is trusted, not when it is to be recovered', async () => {
    const input = oneCall({ to: BOB });
    const { executor, task } = await executorOf(input, 'recover');
    expect(await executor.execute(task, new SequentialView(input.state))).toMatchObject({
      status: 'invalid',
      error: expect.stringMatching(/no signature/),
    });
  });

  test('a signature of somebody else is invalid', async () => {
    // The signature of the first transaction of mainnet's history has nothing to do with this one.
    const input = oneCall({ to: BOB, v: '0x1c', r: `0x${'12'.repeat(32)}`, s: `0x${'34'.repeat(32)}` });
    const { executor, task } = await executorOf(input, 'recover');
    expect(await executor.execute(task, new SequentialView(input.state))).toMatchObject({ status: 'invalid' });
  });
});

describe('BLOCKHASH', () => {
  const known = { [String(0x1e8480 - 1)]: `0x${'ab'.repeat(32)}` as Hex };
  const run = async (number: number) => {
    const input = oneCall({ input: `0x${programs.word(BigInt(number))}` }, programs.READ_BLOCK_HASH, {
      blockHashes: known,
    });
    const { executor, task } = await executorOf(input);
    const view = new SequentialView(input.state);
    const outcome = await executor.execute(task, view);
    return { outcome, slot: hexFromBytes(view.storage(bytesFromHex(CONTRACT), bytes32FromNumber(0n))) };
  };

  test('gives a known hash, zero outside the last 256 blocks, and a typed failure for an unknown one', async () => {
    expect((await run(0x1e8480 - 1)).slot).toBe(`0x${'ab'.repeat(32)}`);
    for (const outside of [0, 0x1e8480 - 257, 0x1e8480, 0x1e8480 + 5]) {
      expect(await run(outside)).toMatchObject({ outcome: { status: 'success' }, slot: `0x${'00'.repeat(32)}` });
    }
    const { outcome } = await run(0x1e8480 - 2);
    expect(outcome).toMatchObject({ status: 'failed', error: expect.stringMatching(/^StateSourceError: .*1999998/) });
  });
});

test('reading code of which only the hash is known is a typed failure; other uses of the account work', async () => {
  const alloc = { ...FUNDS, [CONTRACT]: { nonce: 1, codeHash: `0x${'55'.repeat(32)}` } };
  const call = scenario({ hardfork: 'cancun', alloc, calls: [{ from: ALICE, to: CONTRACT }] });
  const { executor, task } = await executorOf(call);
  expect(await executor.execute(task, new SequentialView(call.state))).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(/^StateSourceError: the code of 0x/),
  });
  const other = scenario({ hardfork: 'cancun', alloc, calls: [{ from: ALICE, to: BOB }] });
  await expect(runSequential(other)).resolves.toMatchObject({ gasUsed: 21_000n });
});

describe('steps around the transactions', () => {
  const BEACON_ROOTS = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02';
  const HISTORY = '0x0000f90827f1c53a10cb7a02335b175320002935';

  test('the beacon root and the parent hash are stored before the first transaction', async () => {
    const input = scenario({
      hardfork: 'prague',
      alloc: { ...FUNDS, [BEACON_ROOTS]: { nonce: 1, code: '0x00' }, [HISTORY]: { nonce: 1, code: '0x00' } },
      calls: [{ from: ALICE, to: BOB }],
    });
    const { stateRoot, result } = await runOurs(input);
    expect(result.stateDiff.get(BEACON_ROOTS)?.storage.size).toBe(2);
    expect(result.stateDiff.get(HISTORY)?.storage.size).toBe(1);
    expect(stateRoot).toBe((await runLibrary(input)).stateRoot);
  });

  test('withdrawals are paid after the last transaction, in Gwei', async () => {
    const withdrawals = [{ index: '0x0', validatorIndex: '0x0', address: BOB, amount: '0x3' }];
    const input = scenario({
      hardfork: 'shanghai',
      alloc: FUNDS,
      calls: [{ from: ALICE, to: BOB, value: 1n }],
      block: { withdrawals },
    });
    const result = await runSequential(input);
    expect(result.stateDiffOfTransactions.get(BOB)?.balance).toBe(ETHER + 1n);
    expect(result.stateDiff.get(BOB)?.balance).toBe(ETHER + 1n + 3_000_000_000n);
  });

  test('a proof-of-work block pays the miner and the uncles, if it knows their headers', async () => {
    const uncle = {
      number: '0x1e847f',
      parentHash: `0x${'11'.repeat(32)}`,
      miner: BOB,
      gasLimit: '0x1c9c380',
      timestamp: '0x69ffffff',
      difficulty: '0x20000',
    };
    const input = (block: Record<string, unknown>) =>
      scenario({ hardfork: 'petersburg', alloc: FUNDS, calls: [], block });
    const alone = await runSequential(input({}));
    expect(alone.stateDiff.get(COINBASE)?.balance).toBe(2n * ETHER);
    const withUncle = await runSequential(input({ uncles: [`0x${'77'.repeat(32)}`], uncleHeaders: [uncle] }));
    expect(withUncle.stateDiff.get(COINBASE)?.balance).toBe(2n * ETHER + (2n * ETHER) / 32n);
    expect(withUncle.stateDiff.get(BOB)?.balance).toBe(ETHER + (2n * ETHER * 7n) / 8n);
    expect((await runSequential(input({ uncles: [`0x${'77'.repeat(32)}`] }))).stateDiff.size).toBe(0);
  });

  test('the DAO block moves the funds before its transactions, and pays its miner once', async () => {
    const dao = '0x304a554a310c7e546dfe434669c62820b7d83490';
    const refund = '0xbf4ed7b27f1d666546e30d74d50d173d20bca754';
    const input = scenario({
      hardfork: 'dao',
      alloc: { ...FUNDS, [dao]: { balance: 77n } },
      calls: [{ from: ALICE, to: dao, value: 5n }],
      block: { number: '0x1d4c00', extraData: hexFromBytes(new TextEncoder().encode('dao-hard-fork')) },
    });
    const { stateDiff } = await runSequential(input);
    expect(stateDiff.get(refund)?.balance).toBe(77n);
    expect(stateDiff.get(dao)?.balance).toBe(5n);
    expect(stateDiff.get(COINBASE)?.balance).toBe(5n * ETHER + 210_000n);
  });

  test('requests are hashed as EIP-7685 says, empty ones left out', async () => {
    // Returns one byte 0x01 as its request.
    const one = programs.assemble('1 0 MSTORE 1 31 RETURN');
    const input = scenario({
      hardfork: 'prague',
      alloc: { [WITHDRAWAL_CONTRACT]: { nonce: 1, code: one } },
      calls: [],
    });
    const expected = sha256(sha256(Uint8Array.of(1, 1)));
    expect((await runSequential(input)).requestsHash).toBe(hexFromBytes(expected));
  });

  test.each([
    ['missing', { [CONSOLIDATION_CONTRACT]: {} }],
    ['failing', { [WITHDRAWAL_CONTRACT]: { nonce: 1, code: programs.FAIL } }],
  ])('a %s request contract makes the block invalid', async (_, alloc) => {
    const input = scenario({ hardfork: 'prague', alloc, calls: [] });
    await expect(runSequential(input)).rejects.toBeInstanceOf(InvalidBlockError);
    await expect(runSequential(input)).rejects.toThrow(/system contract 0x0000/);
  });
});

describe('KZG point evaluation', () => {
  const { G1 } = bls12_381;
  const infinity = `0xc0${'00'.repeat(47)}`;
  const zero = `0x${'00'.repeat(32)}`;
  const seven = `0x${'00'.repeat(31)}07`;
  // The constant polynomial 7 has the commitment [7]₁, and is 7 everywhere with the proof at infinity.
  const commitment = hexFromBytes(G1.Point.BASE.multiply(7n).toBytes());

  test('accepts a right proof and refuses a wrong value, a wrong proof and malformed points', () => {
    expect(kzg.verifyProof(commitment, seven, seven, infinity)).toBe(true);
    expect(kzg.verifyProof(infinity, seven, zero, infinity)).toBe(true);
    expect(kzg.verifyProof(commitment, seven, zero, infinity)).toBe(false);
    expect(kzg.verifyProof(commitment, seven, seven, commitment)).toBe(false);
    expect(kzg.verifyProof(commitment, `0x${'ff'.repeat(32)}`, seven, infinity)).toBe(false);
    expect(kzg.verifyProof(`0x${'12'.repeat(48)}`, seven, seven, infinity)).toBe(false);
  });

  test('works as the precompile 0x0a of a block', async () => {
    const hash = sha256(bytesFromHex(commitment));
    hash[0] = 1;
    const input = oneCall({
      to: '0x000000000000000000000000000000000000000a',
      input: `0x${hexFromBytes(hash).slice(2)}${seven.slice(2)}${seven.slice(2)}${commitment.slice(2)}${infinity.slice(2)}`,
    });
    const { executor, task } = await executorOf(input);
    expect(await executor.execute(task, new SequentialView(input.state))).toMatchObject({ status: 'success' });
  });
});

test('one executor runs the same transaction twice with the same result, whatever ran in between', async () => {
  const input = scenario({
    hardfork: 'osaka',
    alloc: { ...FUNDS, [CONTRACT]: { nonce: 1, code: programs.COUNT } },
    calls: [
      { from: ALICE, to: CONTRACT },
      { from: BOB, to: CONTRACT, value: 1n },
    ],
  });
  const executor = await createExecutor({ ...input, senders: 'trust' });
  const { tasks, firstTransaction } = planBlock(input);
  const [first, second] = tasks.slice(firstTransaction);
  const alone = await executor.execute(second!, new SequentialView(input.state));
  await executor.execute(first!, new SequentialView(input.state));
  expect(await executor.execute(second!, new SequentialView(input.state))).toEqual(alone);
});
