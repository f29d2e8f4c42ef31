// Whole blocks on the EVM inside the core: hashes of earlier blocks, the protocol's own steps, what makes a block invalid.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DAO_REFUND_CONTRACT } from '../../../src/chain/dao.ts';
import { DAO_ACCOUNTS } from '../../../src/chain/dao-accounts.ts';
import {
  type Alloc,
  type BlockInput,
  CoreTrapError,
  createEngine,
  type Engine,
  type Hardfork,
  InvalidBlockError,
  InvalidTransactionError,
  memoryState,
  type StateSource,
  StateSourceError,
  TaskTimeoutError,
} from '../../../src/index.ts';

const SENDER = `0x${'11'.repeat(20)}` as const;
const CONTRACT = `0x${'22'.repeat(20)}` as const;
const MINER = `0x${'33'.repeat(20)}` as const;
const PARENT = `0x${'77'.repeat(32)}` as const;
const OLDER = `0x${'88'.repeat(32)}` as const;
const ZERO = `0x${'00'.repeat(32)}` as const;
const ETHER = 10n ** 18n;
/** STOP: a system contract that asks for nothing. */
const SYSTEM = {
  '0x00000961ef480eb55e80d19ad83579a64c007002': { code: '0x00', nonce: 1 },
  '0x0000bbddc7ce488642fb579f8b00f3a590007251': { code: '0x00', nonce: 1 },
};

const GWEI = 10n ** 9n;
const hex = (value: bigint | number) => `0x${value.toString(16)}` as const;
const slot = (value: bigint | number) => `0x${value.toString(16).padStart(64, '0')}` as const;

function blockOf(change: Partial<BlockInput> = {}): BlockInput {
  return {
    number: hex(1000),
    parentHash: PARENT,
    miner: MINER,
    mixHash: slot(5),
    gasLimit: hex(30_000_000),
    timestamp: hex(1_700_000_000),
    baseFeePerGas: hex(7),
    excessBlobGas: '0x0',
    parentBeaconBlockRoot: slot(9),
    withdrawals: [],
    transactions: [],
    ...change,
  };
}

const call = (change: Partial<BlockInput['transactions'][number]> = {}): BlockInput['transactions'][number] => ({
  from: SENDER,
  to: CONTRACT,
  nonce: '0x0',
  gas: hex(200_000),
  gasPrice: hex(10),
  value: '0x0',
  input: '0x',
  ...change,
});

const alloc = (change: Alloc = {}): Alloc => ({ [SENDER]: { balance: ETHER }, ...SYSTEM, ...change });

let audit: Engine;
let plain: Engine;
beforeAll(async () => {
  audit = await createEngine({ workersPerBlock: 'all', workers: 2, preset: 'audit' });
  plain = await createEngine({ workersPerBlock: 'all', workers: 2 });
});
afterAll(async () => {
  await audit.dispose();
  await plain.dispose();
});

/** Runs a block on both executors, which must agree. */
async function run(block: BlockInput, state: Alloc, hardfork: Hardfork = 'prague', more: { chainId?: number } = {}) {
  const result = await audit.executeBlock({ block, hardfork, state: memoryState(state), ...more });
  expect(result.mismatches).toEqual([]);
  return result;
}

