// @ethereumjs/vm as it comes, one transaction after the other, over its own state manager: the baseline for users of it.

import { createBlock, type HeaderData } from '@ethereumjs/block';
import { Common, Mainnet } from '@ethereumjs/common';
import type { EVMMockBlockchainInterface } from '@ethereumjs/evm';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import { createTxFromRPC, type TxData, type TypedTransaction } from '@ethereumjs/tx';
import { Account, Address } from '@ethereumjs/util';
import { createVM, runTx, type VM } from '@ethereumjs/vm';
import { bytesFromHex } from '../../src/base/hex.ts';
import type { BlockFile } from '../../src/file/block-file.ts';
import type { MemoryState } from '../../src/state/memory.ts';

export interface LibraryRun {
  /** The transactions only: without making the state, and without decoding them. */
  executionMs: number;
  gasUsed: readonly bigint[];
}

/** Runs the transactions of a block once, with everything that they read in the caches of the state manager. */
export async function runLibrary(file: BlockFile): Promise<LibraryRun> {
  const common = new Common({ chain: Mainnet, hardfork: file.hardfork });
  const vm = await machineFor(file, common);
  const transactions = await Promise.all(file.block.transactions.map((input) => transactionOf(input, common)));
  const block = createBlock({ header: headerOf(file) }, { common, freeze: false });
  const gasUsed: bigint[] = [];
  // Below a checkpoint nothing is written to the trie: hashing it after every transaction would take most of the time.
  await vm.stateManager.checkpoint();
  const start = performance.now();
  for (const tx of transactions) {
    const { totalGasSpent } = await runTx(vm, { tx, block, blockGasUsed: 0n });
    gasUsed.push(totalGasSpent);
  }
  return { executionMs: performance.now() - start, gasUsed };
}

async function machineFor({ state, blockHashes }: BlockFile, common: Common): Promise<VM> {
  const stateManager = new MerkleStateManager({ common, caches: new Caches() });
  await putState(stateManager, state);
  const blockchain: EVMMockBlockchainInterface = {
    getBlock: async (number) => ({ hash: () => bytesFromHex(blockHashes.get(BigInt(number as number)) ?? '0x') }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  return createVM({ common, stateManager, blockchain });
}

/** Gives a state to the library. */
export async function putState(stateManager: MerkleStateManager, state: MemoryState): Promise<void> {
  for (const { address, balance, nonce, code, codeHash, storage } of state.accounts.values()) {
    const at = new Address(address);
    await stateManager.putAccount(at, new Account(nonce, balance));
    if (code !== undefined && code.length > 0) await stateManager.putCode(at, code);
    else if (code === undefined) await stateManager.putAccount(at, new Account(nonce, balance, undefined, codeHash));
    for (const { slot, value } of storage.values()) await stateManager.putStorage(at, slot, trimmed(value));
  }
}

/** Senders are trusted, as on the other sides. */
async function transactionOf(input: BlockFile['block']['transactions'][number], common: Common) {
  const signed = { ...input, v: input.v ?? input.yParity } as unknown as TxData[0];
  const transaction: TypedTransaction = await createTxFromRPC(signed, { common, freeze: false });
  const sender = new Address(bytesFromHex(input.from ?? '0x'));
  transaction.getSenderAddress = () => sender;
  return transaction;
}

function headerOf({ block }: BlockFile): HeaderData {
  const { miner, number, timestamp, gasLimit, difficulty, mixHash, baseFeePerGas, excessBlobGas } = block;
  return { coinbase: miner, number, timestamp, gasLimit, difficulty, mixHash, baseFeePerGas, excessBlobGas };
}

function trimmed(value: Uint8Array): Uint8Array {
  const start = value.findIndex((byte) => byte !== 0);
  return start < 0 ? new Uint8Array(0) : value.slice(start);
}
