// What can be previewed: signed bytes, bundles, creations, delegations, blobs, places within a block; and what it needs and says.
import { parseGwei } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlockInput, readBlock } from '../../../src/block/block-input.ts';
import {
  CallRejectedError,
  createEngine,
  type Hex,
  memoryState,
  type TracingEngine,
  type TracingWorld,
} from '../../../src/index.ts';
import { createTraffic } from '../../../src/traffic/index.ts';

const hardfork = 'prague';
const chainId = 1;
const ETHER = 10n ** 18n;
const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);
const other = privateKeyToAccount(`0x${'22'.repeat(32)}`);
const [alice, carol] = [account.address.toLowerCase() as Hex, other.address.toLowerCase() as Hex];
const addressOf = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
const [bob, asker, failing, spender, forwarder] = [0xb0b, 0xa5c, 0xfa1, 0x5e2, 0xf0a].map(addressOf);

/** Stores the number of the block; asks for the time, the sender and a hash on the way. */
const ASKER = '0x4250325042504340503d5043600055';
/** Reverts with its call data. */
const FAILING = '0x366000600037366000fd';
/** Runs into INVALID. */
const HALTING = '0xfe';
/** Stores 1 in slot 0, with everything that is there. */
const SPENDER = '0x6001600055';
/** Calls the spender with all gas, and reverts where that fails. */
const FORWARDER = `0x6000600060006000600073${spender!.slice(2)}5af160295760006000fd5b00`;
const gwei = parseGwei('1');

/** What becomes of a request with so much gas. */
async function statusWith(where: TracingWorld, request: object, gas: bigint | undefined): Promise<string> {
  try {
    return (await where.call({ ...request, gas })).status;
  } catch (error) {
    if (error instanceof CallRejectedError) return 'invalid';
    throw error;
  }
}

let engine: TracingEngine;
let world: TracingWorld;
const block = {
  ...{ number: '0x1', timestamp: '0x64', gasLimit: '0x1c9c380', miner: addressOf(0xfee), baseFeePerGas: '0x7' },
  ...{ difficulty: '0x0', mixHash: `0x${'01'.repeat(32)}`, parentHash: `0x${'02'.repeat(32)}`, excessBlobGas: '0x0' },
} as unknown as BlockInput;

beforeAll(async () => {
  engine = await createEngine({ workers: 1, chainId, hardfork });
  world = await engine.openWorld({
    state: memoryState({
      [alice]: { balance: ETHER },
      [carol]: { balance: ETHER, nonce: 4 },
      [asker!]: { code: ASKER },
      [failing!]: { code: FAILING },
      [spender!]: { code: SPENDER },
      [forwarder!]: { code: FORWARDER },
      [addressOf(0xdead)]: { code: HALTING },
    }),
    block,
  });
}, 60_000);
afterAll(() => engine.dispose());

