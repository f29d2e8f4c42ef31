// Previews over real tokens: what moves and who may move what, by hand and against what the state says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BlockInput, readBlock, type TransactionInput } from '../../../src/block/block-input.ts';
import {
  createEngine,
  type Hex,
  type MemoryState,
  memoryState,
  type StateSource,
  StateSourceError,
  type TracingEngine,
  type TracingWorld,
} from '../../../src/index.ts';
import { movementsIn, sumsOf } from '../../../src/simulation/token-events.ts';
import { createTraffic, type PlannedTransaction } from '../../../src/traffic/index.ts';

const hardfork = 'prague';
let engine: TracingEngine;
let world: TracingWorld;
let state: MemoryState;
let header: Omit<BlockInput, 'transactions'>;
let planned: { plan: PlannedTransaction; request: { from: Hex; to: Hex; data: Hex; value: Hex }; gas: Hex }[];

beforeAll(async () => {
  const { file, plan } = await createTraffic({ transactions: 60, hardfork, seed: 3 });
  engine = await createEngine({ workers: 1, chainId: file.chainId, hardfork });
  let transactions: readonly TransactionInput[];
  ({ transactions, ...header } = readBlock(file.block, hardfork));
  state = memoryState(file.pre);
  world = await engine.openWorld({ state, block: header });
  planned = plan.map((entry, at) => ({ plan: entry, ...requestOf(transactions[at]!) }));
}, 60_000);
afterAll(() => engine.dispose());

function requestOf({ from, to, input, value, gas }: TransactionInput) {
  return { request: { from: from!, to: to!, data: input, value }, gas };
}

const word = (value: bigint | Hex) => BigInt(value).toString(16).padStart(64, '0');
const of = (kind: string) => planned.find(({ plan }) => plan.kind === kind)!;
const addressOf = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;