describe('BLOCKHASH', () => {
  // sstore(n, blockhash(calldataload(0)))
  const state = alloc({ [CONTRACT]: { code: '0x5f35405f355500', nonce: 1 } });
  const ask = (number: number) => blockOf({ transactions: [call({ input: slot(number) })] });
  const stored = async (number: number, source: StateSource) => {
    const result = await plain.executeBlock({ block: ask(number), hardfork: 'prague', state: source });
    return result.stateDiff.get(CONTRACT)?.storage.get(slot(number)) ?? ZERO;
  };

  test('of the parent is known, and of blocks beyond the 256 last it is 0', async () => {
    const source = memoryState(state);
    expect(await stored(999, source)).toBe(PARENT);
    expect(await stored(743, source)).toBe(ZERO);
    expect(await stored(1000, source)).toBe(ZERO);
    expect(await stored(2000, source)).toBe(ZERO);
  });

  test('of an earlier block is asked from the state source when it is needed, and only then', async () => {
    const base = memoryState(state);
    const asked: bigint[] = [];
    const source: StateSource = {
      load: (keys, options) => base.load(keys, options),
      async blockHash(number) {
        asked.push(number);
        return OLDER;
      },
    };
    expect(await stored(998, source)).toBe(OLDER);
    expect(asked).toEqual([998n]);
    expect(await stored(999, source)).toBe(PARENT);
    expect(asked).toEqual([998n]);
  });

  test('that nobody knows ends the run with an error that names the block', async () => {
    const run = plain.executeBlock({ block: ask(998), hardfork: 'prague', state: memoryState(state) });
    await expect(run).rejects.toThrow(StateSourceError);
    await expect(run).rejects.toThrow(/block 998/);
  });
});

describe('the protocol', () => {
  test('amounts of withdrawals that look like wei are paid as Gwei, and the result says so', async () => {
    const paid = async (amount: bigint) => {
      const withdrawals = [{ index: '0x0', validatorIndex: '0x1', address: MINER, amount: hex(amount) } as const];
      const { stateDiff, omitted } = await run(blockOf({ withdrawals }), alloc());
      return [stateDiff.get(MINER)?.balance, omitted.filter(({ name }) => name === 'withdrawals')];
    };
    expect(await paid(10n ** 15n - 1n)).toEqual([(10n ** 15n - 1n) * GWEI, []]);
    const message = expect.stringContaining('block.withdrawals[0].amount is 18000000000000000 Gwei');
    expect(await paid((18n * GWEI ** 2n) / 1000n)).toEqual([
      (18n * GWEI ** 3n) / 1000n,
      [{ name: 'withdrawals', reason: 'doubtful', message }],
    ]);
  });

  test('credits withdrawals, also of nothing', async () => {
    const withdrawal = { index: '0x0', validatorIndex: '0x1', address: MINER } as const;
    const withdrawals = [
      { ...withdrawal, amount: hex(5) },
      { ...withdrawal, amount: '0x0' as const, address: CONTRACT },
    ];
    const result = await run(blockOf({ withdrawals }), alloc());
    expect(result.stateDiff.get(MINER)).toEqual({ balance: 5n * 10n ** 9n, nonce: 0n, storage: new Map() });
    expect(result.stateDiff.has(CONTRACT)).toBe(false);
    expect(result.transactionsStateDiff.size).toBe(0);
  });

  test.for([
    ['chainstart', 5n],
    ['byzantium', 3n],
    ['constantinople', 2n],
  ] as const)('pays miner and uncles: %s', async ([hardfork, ether]) => {
    const { mixHash: _, baseFeePerGas: __, excessBlobGas: ___, parentBeaconBlockRoot: ____, ...rest } = blockOf();
    const { withdrawals: _____, ...block } = rest;
    const uncle = { ...block, number: hex(998), miner: CONTRACT, transactions: undefined };
    const uncleHeaders = [uncle].map(({ transactions: _, ...header }) => header);
    const result = await run({ ...block, difficulty: '0x20000', uncles: [PARENT], uncleHeaders }, {}, hardfork);
    expect(result.stateDiff.get(MINER)?.balance).toBe(ether * ETHER + (ether * ETHER) / 32n);
    expect(result.stateDiff.get(CONTRACT)?.balance).toBe((6n * ether * ETHER) / 8n);
  });

  test('moves the funds of the DAO', async () => {
    const { mixHash: _, baseFeePerGas: __, excessBlobGas: ___, parentBeaconBlockRoot: ____, ...rest } = blockOf();
    const { withdrawals: _____, ...block } = rest;
    const state = Object.fromEntries(DAO_ACCOUNTS.map((address, i) => [address, { balance: BigInt(i), nonce: 1 }]));
    // A rule of the header that ethereumjs looks at: dao-hard-fork.
    const header = {
      number: hex(1_920_000),
      difficulty: '0x20000',
      extraData: '0x64616f2d686172642d666f726b',
    } as const;
    const result = await run({ ...block, ...header }, state, 'dao', { chainId: 1 });
    const sum = DAO_ACCOUNTS.reduce((total, _, i) => total + BigInt(i), 0n);
    expect(result.stateDiff.get(DAO_REFUND_CONTRACT)?.balance).toBe(sum);
    expect(result.stateDiff.get(DAO_ACCOUNTS[5]!)).toEqual({ balance: 0n, storage: new Map() });
  });

  test('refuses a block whose request contracts have no code, or fail', async () => {
    const [withdrawals, consolidations] = Object.keys(SYSTEM) as [string, string];
    const refused = async (state: Alloc, reason: RegExp) => {
      for (const engine of [plain, audit]) {
        const result = engine.executeBlock({ block: blockOf(), hardfork: 'prague', state: memoryState(state) });
        await expect(result).rejects.toThrow(InvalidBlockError);
        await expect(result).rejects.toThrow(reason);
      }
    };
    await refused({ [SENDER]: { balance: ETHER } }, /after the transactions: system contract without code/);
    await refused(alloc({ [consolidations]: { code: '0xfe', nonce: 1 } }), /system contract failed/);
    await refused(alloc({ [withdrawals]: { code: '0x5f5ffd', nonce: 1 } }), /system contract failed/);
  });

  test('hashes what the request contracts answer, each with its type in front', async () => {
    // mstore8(0, 0xaa), return(0, 1)
    const [withdrawals] = Object.keys(SYSTEM) as [string];
    const { requestsHash } = await run(blockOf(), alloc({ [withdrawals]: { code: '0x60aa5f5360015ff3', nonce: 1 } }));
    expect(requestsHash).toMatch(/^0x[0-9a-f]{64}$/);
    expect(requestsHash).not.toBe((await run(blockOf(), alloc())).requestsHash);
  });
});