describe('a signed transaction', () => {
  const shared = { chainId, to: bob, value: 7n, nonce: 0, gas: 30_000n } as const;

  test.each([
    ['of type 0', { ...shared, type: 'legacy', gasPrice: gwei }],
    ['of type 1', { ...shared, type: 'eip2930', gasPrice: gwei, accessList: [] }],
    ['of type 2', { ...shared, type: 'eip1559', maxFeePerGas: 2n * gwei, maxPriorityFeePerGas: gwei }],
  ] as const)('%s is previewed from its bytes, and pays', async (_, transaction) => {
    const found = await world.preview(await account.signTransaction(transaction as never));
    expect(found).toMatchObject({ status: 'success', gasUsed: 21_000n, gasLimit: 21_000n });
    const price = 'gasPrice' in transaction ? transaction.gasPrice : gwei + 7n;
    expect(found.fee).toBe(21_000n * price);
    expect(found.assetChanges).toEqual([
      {
        ...{ account: alice, asset: { kind: 'native' }, in: 0n, out: 7n, change: -7n, basis: 'state' },
        ...{ before: ETHER, after: ETHER - 7n - found.fee },
      },
      { account: bob, asset: { kind: 'native' }, in: 7n, out: 0n, change: 7n, before: 0n, after: 7n, basis: 'state' },
    ]);
    expect(found.stateDiff.get(alice)).toMatchObject({ nonce: 1n, balance: ETHER - 7n - found.fee });
  });

  test.each([
    ['of a later nonce', { nonce: 1 }, -38011, 'nonce too high'],
    ['without the fee of its block', { gasPrice: 1n }, -38012, 'fee below the base fee'],
    ['that nobody can pay', { value: 2n * ETHER }, -38014, 'insufficient funds'],
    ['with too little gas', { gas: 20_000n }, -38013, 'intrinsic gas too low'],
    ['with more gas than its block', { gas: 40_000_000n }, -32000, 'gas limit above that of the block'],
    ['of another chain', { chainId: 5 }, -32000, 'a transaction for chain 5, and this is chain 1'],
  ])('%s is invalid, with the reason', async (_, changed, code, words) => {
    const signed = await account.signTransaction({ ...shared, type: 'legacy', gasPrice: gwei, ...changed } as never);
    const { status, error, assetChanges, stateDiff } = await world.preview(signed);
    expect({ status, code: error?.code, kind: error?.kind }).toEqual({ status: 'invalid', code, kind: 'invalid' });
    expect(error?.message).toContain(words);
    expect({ assetChanges, stateDiff }).toEqual({ assetChanges: [], stateDiff: new Map() });
  });

  test('that is none is refused', async () => {
    await expect(world.preview('0x02c0')).rejects.toThrow(/^request/);
    await expect(world.preview('hello' as Hex)).rejects.toThrow('request: not hex');
  });
});

describe('an unsigned transaction', () => {
  test('may leave everything to the rules, and what it names must be right', async () => {
    expect(await world.preview({ from: alice, to: bob })).toMatchObject({ status: 'success', fee: 0n });
    const priced = await world.preview({ from: alice, to: bob, maxFeePerGas: gwei });
    expect(priced).toMatchObject({ status: 'success', fee: 21_000n * 7n });
    const early = await world.preview({ from: carol, to: bob, nonce: 3 });
    expect(early).toMatchObject({ status: 'invalid', error: { code: -38010 } });
    expect((await world.preview({ from: carol, to: bob, nonce: 4 })).status).toBe('success');
    expect((await world.preview({ from: alice, to: bob, chainId: 2 })).status).toBe('invalid');
    await expect(world.preview({ from: alice, gasPrice: 1, maxFeePerGas: 1 })).rejects.toThrow('request.gasPrice');
  });

  test('that creates a contract names it, its gas to the unit', async () => {
    const data = `0x600a600c600039600a6000f3${'5b'.repeat(10)}` as Hex;
    const found = await world.preview({ from: alice, data, value: 3n });
    expect(found.createdAddress).toMatch(/^0x[0-9a-f]{40}$/);
    expect(found.stateDiff.get(found.createdAddress!)).toMatchObject({ code: `0x${'5b'.repeat(10)}`, balance: 3n });
    expect((await world.call({ from: alice, data, value: 3n, gas: found.gasLimit })).status).toBe('success');
    expect((await world.call({ from: alice, data, value: 3n, gas: found.gasLimit! - 1n })).status).toBe('halted');
  });

  test('with blobs pays for them where it offers something', async () => {
    const blobVersionedHashes = [`0x01${'ab'.repeat(31)}`];
    const free = await world.preview({ from: alice, to: bob, blobVersionedHashes });
    expect(free).toMatchObject({ status: 'success', fee: 0n });
    const fees = { maxFeePerGas: gwei, maxFeePerBlobGas: gwei };
    const paid = await world.preview({ from: alice, to: bob, blobVersionedHashes, ...fees });
    expect(paid).toMatchObject({ status: 'success', fee: 21_000n * 7n + 131_072n });
    expect(paid.stateDiff.get(alice)?.balance).toBe(ETHER - paid.fee);
  });

  test('that hands an account over is the same whether it is signed or not', async () => {
    const signed = await other.signAuthorization({ chainId, contractAddress: asker!, nonce: 4 });
    const by = (authorizationList: object[]) => world.preview({ from: alice, to: carol, authorizationList } as never);
    const [first, second] = await Promise.all([by([signed]), by([{ authority: carol, address: asker }])]);
    expect(second).toEqual({ ...first, isStillValid: expect.any(Function), report: expect.anything() });
    expect(first.delegations).toEqual([{ authority: carol, to: asker }]);
    expect(first.stateDiff.get(carol)).toMatchObject({ nonce: 5n, code: `0xef0100${asker!.slice(2)}` });
    expect(first.stateDiff.get(carol)?.storage.size).toBe(1);
    // The sender's own nonce has grown by then; what is not valid does nothing.
    const own = await world.preview({
      from: carol,
      to: bob,
      authorizationList: [
        { authority: carol, address: asker! },
        { authority: carol, address: addressOf(0) },
      ],
    });
    expect(own.delegations).toEqual([{ authority: carol, to: null }]);
    const itself = { from: carol, to: bob, authorizationList: [{ authority: carol, address: asker! }] };
    expect((await world.preview(itself)).delegations).toEqual([{ authority: carol, to: asker }]);
    const stale = await by([{ authority: carol, address: asker, nonce: 3 }]);
    expect(stale).toMatchObject({ status: 'success', delegations: [] });
    await expect(by([{ authority: carol }])).rejects.toThrow('request.authorizationList[0].address');
  });
});