describe('a preview', () => {
  test('comes to what a call comes to, and moves what the balances say, for every kind of traffic', async () => {
    const kinds = new Set<string>();
    for (const { plan, request } of planned) {
      const found = await world.preview(request);
      const { status, gasUsed, returnData, logs } = await world.call(request);
      expect({ ...found, calls: undefined }).toMatchObject({ status, gasUsed, returnData, logs });
      expect(found.calls?.gasUsed).toBe(`0x${gasUsed.toString(16)}`);
      kinds.add(`${plan.kind} ${status}`);
      // Of what is not paid for gas, which costs nothing without a fee.
      const native = new Map(
        found.assetChanges.filter(({ asset }) => asset.kind === 'native').map((sum) => [sum.account, sum]),
      );
      for (const [account, change] of found.stateDiff) {
        const before = await world.getBalance(account);
        const moved = native.get(account);
        expect((change?.balance ?? before) - before).toBe(moved?.change ?? 0n);
        if (moved !== undefined) expect(moved).toMatchObject({ before, after: change?.balance, basis: 'state' });
      }
      if (status !== 'success') expect(found.assetChanges).toEqual([]);
    }
    expect([...kinds].sort()).toEqual(
      expect.arrayContaining([
        'ether success',
        'mint success',
        'pairSwap success',
        'poolSwap success',
        'token success',
      ]),
    );
  });

  test('of a token transfer names both sides, with symbol and decimals, and says what to set', async () => {
    const { request } = of('token');
    const { assetChanges, gasLimit, accessList, approvals, error } = await world.preview(request);
    const amount = BigInt(`0x${request.data.slice(-64)}`);
    const recipient = `0x${request.data.slice(34, 74)}`;
    const symbol = expect.stringMatching(/^[A-Z0-9]+$/);
    const shared = { asset: { kind: 'erc20', address: request.to, decimals: 18, symbol }, basis: 'events' };
    expect(assetChanges).toEqual([
      { account: request.from, ...shared, in: 0n, out: amount, change: -amount },
      { account: recipient, ...shared, in: amount, out: 0n, change: amount },
    ]);
    expect((await world.call({ ...request, gas: gasLimit })).status).toBe('success');
    expect(accessList.length).toBeGreaterThanOrEqual(1);
    expect(approvals).toEqual([]);
    expect(error).toBeUndefined();
  });

  test('of a swap shows what is given and what is got', async () => {
    for (const kind of ['pairSwap', 'poolSwap']) {
      const { request } = of(kind);
      const { assetChanges } = await world.preview(request);
      const own = assetChanges.filter(({ account }) => account === request.from);
      expect(own.filter((sum) => sum.out > 0n)).toHaveLength(1);
      expect(own.filter((sum) => sum.in > 0n)).toHaveLength(1);
    }
  });

  test('of a mint shows the token that is new', async () => {
    const { request } = of('mint');
    const { assetChanges } = await world.preview(request);
    expect(assetChanges).toContainEqual(
      expect.objectContaining({
        asset: expect.objectContaining({ kind: 'erc721', address: request.to, tokenId: expect.any(BigInt) }),
        change: 1n,
      }),
    );
  });

  test('says who may take what before and after, and the world stays as it is', async () => {
    const { request } = of('token');
    const spender = addressOf(0x5bed);
    const approve = { ...request, data: `0x095ea7b3${word(spender)}${word(77n)}` as Hex };
    const { approvals, stateDiff } = await world.preview(approve);
    const [owner, token] = [request.from, request.to];
    const asset = { kind: 'erc20', address: token, decimals: 18, symbol: expect.any(String) };
    expect(approvals).toEqual([{ kind: 'allowance', asset, owner, spender, before: 0n, after: 77n, unlimited: false }]);
    expect(stateDiff.get(token)?.storage.size).toBe(1);
    expect((await world.preview(approve)).approvals[0]?.before).toBe(0n);
    const collection = of('mint').request.to;
    const all = { from: owner, to: collection, data: `0xa22cb465${word(spender)}${word(1n)}` as Hex };
    expect((await world.preview(all)).approvals).toMatchObject([
      { kind: 'operator', asset: { kind: 'erc721', address: collection }, owner, spender, before: false, after: true },
    ]);
  });

  test('of what fails says why, and of what cannot run that it is invalid', async () => {
    const failing = planned.find(({ plan }) => plan.kind === 'failing')!;
    const failed = await world.preview({ ...failing.request, gas: failing.gas });
    expect(failed.status).not.toBe('success');
    expect(failed.error?.kind).toMatch(/revert|panic|halt/);
    expect(failed.assetChanges).toEqual([]);
    const poor = await world.preview({ from: addressOf(0xdead), to: addressOf(1), value: 1n });
    expect(poor).toMatchObject({ status: 'invalid', error: { kind: 'invalid', code: -38014 }, assetChanges: [] });
    expect(poor.error?.message).toContain('insufficient funds');
    await expect(world.preview({ from: 'me' })).rejects.toThrow('request.from');
  });

  test('is valid for as long as what it met is the same', async () => {
    const { request } = of('token');
    const found = await world.preview(request);
    const fork = await world.fork();
    expect(await found.isStillValid(fork)).toBe(true);
    await fork.setBalance(addressOf(0x77), 1n);
    expect(await found.isStillValid(fork)).toBe(true);
    const [[slot] = []] = Object.entries(found.dependsOn[request.to]?.storage ?? {});
    await fork.setStorage(request.to, slot!, 1n);
    expect(await found.isStillValid(fork)).toBe(false);
    expect(await found.isStillValid(world)).toBe(true);
    await fork.dispose();
  });

  test('over a source that is asked is what it is over the whole state', async () => {
    const { file } = await createTraffic({ transactions: 60, hardfork, seed: 3 });
    const { transactions: _, ...header } = readBlock(file.block, hardfork);
    const whole = memoryState(file.pre);
    // It says what it is asked for, and no more.
    const source = { load: (keys: never) => whole.load(keys), blockHash: (number: bigint) => whole.blockHash(number) };
    const remote = await engine.openWorld({ state: source as never, block: header });
    for (const kind of ['poolSwap', 'pairSwap', 'token', 'mint']) {
      const { request } = of(kind);
      const options = { verifyBalances: true };
      const found = await remote.preview([request, request], options);
      expect(found).toEqual({
        ...(await world.preview([request, request], options)),
        isStillValid: expect.any(Function),
        report: { ...found.report, loadRounds: expect.any(Number), runs: expect.any(Number) },
        transactions: expect.any(Array),
      });
      expect(found.transactions?.map(({ assetChanges }) => assetChanges)).toEqual(
        (await world.preview([request, request], options)).transactions?.map(({ assetChanges }) => assetChanges),
      );
      expect(await found.isStillValid(remote)).toBe(true);
    }
    await remote.dispose();
  });

  test('asks tokens what they are called once, until the state is another', async () => {
    const { request } = of('token');
    const symbols = async (on: TracingWorld) => {
      const { assetChanges, report } = await on.preview(request);
      return { symbols: new Set(assetChanges.map(({ asset }) => asset.symbol)), runs: report.runs };
    };
    await using fork = (await world.fork()) as TracingWorld;
    const first = await symbols(fork);
    expect(first.symbols).toEqual(new Set(['TRT']));
    expect(await symbols(fork)).toEqual({ ...first, runs: first.runs - 2 });
    // OpenZeppelin keeps short texts with twice their length at the end.
    const slot: Hex = `0x${word(4n)}`;
    const named: Hex = `0x${Buffer.from('NEW').toString('hex').padEnd(62, '0')}06`;
    const other = { stateOverrides: { [request.to]: { stateDiff: { [slot]: named } } } };
    const [change] = (await fork.preview(request, other)).assetChanges;
    expect(change!.asset.symbol).toBe('NEW');
    expect((await symbols(fork)).symbols).toEqual(new Set(['TRT']));
    const before = fork.snapshot();
    await fork.setStorage(request.to, slot, named);
    expect(await symbols(fork)).toEqual({ symbols: new Set(['NEW']), runs: first.runs });
    await fork.revert(before);
    expect((await symbols(fork)).symbols).toEqual(new Set(['TRT']));
    const [, second] = (await fork.preview([request, request])).transactions!;
    expect(second!.assetChanges[0]!.asset.symbol).toBe('TRT');
  });

  test('of many is one of each', async () => {
    const requests = planned.slice(0, 5).map(({ request }) => request);
    const previews = await world.previewMany(requests);
    expect(previews.map(({ gasUsed }) => gasUsed)).toEqual(
      await Promise.all(requests.map(async (request) => (await world.preview(request)).gasUsed)),
    );
    await expect(world.previewMany({} as never)).rejects.toThrow('requests: expected an array');
    expect(await world.previewMany([])).toEqual([]);
  });

  test('of many is refused for the first that cannot be read, and fails for the first that fails', async () => {
    const { request } = planned[0]!;
    const requests = Array.from({ length: 40 }, () => request);
    const wrong = requests.with(17, { ...request, to: '0x1' as Hex });
    await expect(world.previewMany(wrong)).rejects.toThrow('requests[17].to');
    await expect(world.previewMany([request, []])).rejects.toThrow('requests[1]: empty');
    const missing = { ...request, to: addressOf(0x99) };
    const lame: StateSource = {
      async load(keys, options) {
        if (keys.some((key) => 'address' in key && key.address === missing.to)) throw new Error('out of order');
        return state.load(keys, options);
      },
      blockHash: (number) => state.blockHash(number),
    };
    const remote = await engine.openWorld({ state: lame, block: header });
    await expect(remote.previewMany(requests.with(23, missing))).rejects.toThrow(StateSourceError);
    const previews = await remote.previewMany(requests);
    expect(previews.map(({ gasUsed }) => gasUsed)).toEqual(previews.map(() => previews[0]!.gasUsed));
    await remote.dispose();
  });

  test('of many ends with its world', async () => {
    const other = await world.fork();
    const requests = Array.from({ length: 200 }, (_, at) => planned[at % planned.length]!.request);
    const previews = other.previewMany(requests);
    const ended = other.dispose();
    expect((await previews).length).toBe(200);
    await ended;
    await expect(other.previewMany(requests)).rejects.toThrow('it was disposed of');
  });
});