describe('a transaction', () => {
  test('of another chain is refused by its index, before any worker starts', async () => {
    const transactions = [call(), call({ nonce: '0x1', type: '0x1', chainId: '0x5', accessList: [] })];
    const result = plain.executeBlock({
      block: blockOf({ transactions }),
      hardfork: 'prague',
      state: memoryState(alloc()),
    });
    await expect(result).rejects.toThrow(InvalidTransactionError);
    await expect(result).rejects.toThrow('transaction 1: made for chain 5, not for 1');
  });

  test.for([
    ['nonce too high', { nonce: '0x5' }],
    ['insufficient funds', { value: hex(2n * ETHER) }],
    ['intrinsic gas too low', { gas: hex(20_000) }],
    ['fee below the base fee', { gasPrice: '0x1' }],
  ] as const)('that the state does not allow is refused with the reason: %s', async ([reason, change]) => {
    const block = blockOf({ transactions: [call(change)] });
    const result = plain.executeBlock({ block, hardfork: 'prague', state: memoryState(alloc()) });
    await expect(result).rejects.toThrow(InvalidTransactionError);
    await expect(result).rejects.toThrow(`transaction 0: ${reason}`);
  });
});

test('what was read of a block stays right when the memory holds another one', async () => {
  // log0 of the call data, which is also returned
  const state = memoryState(alloc({ [CONTRACT]: { code: '0x60205f5f3760205fa060205ff3', nonce: 1 } }));
  const request = (number: number) => ({
    block: blockOf({ transactions: [call({ input: slot(number) })] }),
    hardfork: 'prague' as const,
    state,
  });
  const first = await plain.executeBlock(request(1));
  const second = await plain.executeBlock(request(2));
  expect(first.transactions[0]?.returnValue).toBe(slot(1));
  expect(first.receipts[0]?.logs[0]?.data).toBe(slot(1));
  expect(second.transactions[0]?.logs).toEqual([{ address: CONTRACT, topics: [], data: slot(2) }]);
  expect(first.receiptsRoot).not.toBe(second.receiptsRoot);
});