describe('a bundle', () => {
  test('runs one after the other, each with its own result, and sums up', async () => {
    const before = await world.getBalance(bob!);
    const bundle = [
      { from: alice, to: bob, value: 5n },
      { from: bob, to: carol, value: 3n },
      { from: bob, to: carol, value: 9n },
      await account.signTransaction({
        type: 'legacy',
        chainId,
        to: bob,
        value: 1n,
        nonce: 1,
        gas: 21_000n,
        gasPrice: gwei,
      }),
    ];
    const found = await world.preview(bundle);
    expect(found.transactions?.map(({ status }) => status)).toEqual(['success', 'success', 'invalid', 'success']);
    expect(found).toMatchObject({ status: 'invalid', gasUsed: 63_000n, error: { code: -38014 } });
    const changes = found.assetChanges.map(({ account: whose, change }) => [whose, change]);
    expect(changes).toEqual([
      [alice, -6n],
      [bob, 3n],
      [carol, 3n],
    ]);
    expect(found.stateDiff.get(bob!)).toMatchObject({ balance: before + 3n, nonce: 1n });
    expect(found.dependsOn[bob!]?.balance).toBe('0x0');
    expect(await world.getBalance(bob!)).toBe(before);
    expect((await world.preview([bundle[0]!])).transactions).toHaveLength(1);
    await expect(world.preview([])).rejects.toThrow('request: empty');
    await expect(world.preview([{ from: 'me' }])).rejects.toThrow('request[0].from');
  });
});

describe('what a preview says', () => {
  test('of its surroundings is what the code asks of them', async () => {
    const { environment } = await world.preview({ from: alice, to: asker });
    expect(environment).toEqual(['TIMESTAMP', 'ORIGIN', 'NUMBER', 'BLOCKHASH']);
    expect((await world.preview({ from: alice, to: bob })).environment).toEqual([]);
  });

  test('of failures is what an ABI knows, what ran out, and which call it was', async () => {
    const data = `0xcf479181${'0'.repeat(63)}5${'0'.repeat(63)}9` as Hex;
    const abi = ['error InsufficientBalance(uint256 available, uint256 required)', 'function hello()'];
    const custom = await world.preview({ from: alice, to: failing, data }, { abi });
    expect(custom.error).toEqual({
      ...{ kind: 'custom', name: 'InsufficientBalance', args: [5n, 9n], data, code: 3, at: [] },
      message: 'execution reverted: InsufficientBalance(5, 9)',
    });
    expect((await world.preview({ from: alice, to: failing, data })).error).toMatchObject({ kind: 'revert', data });
    const panic = `0x4e487b71${'0'.repeat(62)}11` as Hex;
    expect((await world.preview({ from: alice, to: failing, data: panic }, { abi })).error).toMatchObject({
      ...{ kind: 'panic', name: 'Panic', args: [17n] },
      message: 'execution reverted: arithmetic underflow or overflow',
    });
    const invalid = await world.preview({ from: alice, to: addressOf(0xdead) });
    expect(invalid).toMatchObject({ status: 'halted', error: { kind: 'halt', halt: 'invalid opcode', at: [] } });
    const short = await world.preview({ from: alice, to: forwarder, gas: 30_000 });
    expect(short).toMatchObject({ status: 'reverted', error: { kind: 'revert', at: [0] } });
    expect(short.gasLimit).toBeGreaterThan(43_000n);
    const out = await world.preview({ from: alice, to: spender, gas: 21_100 });
    expect(out.error).toMatchObject({ kind: 'halt', halt: 'out of gas', message: 'out of gas: 21100 were there' });
    await expect(world.preview({ to: bob }, { abi: ['error'] })).rejects.toThrow('options.abi[0]');
    await expect(world.preview({ to: bob }, { abis: [] } as never)).rejects.toThrow('did you mean "abi"?');
  });

  test('of calls that get 63/64 of the gas is the least that is enough', async () => {
    const { gasLimit, gasUsed } = await world.preview({ from: alice, to: forwarder });
    expect(gasLimit).toBeGreaterThan(gasUsed);
    expect((await world.call({ from: alice, to: forwarder, gas: gasLimit })).status).toBe('success');
    expect((await world.call({ from: alice, to: forwarder, gas: gasLimit! - 1n })).status).toBe('reverted');
  });
});

