// Transactions that only move value: the core does them at once, or the long way where anything else may matter. Both ways
// are compared with each other, and with the library.
import { beforeAll, expect, test } from 'vitest';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import type { EvmTransactionInput } from '../../support/evm-input.ts';
import { program } from '../../support/evm-program.ts';
import { addressOf, EvmDuel, type EvmScenario, preState, type ScenarioAccount } from '../../support/evm-scenario.ts';
import { hexText } from '../../support/evm-state.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

let duel: EvmDuel;
beforeAll(async () => {
  duel = await EvmDuel.create();
});

const coinbase = addressOf(0x99n);
const senders = [addressOf(0x51n), addressOf(0x52n), addressOf(0x53n), coinbase];
const contract = addressOf(0xc0n);
const others = [addressOf(0xe1n), addressOf(0xe2n), contract, addressOf(0x01n), addressOf(0x04n), addressOf(0x100n)];
const FORKS: Hardfork[] = [
  'homestead',
  'byzantium',
  'istanbul',
  'berlin',
  'london',
  'paris',
  'cancun',
  'prague',
  'osaka',
];

/** A block of transfers, of which some cannot be, or are none. */
function transfers(fork: Hardfork, seed: number): EvmScenario {
  const random = randomFrom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const accounts = new Map<string, ScenarioAccount>();
  const add = (address: Uint8Array, nonce: bigint, balance: bigint, code: Uint8Array = new Uint8Array(0)) =>
    accounts.set(hexText(address), { nonce, balance, code, storage: new Map() });
  for (const sender of senders) add(sender, 3n, pick([10n ** 19n, 10n ** 19n, 10n ** 19n, 2_000_000n]));
  add(contract, 1n, 5n, program('1 0 SSTORE'));
  if (random() < 0.5) add(others[0]!, 0n, 1n);
  const baseFeePerGas = fork === 'london' || FORKS.indexOf(fork) > FORKS.indexOf('london') ? 7n : 0n;
  const nonces = new Map(senders.map((sender) => [sender, 3n]));
  const transactions = Array.from({ length: 24 }, (): EvmTransactionInput => {
    const sender = pick(senders);
    const [gap, short] = [random() < 0.05, random() < 0.05];
    const nonce = nonces.get(sender)! + (gap ? 1n : 0n);
    if (!gap && !short) nonces.set(sender, nonces.get(sender)! + 1n);
    const type = baseFeePerGas === 0n ? 0 : pick([0, 2]);
    const maxFeePerGas = pick([7n, 9n, 12n]);
    const maxPriorityFeePerGas = type === 0 ? maxFeePerGas : pick([0n, 1n, 3n]);
    const [to, value] = [pick([...senders, ...others]), pick([0n, 0n, 1n, 12_345n, 10n ** 17n, 10n ** 18n])];
    const data = random() < 0.1 ? Uint8Array.of(0, 7) : new Uint8Array(0);
    const gasLimit = short ? 20_999n : pick([21_000n, 60_000n]);
    return { type, sender, to, nonce, gasLimit, value, data, maxFeePerGas, maxPriorityFeePerGas };
  });
  const common = { number: 1n, timestamp: 1n, gasLimit: 30_000_000n, randao: 0n, blobBaseFee: 1n, chainId: 1n };
  const block = { fork, ...common, coinbase, baseFeePerGas, blockHashes: [], emptyAccounts: false };
  return { block, excessBlobGas: 0n, accounts, transactions };
}

test.each(FORKS)('%s: blocks of transfers end as with the library', async (fork) => {
  for (let seed = 1; seed <= 20; seed++)
    expect(await duel.difference(transfers(fork, seed)), `seed ${seed}`).toBe(undefined);
});

test('some of them succeed, and some cannot be', () => {
  expect(duel.seen.success).toBeGreaterThan(500);
  expect(duel.seen.invalid).toBeGreaterThan(100);
});

test.each(FORKS)('%s: a transfer that is listed, which takes the long way, does the same', (fork) => {
  let seen = 0;
  for (let seed = 100; seed < 120; seed++) {
    const scenario = transfers(fork, seed);
    const atOnce = duel.runCore(scenario);
    const listed = duel.runCore({ ...scenario, block: { ...scenario.block, recordTransfers: true } });
    seen += listed.results.reduce((sum, { transfers = [] }) => sum + transfers.length, 0);
    expect(atOnce.changes, `seed ${seed}`).toEqual(listed.changes);
    const unlisted = listed.results.map(({ transfers: _, ...result }) => result);
    expect(
      atOnce.results.map(({ transfers: _, ...result }) => result),
      `seed ${seed}`,
    ).toEqual(unlisted);
  }
  expect(seen).toBeGreaterThan(100);
});

test('what a transfer misses of the state is what it misses the long way', () => {
  const { host } = duel;
  const missing = (scenario: EvmScenario, recordTransfers: boolean) => {
    const { base, codes } = preState(scenario);
    const kept = base.filter((_, index) => index % 3 !== 0);
    host.loadBlock({ ...scenario.block, recordTransfers }, scenario.transactions, kept, codes);
    host.setComplete(false);
    host.runBlock();
    return host
      .missing()
      .map(({ kind, address }) => `${kind} ${hexText(address)}`)
      .sort();
  };
  try {
    for (let seed = 200; seed < 220; seed++) {
      const scenario = transfers('cancun', seed);
      expect(missing(scenario, false), `seed ${seed}`).toEqual(missing(scenario, true));
    }
  } finally {
    host.setComplete(true);
  }
});