test('a precompiled contract whose library throws is a trap, not a receipt', async () => {
  const source = `export async function preparePrecompiles() {}
    export function createPrecompiles() { return () => { throw new Error('out of order'); }; }`;
  const engine = await createEngine({
    workers: 2,
    assets: { precompiles: `data:text/javascript,${encodeURIComponent(source)}` },
  });
  try {
    const block = blockOf({ transactions: [call({ to: `0x${'00'.repeat(19)}08` })] });
    const result = engine.executeBlock({ block, hardfork: 'prague', state: memoryState(alloc()) });
    await expect(result).rejects.toThrow(CoreTrapError);
    await expect(result).rejects.toMatchObject({ details: expect.stringMatching(/out of order/) });
  } finally {
    await engine.dispose();
  }
});

test('state that is far away is asked for in few rounds, also by transactions that follow on each other', async () => {
  // sstore(calldataload(0), sload(calldataload(0)) + 1)
  const base = memoryState(alloc({ [CONTRACT]: { code: '0x60015f3554015f355500', nonce: 1 } }));
  const transactions = Array.from({ length: 40 }, (_, i) => call({ nonce: hex(i), input: slot(1000 + i) }));
  const asked: number[] = [];
  const state: StateSource = {
    load(keys, options) {
      asked.push(keys.length);
      return base.load(keys, options);
    },
    blockHash: (number) => base.blockHash(number),
  };
  const request = { block: blockOf({ transactions }), hardfork: 'prague' as const };
  const far = await plain.executeBlock({ ...request, state });
  const near = await plain.executeBlock({ ...request, state: base });
  expect(far.receipts).toEqual(near.receipts);
  expect(far.stateDiff).toEqual(near.stateDiff);
  // accounts; code; slots; what the protocol's own steps need
  expect(asked.length).toBeLessThanOrEqual(6);
});

test('an account that was destroyed and is there again says so, also where nobody has loaded its storage', async () => {
  const {
    excessBlobGas: _,
    parentBeaconBlockRoot: __,
    ...block
  } = blockOf({
    transactions: [call(), call({ nonce: '0x1', value: hex(7) })],
  });
  // selfdestruct(caller())
  const base = memoryState({
    [SENDER]: { balance: ETHER },
    [CONTRACT]: { code: '0x33ff', nonce: 1, storage: { '0x1': 5 } },
  });
  const state: StateSource = {
    load: (keys, options) => base.load(keys, options),
    blockHash: (number) => base.blockHash(number),
  };
  const near = await plain.executeBlock({ block, hardfork: 'shanghai', state: base });
  const far = await plain.executeBlock({ block, hardfork: 'shanghai', state });
  expect(near.stateDiff.get(CONTRACT)).toMatchObject({ destroyed: true, storage: new Map([[slot(1), slot(0)]]) });
  expect(far.stateDiff.get(CONTRACT)).toMatchObject({ destroyed: true, balance: 7n });
});

test.for(['shared', 'inline'] as const)(
  'a block does not wait for libraries that may be needed: %s',
  async (threading) => {
    const source = `export const createPrecompiles = () => () => -1;
    export const preparePrecompiles = () => new Promise(() => {});`;
    const assets = { precompiles: `data:text/javascript,${encodeURIComponent(source)}` };
    await using engine = await createEngine({ workersPerBlock: 'all', workers: 2, threading, assets });
    for (let run = 0; run < 3; run++) {
      const { transactions } = await engine.executeBlock({
        block: blockOf({ transactions: [call()] }),
        hardfork: 'prague',
        state: memoryState(alloc()),
      });
      expect(transactions[0]?.success).toBe(true);
    }
  },
);