describe('the events of tokens', () => {
  const token = addressOf(0x70);
  const [operator, from, to] = [word(9n), word(1n), word(2n)].map((text): Hex => `0x${text}`);
  const batch = '0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb' as const;
  const single = '0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62' as const;
  const data = (...words: bigint[]): Hex => `0x${words.map(word).join('')}`;
  const said = (topics: Hex[], bytes: Hex) =>
    ({ kind: 'log', log: { address: token, topics, data: bytes }, isPermit: false, isPaid: false }) as const;

  test('of ERC-1155 are read one by one, and nobody mints', () => {
    const logs = [
      said([single, operator!, from!, to!], data(7n, 3n)),
      said([batch, operator!, `0x${word(0n)}`, to!], data(64n, 160n, 2n, 7n, 8n, 2n, 1n, 5n)),
    ];
    const shared = { kind: 'erc1155', token, isWrapped: false };
    expect(sumsOf(movementsIn(logs))).toEqual([
      { account: addressOf(1), ...shared, tokenId: 7n, in: 0n, out: 3n },
      { account: addressOf(2), ...shared, tokenId: 7n, in: 4n, out: 0n },
      { account: addressOf(2), ...shared, tokenId: 8n, in: 5n, out: 0n },
    ]);
  });

  test.each([
    ['a list that begins beyond the data', data(64n, 2n ** 40n, 0n)],
    ['a list that is longer than the data', data(64n, 64n, 2n ** 200n)],
    ['lists of two lengths', data(64n, 96n, 0n, 1n, 5n)],
    ['nothing', '0x' as Hex],
  ])('that lie are passed over: %s', (_, bytes) => {
    expect(movementsIn([said([batch, operator!, from!, to!], bytes)])).toEqual([]);
  });
});
