// Our executor over a view against the library alone over its own trie: random small blocks at every fork.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { HARDFORKS, isAtLeast } from '../../../src/chain/hardfork.ts';
import { createEngine, type StateDiff, type StateSource } from '../../../src/index.ts';
import { stateRootOf } from '../../../src/state/state-root.ts';
import { addressOf, type Call, ETHER, runLibrary, runOurs, scenario, type TestAccount } from './library-oracle.ts';
import * as programs from './programs.ts';

const SENDERS = [addressOf(1), addressOf(2), addressOf(3)];
const CONTRACTS = {
  forward: addressOf(0x10),
  callFree: addressOf(0x11),
  destroy: addressOf(0x12),
  store: addressOf(0x13),
  count: addressOf(0x14),
  readCoinbase: addressOf(0x15),
  readCodeHash: addressOf(0x16),
  fail: addressOf(0x17),
  factory: addressOf(0x18),
  creator: addressOf(0x19),
};
const OTHERS = [addressOf(0x20), addressOf(0x21), addressOf(0xc0), '0x0000000000000000000000000000000000000003' as Hex];
const EVERYBODY = [...SENDERS, ...Object.values(CONTRACTS), ...OTHERS];

const ALLOC: Record<string, TestAccount> = {
  ...Object.fromEntries(SENDERS.map((sender) => [sender, { balance: 10n * ETHER, nonce: 3 }])),
  [CONTRACTS.forward]: { balance: 5n, nonce: 1, code: programs.FORWARD },
  [CONTRACTS.callFree]: { nonce: 1, code: programs.CALL_FREE },
  [CONTRACTS.destroy]: { balance: ETHER, nonce: 1, code: programs.DESTROY, storage: { '0x1': '0x2' } },
  [CONTRACTS.store]: { nonce: 1, code: programs.STORE, storage: { '0x0': '0x5', '0x1': '0x6' } },
  [CONTRACTS.count]: { nonce: 1, code: programs.COUNT, storage: { '0x0': '0xff' } },
  [CONTRACTS.readCoinbase]: { nonce: 1, code: programs.READ_COINBASE },
  [CONTRACTS.readCodeHash]: { nonce: 1, code: programs.READ_CODE_HASH },
  [CONTRACTS.fail]: { nonce: 1, code: programs.FAIL },
  [CONTRACTS.factory]: { balance: 9n, nonce: 1, code: programs.FACTORY },
  [CONTRACTS.creator]: { balance: 9n, nonce: 1, code: programs.CREATOR },
};

const INIT_CODES = [
  programs.deploying(programs.DESTROY),
  programs.deploying(programs.COUNT),
  // Destroys itself while it is being created.
  programs.assemble('CALLER SELFDESTRUCT'),
  programs.assemble('7 1 SSTORE 0 0 REVERT'),
  '0x' as Hex,
];

const call: fc.Arbitrary<Call> = fc.record({
  from: fc.constantFrom(...SENDERS),
  to: fc.option(fc.constantFrom(...EVERYBODY), { nil: null, freq: 8 }),
  value: fc.constantFrom(0n, 0n, 1n, 1000n, ETHER),
  gasPrice: fc.constantFrom(7n, 10n, 50n),
  gas: fc.constantFrom(400_000, 400_000, 90_000, 60_000),
  input: fc.oneof(
    fc
      .tuple(fc.constantFrom(...EVERYBODY), fc.constantFrom(0n, 1n, 1n << 200n))
      .map(([who, value]): Hex => `0x${programs.word(who)}${programs.word(value)}`),
    fc
      .tuple(fc.constantFrom(0n, 1n), fc.constantFrom(0n, 5n, 9n))
      .map(([slot, value]): Hex => `0x${programs.word(slot)}${programs.word(value)}`),
    fc.constantFrom(...INIT_CODES),
  ),
});