describe('of real contracts', () => {
  test('gas is the least, the list is that of createAccessList, and places within the block are what they were', async () => {
    const { file, plan } = await createTraffic({ transactions: 40, hardfork, conflictRate: 0.5, seed: 5 });
    const { transactions, ...header } = readBlock(file.block, hardfork);
    const state = memoryState(file.pre);
    const number = `0x${(BigInt(header.number) - 1n).toString(16)}`;
    const place = { block: { ...header, number, hash: header.parentHash } as never };
    const traffic = await createEngine({ workers: 1, chainId: file.chainId, hardfork });
    const [whole, part] = await Promise.all([
      traffic.openWorld({ state, ...place }),
      traffic.openWorld({ state, ...place }),
    ]);
    const seen = new Set<string>();
    for (const [at, { from, to, input, value, nonce }] of transactions.entries()) {
      const { kind } = plan[at]!;
      if (seen.has(kind) || nonce !== '0x0') continue;
      seen.add(kind);
      const request = { from: from!, to: to!, data: input, value };
      const { gasLimit, accessList, status } = await whole.preview(request);
      expect(accessList).toEqual((await whole.createAccessList(request)).accessList);
      if (status !== 'success') continue;
      expect(await statusWith(whole, request, gasLimit), kind).toBe('success');
      expect(await statusWith(whole, request, gasLimit! - 1n), kind).not.toBe('success');
    }
    expect(seen.size).toBeGreaterThan(5);
    const run = { hardfork, senders: 'trust' } as const;
    await whole.executeBlock({ block: { ...header, transactions }, ...run });
    // What the block has recorded is there no more where something ran since: those before it run again then.
    const ran = await traffic.openWorld({ state, ...place });
    await ran.executeBlock({ block: { ...header, transactions }, ...run });
    await ran.call({ to: bob });
    const start = part.snapshot();
    for (const k of [0, 1, 12, 25, 39]) {
      await part.executeBlock({ block: { ...header, transactions: transactions.slice(0, k) }, ...run });
      const { from, to, input, value } = transactions[k]!;
      const request = { from: from!, to: to!, data: input, value };
      const at = { transactionIndex: k };
      const expected = {
        ...(await part.preview(request)),
        isStillValid: expect.any(Function),
        report: expect.anything(),
      };
      await part.revert(start);
      expect(await whole.preview(request, { at })).toEqual(expected);
      expect(await ran.preview(request, { at })).toEqual(expected);
      const [, last] = await whole.previewMany([{ to: bob }, request], { at });
      expect(last).toEqual(expected);
    }
    const { from } = transactions[25]!;
    const request = { from: from!, to: bob };
    const raw = await whole.getNonce(from!);
    expect(raw).toBeGreaterThan(await part.getNonce(from!));
    await expect(whole.preview(request, { at: { transactionIndex: 40 } })).rejects.toThrow(
      'the block has 40 transactions',
    );
    await expect(world.preview({ to: bob }, { at: { transactionIndex: 0 } })).rejects.toThrow('options.at');
    await traffic.dispose();
  }, 60_000);
});
