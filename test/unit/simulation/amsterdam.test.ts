// Both kinds of gas (EIP-8037) in calls, previews, simulations and traces: the state's is named, and the least limit pays both.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlockInput } from '../../../src/block/block-input.ts';
import { rulesOf } from '../../../src/chain/rules.ts';
import {
  BUILDER_DEPOSIT_REQUESTS,
  BUILDER_EXIT_REQUESTS,
  CONSOLIDATION_REQUESTS,
  WITHDRAWAL_REQUESTS,
} from '../../../src/chain/system-contracts.ts';
import {
  CallRejectedError,
  createEngine,
  type Hex,
  memoryState,
  type TracingEngine,
  type TracingWorld,
} from '../../../src/index.ts';

const hardfork = 'amsterdam';
/** As the EIP says: bytes of a slot and of an account, at 1,530 gas each. */
const [SLOT, ACCOUNT, BYTE] = [97_920n, 183_600n, 1530n];
/** Gas beyond it is for state alone. */
const CAP = 1n << 24n;
const addressOf = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
const [alice, nobody, spender, forwarder, cleaner, taker, sender, factory] = [
  ...[0xa11ce, 0xb0b, 0x5e2, 0xf0a, 0xc1e, 0x7a4, 0x5ed, 0xfac],
].map(addressOf) as [Hex, Hex, Hex, Hex, Hex, Hex, Hex, Hex];

/** Stores 1 in slot 0. */
const SPENDER = '0x6001600055';
/** Calls the spender with all gas, and reverts where that fails. */
const FORWARDER = `0x6000600060006000600073${spender.slice(2)}5af160295760006000fd5b00`;
/** Stores 1 in slot 0, and 0 again: nothing grows. */
const CLEANER = '0x600160005560006000555b00';
/** Stores 1 in slots 0 and 1, and reverts. */
const TAKER = '0x6001600055600160015560006000fd';
/** Sends 1 wei to who is nobody. */
const SENDER = `0x6000600060006000600173${nobody.slice(2)}5af100`;
/** Creates a contract of one byte of code, STOP, and reverts where that fails. */
const FACTORY = '0x6460016000f360d81b600052600560006000f0601a57600080fd5b00';

let engine: TracingEngine;
let world: TracingWorld;

beforeAll(async () => {
  engine = await createEngine({ workers: 1, chainId: 1, hardfork });
  world = await engine.openWorld({
    state: memoryState({
      [alice]: { balance: 10n ** 18n },
      [spender]: { code: SPENDER },
      [forwarder]: { code: FORWARDER },
      [cleaner]: { code: CLEANER },
      [taker]: { code: TAKER },
      [sender]: { code: SENDER, balance: 5n },
      [factory]: { code: FACTORY, nonce: 1 },
    }),
    block: {
      ...{ number: '0x1', timestamp: '0x64', gasLimit: '0x3938700', miner: addressOf(0xfee), baseFeePerGas: '0x7' },
      ...{ difficulty: '0x0', mixHash: `0x${'01'.repeat(32)}`, parentHash: `0x${'02'.repeat(32)}` },
      ...{ excessBlobGas: '0x0', slotNumber: '0x9' },
    } as unknown as BlockInput,
  });
}, 60_000);
afterAll(() => engine.dispose());

/** What becomes of a request with so much gas. */
async function statusWith(request: object, gas: bigint): Promise<string> {
  try {
    return (await world.call({ ...request, gas })).status;
  } catch (error) {
    if (error instanceof CallRejectedError) return 'invalid';
    throw error;
  }
}

const CASES: readonly (readonly [name: string, request: { to: Hex; value?: bigint }, state: bigint])[] = [
  ['a transfer to who is there', { to: alice, value: 1n }, 0n],
  ['a transfer to nobody', { to: nobody, value: 1n }, ACCOUNT],
  ['a new slot', { to: spender }, SLOT],
  ['a new slot of a callee', { to: forwarder }, SLOT],
  ['a slot that is new and goes again', { to: cleaner }, 0n],
  ['slots that are taken back', { to: taker }, 0n],
  ['a call that makes an account', { to: sender }, ACCOUNT],
  ['a contract of one byte', { to: factory }, ACCOUNT + BYTE],
];