test.for(['shared', 'inline'] as const)('the first block of an engine may be empty: %s', async (threading) => {
  await using engine = await createEngine({ workersPerBlock: 'all', workers: 2, threading });
  const { excessBlobGas: _, parentBeaconBlockRoot: __, ...block } = blockOf();
  const result = await engine.executeBlock({ block, hardfork: 'shanghai', state: memoryState({}) });
  expect(result.gasUsed).toBe(0n);
  expect((await engine.execute([], 'synthetic')).results).toEqual([]);
});

test.for(
  (['shared', 'inline'] as const).flatMap((threading) =>
    ['no module', 'export const preparePrecompiles = async () => {};'].map((source) => [threading, source] as const),
  ),
)('precompiled contracts that cannot be loaded are named where one is called: %s', async ([threading, source]) => {
  const engine = await createEngine({
    workers: 2,
    threading,
    assets: { precompiles: `data:text/javascript,${encodeURIComponent(source)}` },
  });
  try {
    const common = { hardfork: 'prague' as const, state: memoryState(alloc()) };
    const calling = blockOf({ transactions: [call({ to: `0x${'00'.repeat(19)}08` })] });
    for (let run = 0; run < 2; run++) {
      await expect(engine.executeBlock({ ...common, block: calling })).rejects.toThrow(/options\.assets\.precompiles/);
      const { transactions } = await engine.executeBlock({ ...common, block: blockOf({ transactions: [call()] }) });
      expect(transactions[0]?.success).toBe(true);
    }
  } finally {
    await engine.dispose();
  }
});

test('who begins to listen in the middle of a block gets all transactions from the first on', async () => {
  await using engine = await createEngine({ workers: 1, threading: 'inline' });
  // sload(0), sstore(0, 1)
  const base = memoryState({ [SENDER]: { balance: ETHER }, [CONTRACT]: { code: '0x5f5460015f5500', nonce: 1 } });
  const targets = [MINER, MINER, MINER, CONTRACT, CONTRACT, MINER];
  const transactions = targets.map((to, i) => call({ nonce: hex(i), to, value: hex(i) }));
  const { excessBlobGas: _, parentBeaconBlockRoot: __, ...block } = blockOf({ transactions });
  const request = { block, hardfork: 'shanghai' as const };
  const near = await engine.executeBlock({ ...request, state: base });
  let listen = () => {};
  let rounds = 0;
  const listening = new Promise<void>((resolve) => {
    listen = resolve;
  });
  const state: StateSource = {
    async load(keys, options) {
      // By now the first transactions are committed, and nobody has heard of them.
      if (++rounds > 1) {
        listen();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return base.load(keys, options);
    },
    blockHash: (number) => base.blockHash(number),
  };
  const far = engine.executeBlock({ ...request, state });
  await listening;
  const heard: bigint[] = [];
  for await (const { gasUsed } of far) heard.push(gasUsed);
  expect(heard).toEqual(near.transactions.map(({ gasUsed }) => gasUsed));
  expect((await far).receipts).toEqual(near.receipts);
});

test('a time limit names the transaction, where steps of the protocol come before it', async () => {
  // An endless loop.
  const state = memoryState(alloc({ [CONTRACT]: { code: '0x5b5f56', nonce: 1 }, [SENDER]: { balance: 10n ** 24n } }));
  const block = blockOf({
    gasLimit: hex(2 ** 45),
    transactions: [call({ to: MINER }), call({ nonce: hex(1), gas: hex(2 ** 33) })],
  });
  const run = plain.executeBlock({ block, hardfork: 'prague', state, taskTimeoutMs: 100 });
  const error = await run.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(TaskTimeoutError);
  expect((error as TaskTimeoutError).index).toBe(1);
  expect((error as TaskTimeoutError).message).toBe('transaction 1: no result within 100 ms');
});
