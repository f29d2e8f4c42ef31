// Small blocks for tests, run in two independent ways: by our executor over a view, and by the library alone over its
// own Merkle trie. Both must leave the same state root.

import { Block, createBlockHeader } from '@ethereumjs/block';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, Address } from '@ethereumjs/util';
import { createVM, runBlock } from '@ethereumjs/vm';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../../src/base/hex.ts';
import { type BlockInput, readBlock } from '../../../src/block/block-input.ts';
import type { StateDiff } from '../../../src/block/state-diff.ts';
import type { Hardfork } from '../../../src/chain/hardfork.ts';
import { isAtLeast } from '../../../src/chain/hardfork.ts';
import { BUILDER_DEPOSIT_REQUESTS, BUILDER_EXIT_REQUESTS } from '../../../src/chain/system-contracts.ts';
import { chainAt } from '../../../src/executor/ethereumjs/chain.ts';
import { runSequential, type SequentialResult } from '../../../src/executor/ethereumjs/sequential.ts';
import { decodeTransaction } from '../../../src/executor/ethereumjs/transactions.ts';
import { type Alloc, type MemoryState, memoryState } from '../../../src/state/memory.ts';

export const ETHER = 10n ** 18n;
export const WITHDRAWAL_CONTRACT: Hex = '0x00000961ef480eb55e80d19ad83579a64c007002';
export const CONSOLIDATION_CONTRACT: Hex = '0x0000bbddc7ce488642fb579f8b00f3a590007251';

/** A test address that ends in `tail`. */
export function addressOf(tail: number): Hex {
  return `0x${tail.toString(16).padStart(40, 'a0')}`;
}

/** An account as tests write it. */
export interface TestAccount {
  balance?: bigint;
  nonce?: number;
  code?: string;
  codeHash?: string;
  storage?: Record<string, string>;
}

/** A transaction as tests write it; the rest is filled in. */
export interface Call {
  from: Hex;
  to?: Hex | null;
  value?: bigint;
  input?: Hex;
  gas?: number;
  gasPrice?: bigint;
  nonce?: number;
  [field: string]: unknown;
}

export interface Scenario {
  chainId: number;
  hardfork: Hardfork;
  block: BlockInput;
  state: MemoryState;
  blockHashes: ReadonlyMap<bigint, Hex>;
}

export const BASE_FEE = 7n;
export const COINBASE = addressOf(0xc0);

/** A checked block at `hardfork`; nonces count up per sender where they are not given. */
export function scenario(options: {
  hardfork: Hardfork;
  alloc: Record<string, TestAccount>;
  calls: readonly Call[];
  coinbase?: Hex;
  blockHashes?: Record<string, Hex>;
  block?: Record<string, unknown>;
}): Scenario {
  const { hardfork, alloc, calls, coinbase = COINBASE } = options;
  const nonces = new Map<string, number>();
  for (const [address, { nonce }] of Object.entries(alloc)) nonces.set(address, nonce ?? 0);
  const transactions = calls.map(({ from, to, value, input, gas, gasPrice, nonce, ...rest }) => {
    const next = nonce ?? nonces.get(from) ?? 0;
    nonces.set(from, next + 1);
    return {
      type: '0x0',
      from,
      to: to ?? null,
      value: quantityFromNumber(value ?? 0n),
      input: input ?? '0x',
      gas: quantityFromNumber(gas ?? 500_000),
      gasPrice: quantityFromNumber(gasPrice ?? 10n),
      nonce: quantityFromNumber(next),
      ...rest,
    };
  });
  const block = readBlock(
    {
      number: '0x1e8480',
      parentHash: `0x${'11'.repeat(32)}`,
      miner: coinbase,
      gasLimit: '0x1c9c380',
      timestamp: '0x6a000000',
      difficulty: isAtLeast(hardfork, 'paris') ? '0x0' : '0x20000',
      mixHash: `0x${'22'.repeat(32)}`,
      ...(isAtLeast(hardfork, 'london') ? { baseFeePerGas: quantityFromNumber(BASE_FEE) } : {}),
      ...(isAtLeast(hardfork, 'shanghai') ? { withdrawals: [] } : {}),
      ...(isAtLeast(hardfork, 'cancun')
        ? { excessBlobGas: '0x0', blobGasUsed: '0x0', parentBeaconBlockRoot: `0x${'33'.repeat(32)}` }
        : {}),
      ...(isAtLeast(hardfork, 'amsterdam') ? { slotNumber: '0x7' } : {}),
      transactions,
      ...options.block,
    },
    hardfork,
  );
  const called: readonly Hex[] = [
    ...(isAtLeast(hardfork, 'prague') ? [WITHDRAWAL_CONTRACT, CONSOLIDATION_CONTRACT] : []),
    ...(isAtLeast(hardfork, 'amsterdam') ? [BUILDER_DEPOSIT_REQUESTS, BUILDER_EXIT_REQUESTS] : []),
  ];
  const contracts: Alloc = Object.fromEntries(called.map((address) => [address, { nonce: 1, code: '0x00' }]));
  const state = memoryState({ ...contracts, ...alloc } as Alloc, { blockHashes: options.blockHashes ?? {} });
  return { chainId: 1, hardfork, block, state, blockHashes: state.blockHashes };
}