describe.each(CASES)('%s', (_, request, state) => {
  const asked = { from: alice, ...request };

  test('names its state gas, whoever is asked', async () => {
    const called = await world.call(asked);
    const preview = await world.preview(asked);
    const [many] = await world.callMany([asked]);
    const [block] = await world.simulate({ blockStateCalls: [{ calls: [asked] }] });
    const [simulated] = block!.calls;
    expect([called, preview, many, simulated].map((answer) => answer!.stateGas)).toEqual([state, state, state, state]);
    const used = [called, preview, many, simulated].map((answer) => answer!.gasUsed);
    expect(new Set(used).size).toBe(1);
  });

  test('used as much before refunds, whatever gas there was', async () => {
    const gases = [1_000_000n, CAP - 1n, CAP, CAP + 50_000n, CAP + 1_000_000n];
    const found = await Promise.all(gases.map((gas) => world.preview({ ...asked, gas })));
    expect(new Set(found.map(({ maxUsedGas }) => maxUsedGas)).size).toBe(1);
    expect(new Set(found.map(({ gasUsed }) => gasUsed)).size).toBe(1);
    expect(found[0]!.maxUsedGas).toBeGreaterThanOrEqual(found[0]!.gasUsed);
    const [block] = await world.simulate({ blockStateCalls: [{ calls: [asked] }] });
    expect(block!.calls[0]!.maxUsedGas).toBe(found[0]!.maxUsedGas);
  });

  test('needs the limit that the preview says, and no less', async () => {
    const { gasLimit, status } = await world.preview(asked);
    if (status !== 'success') return expect(gasLimit).toBeUndefined();
    expect(gasLimit).toBeLessThan(CAP);
    expect(await statusWith(asked, gasLimit!)).toBe('success');
    expect(await statusWith(asked, gasLimit! - 1n)).not.toBe('success');
    return undefined;
  });
});

test('a tracer sees the reservoir, and what the state has cost by now', async () => {
  const steps: { opcode: number; gas: bigint; reservoir: bigint; stateGas: bigint }[] = [];
  const frames: (readonly bigint[])[] = [];
  const tracer = () => ({
    stepped: ({ opcode, gas, reservoir, stateGas }: (typeof steps)[number]) =>
      void steps.push({ opcode, gas, reservoir, stateGas }),
    frameBegan: ({ reservoir }: { reservoir: bigint }) => void frames.push([reservoir]),
    frameEnded: ({ reservoir, stateGas }: { reservoir: bigint; stateGas: bigint }) =>
      void frames.push([reservoir, stateGas]),
    result: () => null,
  });
  const SSTORE = 0x55;
  const trace = async (to: Hex, gas: bigint) => {
    steps.length = 0;
    frames.length = 0;
    await world.trace({ from: alice, to, gas }, { tracer });
    const at = steps.findIndex(({ opcode }) => opcode === SSTORE);
    return { before: steps[at]!, after: steps[at + 1]! };
  };
  // STORAGE_WRITE, and a slot that is cold (EIP-8038).
  const slotWrite = 10_000n + 2100n;
  // All of it spills.
  const poor = await trace(spender, 1_000_000n);
  expect(poor.before).toMatchObject({ reservoir: 0n, stateGas: 0n });
  expect(poor.after).toMatchObject({ reservoir: 0n, stateGas: SLOT, gas: poor.before.gas - slotWrite - SLOT });
  expect(frames).toEqual([[0n], [0n, SLOT]]);
  // A part of it: the reservoir is smaller than what a slot costs.
  const middling = await trace(spender, CAP + 20_000n);
  expect(middling.before.reservoir).toBe(20_000n);
  expect(middling.after).toMatchObject({
    ...{ reservoir: 0n, stateGas: SLOT, gas: middling.before.gas - slotWrite - (SLOT - 20_000n) },
  });
  // None of it.
  const rich = await trace(spender, CAP + 500_000n);
  expect(rich.before.reservoir).toBe(500_000n);
  expect(rich.after).toMatchObject({ reservoir: 500_000n - SLOT, stateGas: SLOT, gas: rich.before.gas - slotWrite });
  expect(frames).toEqual([[500_000n], [500_000n - SLOT, SLOT]]);
  // What fails gives it back.
  await trace(taker, CAP + 500_000n);
  expect(frames).toEqual([[500_000n], [500_000n, 0n]]);
});

