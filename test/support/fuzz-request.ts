// A scenario as a block for the engine, and what the engine found against what one instance of the core did in order.

import { type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import { type BlockInput, type BlockRequest, type BlockResult, memoryState } from '../../src/index.ts';
import { type EvmTransactionInput, fieldsOf } from './evm-input.ts';
import type { EvmDuel, EvmScenario, ScenarioAccount } from './evm-scenario.ts';
import { since } from './fuzz-program.ts';

const ZERO_HASH: Hex = `0x${'00'.repeat(32)}`;
/** Contracts without which no block is valid from Prague on (EIP-7002, EIP-7251), and from Amsterdam on (EIP-8282): they stop. */
const SYSTEM = [
  ...['00000961ef480eb55e80d19ad83579a64c007002', '0000bbddc7ce488642fb579f8b00f3a590007251'],
  ...['0000bff46984e3725691fa540a8c7589300d8282', '000064d678505ad48f8ccb093bc65613800e8282'],
];
/** Blobs that a block of every fork may have. */
const MOST_BLOBS = 6;

/** The scenario with room for all its gas, and without what no block can contain. */
export function validPart(duel: EvmDuel, scenario: EvmScenario): EvmScenario {
  const accounts = new Map(scenario.accounts);
  if (since(scenario.block.fork, 'prague')) {
    for (const address of SYSTEM) {
      accounts.set(address, { nonce: 1n, balance: 0n, code: new Uint8Array(1), storage: new Map() });
    }
  }
  let blobs = 0;
  const few = scenario.transactions.filter(({ blobVersionedHashes = [] }) => {
    blobs += blobVersionedHashes.length;
    return blobVersionedHashes.length === 0 || blobs <= MOST_BLOBS;
  });
  let valid = { ...scenario, accounts, block: { ...scenario.block, gasLimit: 1_000_000_000n }, transactions: few };
  // Without one, those behind it may have the wrong nonce.
  while (true) {
    const { results } = duel.runCore(valid);
    const transactions = valid.transactions.filter((_, index) => results[index]!.status !== 'invalid');
    if (transactions.length === valid.transactions.length) return valid;
    valid = { ...valid, transactions };
  }
}

export function requestOf({ block, accounts, transactions, excessBlobGas }: EvmScenario): BlockRequest {
  const { fork } = block;
  const blockHashes = new Map(
    block.blockHashes.map((hash = ZERO_HASH, back): [bigint, Hex] => [block.number - BigInt(back) - 1n, hash]),
  );
  const state = memoryState(
    Object.fromEntries(
      [...accounts].map(([address, { nonce, balance, code, storage }]) => [
        `0x${address}`,
        {
          nonce,
          balance,
          code: hexFromBytes(code),
          storage: Object.fromEntries([...storage].map(([slot, value]) => [`0x${slot}`, value])),
        },
      ]),
    ),
  );
  return {
    chainId: Number(block.chainId),
    hardfork: fork,
    state,
    blockHashes,
    block: {
      number: quantityFromNumber(block.number),
      parentHash: blockHashes.get(block.number - 1n) ?? ZERO_HASH,
      timestamp: quantityFromNumber(block.timestamp),
      gasLimit: quantityFromNumber(block.gasLimit),
      miner: hexFromBytes(block.coinbase),
      difficulty: since(fork, 'paris') ? '0x0' : quantityFromNumber(block.randao),
      ...(since(fork, 'paris') ? { mixHash: `0x${block.randao.toString(16).padStart(64, '0')}` } : {}),
      ...(since(fork, 'london') ? { baseFeePerGas: quantityFromNumber(block.baseFeePerGas) } : {}),
      ...(since(fork, 'shanghai') ? { withdrawals: [] } : {}),
      ...(since(fork, 'cancun')
        ? { excessBlobGas: quantityFromNumber(excessBlobGas), parentBeaconBlockRoot: ZERO_HASH }
        : {}),
      ...(since(fork, 'amsterdam') ? { slotNumber: quantityFromNumber(block.slotNumber ?? 0n) } : {}),
      transactions: transactions.map(transactionOf),
    } as unknown as BlockInput,
  };
}

/** With the lists that its type has, though they may be empty. */
function transactionOf(input: EvmTransactionInput): object {
  const { type } = input;
  const lists: Partial<EvmTransactionInput> = {
    ...(type === 0 ? {} : { accessList: [] }),
    ...(type === 3 ? { maxFeePerBlobGas: 0n, blobVersionedHashes: [] } : {}),
    ...(type === 4 ? { authorizationList: [] } : {}),
  };
  return { ...fieldsOf({ ...lists, ...input }), ...(type === 0 ? {} : { chainId: '0x1' }) };
}

/** What differs between the engine's result and the core's in order; undefined where nothing does. */
export function parallelDifference(duel: EvmDuel, scenario: EvmScenario, result: BlockResult): string | undefined {
  const { results } = duel.runCore(scenario);
  for (const [index, expected] of results.entries()) {
    const found = result.transactions[index]!;
    const left = [found.success, found.gasUsed, found.returnValue, ...found.logs.map(logText)];
    const logs = expected.logs.map(({ address, topics, data }) =>
      logText({ address: hexFromBytes(address), topics: topics.map(hexFromBytes), data: hexFromBytes(data) }),
    );
    const output = expected.status === 'halted' ? '0x' : hexFromBytes(expected.returnData);
    const right = [expected.status === 'success', expected.gasUsed, output, ...logs];
    if (left.join() !== right.join()) return `transaction ${index}: ${left.join()} instead of ${right.join()}`;
  }
  return duel.stateDifference(scenario, stateAfter(scenario, result));
}

function logText({ address, topics, data }: { address: Hex; topics: readonly Hex[]; data: Hex }): string {
  return [address, ...topics, data].join(' ');
}

/** The state after the transactions, out of the diff. */
function stateAfter({ accounts }: EvmScenario, { transactionsStateDiff }: BlockResult): Map<string, ScenarioAccount> {
  const after = new Map(
    [...accounts].map(([address, account]) => [address, { ...account, storage: new Map(account.storage) }]),
  );
  for (const [key, change] of transactionsStateDiff) {
    const address = key.slice(2);
    if (change === null) {
      after.delete(address);
      continue;
    }
    const old = after.get(address) ?? { nonce: 0n, balance: 0n, code: new Uint8Array(0), storage: new Map() };
    const storage = change.destroyed ? new Map<string, bigint>() : old.storage;
    for (const [slot, value] of change.storage) {
      if (BigInt(value) === 0n) storage.delete(slot.slice(2));
      else storage.set(slot.slice(2), BigInt(value));
    }
    after.set(address, {
      nonce: change.nonce ?? old.nonce,
      balance: change.balance ?? old.balance,
      code: change.code === undefined ? old.code : new Uint8Array(Buffer.from(change.code.slice(2), 'hex')),
      storage,
    });
  }
  return after;
}