/** What both ways have to agree on. */
export interface Outcome {
  stateRoot: Hex;
  gasUsed: bigint;
  receiptsRoot: Hex | undefined;
}

/** Our way: the executor over a view; the root is that of the base state with the diff applied. */
export async function runOurs(input: Scenario): Promise<Outcome & { result: SequentialResult }> {
  const result = await runSequential(input);
  const stateRoot = await rootAfter(input, result.stateDiff);
  return { stateRoot, gasUsed: result.gasUsed, receiptsRoot: result.receiptsRoot, result };
}

/** The library's way: its own `runBlock` over its own trie. */
export async function runLibrary(input: Scenario): Promise<Outcome> {
  const common = chainAt(input.chainId, input.hardfork);
  const state = await merkleState(input);
  const blockchain = {
    async getBlock(number: number) {
      return { hash: () => bytesFromHex(input.blockHashes.get(BigInt(number)) ?? '0x') };
    },
    async putBlock() {},
    shallowCopy() {
      return this;
    },
  };
  const vm = await createVM({ common, stateManager: state, blockchain });
  const { block } = input;
  const header = createBlockHeader(
    {
      parentHash: block.parentHash,
      coinbase: block.miner,
      difficulty: block.difficulty,
      number: block.number,
      gasLimit: block.gasLimit,
      timestamp: block.timestamp,
      mixHash: block.mixHash,
      baseFeePerGas: block.baseFeePerGas,
      excessBlobGas: block.excessBlobGas,
      parentBeaconBlockRoot: block.parentBeaconBlockRoot,
    },
    { common, skipConsensusFormatValidation: true },
  );
  const transactions = block.transactions.map((transaction) => decodeTransaction(transaction, common, 'trust'));
  const result = await runBlock(vm, {
    block: new Block(header, transactions, [], undefined, { common }),
    generate: true,
    skipBlockValidation: true,
  });
  return {
    stateRoot: hexFromBytes(await state.getStateRoot()),
    gasUsed: result.gasUsed,
    receiptsRoot: isAtLeast(input.hardfork, 'byzantium') ? hexFromBytes(result.receiptsRoot) : undefined,
  };
}

export async function rootAfter(input: Scenario, diff: StateDiff): Promise<Hex> {
  const state = await merkleState(input);
  for (const [key, change] of diff) {
    const address = new Address(bytesFromHex(key));
    if (change === null) {
      await state.deleteAccount(address);
      continue;
    }
    const old = await state.getAccount(address);
    await state.putAccount(
      address,
      new Account(change.nonce ?? old?.nonce, change.balance ?? old?.balance, old?.storageRoot, old?.codeHash),
    );
    if (change.code !== undefined) await state.putCode(address, bytesFromHex(change.code));
    for (const [slot, value] of change.storage)
      await state.putStorage(address, bytesFromHex(slot), stripped(bytesFromHex(value)));
  }
  await state.flush();
  return hexFromBytes(await state.getStateRoot());
}

async function merkleState({ state, hardfork, chainId }: Scenario): Promise<MerkleStateManager> {
  const merkle = new MerkleStateManager({ common: chainAt(chainId, hardfork) });
  for (const account of state.accounts.values()) {
    const address = new Address(account.address);
    await merkle.putAccount(address, new Account(account.nonce, account.balance));
    if (account.code !== undefined && account.code.length > 0) await merkle.putCode(address, account.code);
    for (const { slot, value } of account.storage.values()) await merkle.putStorage(address, slot, stripped(value));
  }
  await merkle.flush();
  return merkle;
}

function stripped(value: Uint8Array): Uint8Array {
  const start = value.findIndex((byte) => byte !== 0);
  return start === -1 ? new Uint8Array(0) : value.slice(start);
}