test('the numbers are those of the rules', () => {
  const { stateByteGas, slotStateBytes, accountStateBytes, transactionGasCap } = rulesOf(hardfork);
  expect([stateByteGas, slotStateBytes, accountStateBytes, transactionGasCap].map(BigInt)).toEqual([
    ...[BYTE, SLOT / BYTE, ACCOUNT / BYTE, CAP],
  ]);
});

describe('the access list that headers commit to', () => {
  const word = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`;
  /** Contracts whose answers are the block's requests: none. */
  const contracts = [WITHDRAWAL_REQUESTS, CONSOLIDATION_REQUESTS, BUILDER_DEPOSIT_REQUESTS, BUILDER_EXIT_REQUESTS];
  const alloc = {
    ...{ [alice]: { balance: 10n ** 18n }, [nobody]: { balance: 10n ** 18n }, [spender]: { code: SPENDER } },
    ...{ [forwarder]: { code: FORWARDER }, [cleaner]: { code: CLEANER }, [taker]: { code: TAKER } },
    ...{ [sender]: { code: SENDER, balance: 5n }, [factory]: { code: FACTORY, nonce: 1 } },
    ...Object.fromEntries(contracts.map((address) => [address, { code: '0x00', nonce: 1 }])),
  };
  const header = {
    ...{ number: '0x1', timestamp: '0x64', gasLimit: '0x3938700', miner: addressOf(0xfee), baseFeePerGas: '0x7' },
    ...{ difficulty: '0x0', mixHash: word(1), parentHash: word(2), excessBlobGas: '0x0', slotNumber: '0x9' },
  } as unknown as BlockInput;
  const open = () => engine.openWorld({ state: memoryState(alloc), block: header });
  const fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 3n };
  const callsOf = (targets: readonly Hex[]) => targets.map((to) => ({ from: alice, to, value: 0n, ...fees }));

  test('is that of executing the blocks, with what the protocol does, fees, storage, creations and failures', async () => {
    await using simulated = await open();
    await using executed = await open();
    const blocks = await simulated.simulate({
      validation: true,
      blockStateCalls: [
        {
          blockOverrides: { withdrawals: [{ index: '0x0', validatorIndex: '0x0', address: nobody, amount: '0x7' }] },
          calls: [
            ...callsOf([spender, forwarder, cleaner, taker, sender, factory, addressOf(0xfee)]),
            { from: nobody, to: alice, value: 9n, ...fees },
            // What one has and another gives back.
            { from: alice, to: nobody, value: 9n, ...fees },
          ],
        },
        { calls: callsOf([spender, factory]) },
        {},
      ],
    });
    const hashes = new Set<Hex>();
    for (const { block } of blocks) {
      const result = await executed.executeBlock({ block, hardfork, senders: 'trust', verify: true });
      expect(result.mismatches).toEqual([]);
      expect(block.blockAccessListHash).toBe(result.blockAccessListHash);
      hashes.add(block.blockAccessListHash!);
    }
    expect(hashes.size).toBe(blocks.length);
  });

  test('does not know what a request overrides, but what is met of it', async () => {
    const slot = word(0);
    const override = { [spender]: { stateDiff: { [slot]: word(1) } }, [alice]: { balance: 10n ** 19n } };
    await using world = await open();
    const request = { calls: callsOf([spender]), stateOverrides: override };
    const [simulated] = await world.simulate({ validation: true, blockStateCalls: [request] });
    const { block } = simulated!;
    await using overridden = await engine.openWorld({
      state: memoryState({
        ...alloc,
        [spender]: { code: SPENDER, storage: { [slot]: word(1) } },
        [alice]: { balance: 10n ** 19n },
      }),
      block: header,
    });
    const result = await overridden.executeBlock({ block, hardfork, senders: 'trust' });
    expect(block.blockAccessListHash).toBe(result.blockAccessListHash);
    const met = result.blockAccessList!.find(({ address }) => address === spender)!;
    expect([met.storageChanges, met.storageReads]).toEqual([[], ['0x0']]);
  });

  test('value that moves leaves one log, though it is to be traced', async () => {
    await using world = await open();
    const calls = [{ from: alice, to: nobody, value: 5n }];
    const [block] = await world.simulate({ traceTransfers: true, blockStateCalls: [{ calls }] });
    expect(block!.calls[0]!.logs).toHaveLength(1);
    expect(block!.calls[0]!.logs[0]!.address).toBe(addressOf(0).replace(/.{40}$/, `${'f'.repeat(39)}e`));
  });
});