describe('random blocks leave the state that the library alone leaves', () => {
  test.each(HARDFORKS)('at %s', async (hardfork) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 1, maxLength: 10 }),
        fc.constantFrom(addressOf(0xc0), addressOf(0xc1), SENDERS[0]!, CONTRACTS.count, CONTRACTS.destroy),
        async (calls, coinbase) => {
          const input = scenario({ hardfork, alloc: ALLOC, calls, coinbase });
          const ours = await runOurs(input);
          const { result: _, ...outcome } = ours;
          expect(outcome).toEqual(await runLibrary(input));
        },
      ),
      { numRuns: 15 },
    );
  });
});

describe('the bugs that lazy credits invite', () => {
  const hardforks = HARDFORKS.filter((hardfork) => isAtLeast(hardfork, 'byzantium') || hardfork === 'homestead');

  async function agree(input: ReturnType<typeof scenario>): Promise<Awaited<ReturnType<typeof runOurs>>> {
    const ours = await runOurs(input);
    const { result: _, ...outcome } = ours;
    expect(outcome).toEqual(await runLibrary(input));
    return ours;
  }

  test.each(hardforks)('the beneficiary as sender, recipient and observed account at %s', async (hardfork) => {
    const [sender, other] = SENDERS as [Hex, Hex];
    await agree(
      scenario({
        hardfork,
        alloc: ALLOC,
        coinbase: sender,
        calls: [
          { from: other, to: sender, value: 5n },
          { from: sender, to: CONTRACTS.readCoinbase },
          { from: sender, to: other, value: ETHER },
          { from: other, to: CONTRACTS.readCoinbase },
        ],
      }),
    );
  });

  test.each(hardforks)('a contract that is destroyed in favour of the beneficiary at %s', async (hardfork) => {
    const [sender] = SENDERS as [Hex];
    const coinbase = addressOf(0xc5);
    await agree(
      scenario({
        hardfork,
        alloc: ALLOC,
        coinbase,
        calls: [
          { from: sender, to: CONTRACTS.destroy, input: `0x${programs.word(coinbase)}` },
          { from: sender, to: CONTRACTS.destroy, value: 7n, input: `0x${programs.word(coinbase)}` },
          { from: sender, to: CONTRACTS.readCoinbase },
        ],
      }),
    );
  });

  test.each(hardforks)('a beneficiary that is a contract and destroys itself at %s', async (hardfork) => {
    const [sender] = SENDERS as [Hex];
    await agree(
      scenario({
        hardfork,
        alloc: ALLOC,
        coinbase: CONTRACTS.destroy,
        calls: [
          { from: sender, to: CONTRACTS.destroy, input: `0x${programs.word(CONTRACTS.destroy)}` },
          { from: sender, to: CONTRACTS.destroy, value: 3n },
        ],
      }),
    );
  });

  test('a balance that would overflow makes the transfer fail', async () => {
    const [sender] = SENDERS as [Hex];
    const rich = addressOf(0x77);
    const { result } = await agree(
      scenario({
        hardfork: 'cancun',
        alloc: { ...ALLOC, [rich]: { balance: (1n << 256n) - 2n } },
        calls: [
          { from: sender, to: rich, value: 1n },
          { from: sender, to: rich, value: 1n },
        ],
      }),
    );
    expect(result.receipts.map(({ status }) => status)).toEqual(['success', 'reverted']);
  });

  test('an account destroyed, created again with CREATE2 and read in one block', async () => {
    const [sender, other] = SENDERS as [Hex, Hex];
    const child = programs.deploying(programs.DESTROY);
    for (const hardfork of ['petersburg', 'istanbul', 'london', 'shanghai', 'cancun', 'osaka'] as const) {
      const first = await runOurs(
        scenario({ hardfork, alloc: ALLOC, calls: [{ from: sender, to: CONTRACTS.factory, input: child }] }),
      );
      const created = [...first.result.stateDiff].find(([, change]) => change?.code !== undefined)?.[0] as Hex;
      await agree(
        scenario({
          hardfork,
          alloc: ALLOC,
          calls: [
            { from: sender, to: CONTRACTS.factory, input: child, value: 11n },
            { from: other, to: created, input: `0x${programs.word(other)}` },
            { from: sender, to: CONTRACTS.readCodeHash, input: `0x${programs.word(created)}` },
            { from: sender, to: CONTRACTS.factory, input: child },
            { from: other, to: CONTRACTS.readCodeHash, input: `0x${programs.word(created)}` },
          ],
        }),
      );
    }
  });

  test('an account that is destroyed and has a slot again as it was: the diff says so, and the root is right', async () => {
    const [sender, other] = SENDERS as [Hex, Hex];
    const { factory } = CONTRACTS;
    const before = Object.fromEntries(
      Object.entries(ALLOC).filter(([who]) => [sender, other, factory].includes(who as Hex)),
    );
    // Slot 1 is 5 in the constructor.
    const size = ((programs.DESTROY.length - 2) / 2).toString(16).padStart(2, '0');
    const copy = `60${size}8060106000396000f3`;
    const child: Hex = `${programs.assemble('5 1 SSTORE')}${copy}${programs.DESTROY.slice(2)}`;
    const create = { from: sender, to: factory, input: child };
    const first = await runOurs(scenario({ hardfork: 'shanghai', alloc: before, calls: [create] }));
    const created = [...first.result.stateDiff].find(([, change]) => change?.code !== undefined)?.[0] as Hex;
    const old = { nonce: 1, code: programs.DESTROY, storage: { '0x1': '0x5', '0x2': '0x6' } };
    const destroy: Call = { from: other, to: created, input: `0x${programs.word(other)}` };
    const input = scenario({ hardfork: 'shanghai', alloc: { ...before, [created]: old }, calls: [destroy, create] });
    const { stateRoot } = await runLibrary(input);
    const { chainId, hardfork, block, state, blockHashes } = input;
    const rootOf = (diff: StateDiff) => stateRootOf(state, diff, { emptyIsAbsent: true });
    const slot = (value: bigint): Hex => `0x${programs.word(value)}`;
    const storage = new Map([
      [slot(1n), slot(5n)],
      [slot(2n), slot(0n)],
    ]);
    const { result: sequential } = await runOurs(input);
    expect(sequential.stateDiff.get(created)).toEqual({ destroyed: true, storage });
    expect(await rootOf(sequential.stateDiff)).toBe(stateRoot);
    await using engine = await createEngine({ workersPerBlock: 'all', workers: 2 });
    const near = await engine.executeBlock({ chainId, hardfork, block, state, blockHashes });
    expect(near.stateDiff.get(created)).toEqual({ destroyed: true, storage });
    expect(await rootOf(near.stateDiff)).toBe(stateRoot);
    const distant: StateSource = {
      load: (keys, options) => state.load(keys, options),
      blockHash: (number) => state.blockHash(number),
    };
    const far = await engine.executeBlock({ chainId, hardfork, block, state: distant, blockHashes });
    expect(await rootOf(far.stateDiff)).toBe(stateRoot);
    await using world = await engine.openWorld({ state });
    const snapshot = await world.snapshot();
    const there = await world.executeBlock({ block, hardfork, blockHashes });
    expect(await rootOf(there.stateDiff)).toBe(stateRoot);
    expect(await rootOf(await world.stateDiffSince(snapshot))).toBe(stateRoot);
  });

  test('a creation onto storage without nonce and code collides (EIP-7610)', async () => {
    const [sender] = SENDERS as [Hex];
    const child = programs.deploying(programs.COUNT);
    const calls = [{ from: sender, to: CONTRACTS.factory, input: child }];
    const first = await runOurs(scenario({ hardfork: 'cancun', alloc: ALLOC, calls }));
    const created = [...first.result.stateDiff].find(([, change]) => change?.code !== undefined)?.[0] as Hex;
    const alloc = { ...ALLOC, [created]: { balance: 1n, storage: { '0x1': '0x2' } } };
    const { result } = await agree(scenario({ hardfork: 'cancun', alloc, calls }));
    expect(result.stateDiff.get(created)).toBeUndefined();
  });
});
