// The library's VM set up for one block, and the steps of a block run on it.

import { type Block, createBlock, type HeaderData } from '@ethereumjs/block';
import type { Common } from '@ethereumjs/common';
import { EVMError, type EVMMockBlockchainInterface, NobleBN254 } from '@ethereumjs/evm';
import type { TypedTransaction } from '@ethereumjs/tx';
import { Address, bigIntToAddressBytes, EthereumJSError } from '@ethereumjs/util';
import { buildBlock, createVM, runBlock, runTx, type VM } from '@ethereumjs/vm';
import { StateSourceError } from '../../base/errors.ts';
import { bytesFromHex, keyFromBytes } from '../../base/hex.ts';
import { blobBaseFee } from '../../block/blobs.ts';
import type { BlockInput, HeaderInput } from '../../block/block-input.ts';
import { encodeOutput, encodeRequests } from '../../block/receipts.ts';
import { isDaoBlock } from '../../chain/dao.ts';
import { type Rules, rulesOf } from '../../chain/rules.ts';
import type { ExecutionOutcome, StateView } from '../../task/executor.ts';
import type { BlockOptions } from './block-options.ts';
import { chainAt } from './chain.ts';
import { CodeCache } from './code-cache.ts';
import { haltOf } from './halt.ts';
import { ViewStateManager } from './state-manager.ts';
import { decodeTransaction } from './transactions.ts';
import { ViewEvm } from './view-evm.ts';

/** Shared by all machines of a worker. */
const CODES = new CodeCache();

/** The EIP-7002 and EIP-7251 contracts, by the parameter that names their address. */
const REQUEST_CONTRACTS = ['withdrawalRequestPredeployAddress', 'consolidationRequestPredeployAddress'] as const;

/** Runs the steps of one block, one at a time, each against the view it is given. */
export class BlockMachine {
  readonly #options: BlockOptions;
  readonly #common: Common;
  readonly #state: ViewStateManager;
  readonly #evm: ViewEvm;
  readonly #vm: VM;
  readonly #block: Block;
  readonly #transactions: (TypedTransaction | undefined)[] = [];

  private constructor(options: BlockOptions, common: Common, state: ViewStateManager, evm: ViewEvm, vm: VM) {
    this.#options = options;
    this.#common = common;
    this.#state = state;
    this.#evm = evm;
    this.#vm = vm;
    this.#block = emptyBlock(options, common);
  }

  static async create(options: BlockOptions, chain: { daoTransition?: boolean } = {}): Promise<BlockMachine> {
    const common = chainAt(options.chainId, options.hardfork, chain);
    const state = new ViewStateManager({
      emptyIsAbsent: rulesOf(options.hardfork).clearsEmpty && options.emptyAccounts !== true,
      codes: CODES,
      storageOnly: new Set((options.storageOnly ?? []).map((address) => keyFromBytes(bytesFromHex(address)))),
    });
    const blockchain = new BlockHashes(options.blockHashes);
    const evm = new ViewEvm({ common, blockchain, stateManager: state, bn254: new NobleBN254() }, state);
    const vm = await createVM({ common, blockchain, stateManager: state, evm });
    return new BlockMachine(options, common, state, evm, vm);
  }

  /** Runs one transaction. Exceptions of the view and faults pass through; rejections are an `invalid` outcome. */
  async runTransaction(index: number, view: StateView): Promise<ExecutionOutcome> {
    const transaction = this.#transaction(index);
    if (transaction instanceof Error) return { status: 'invalid', error: transaction.message };
    this.#begin(view, this.#block.header.coinbase.bytes);
    let result: Awaited<ReturnType<typeof runTx>>;
    try {
      result = await runTx(this.#vm, { tx: transaction, block: this.#block, blockGasUsed: 0n });
    } catch (error) {
      // Before the call only the library itself speaks in plain errors: about the nonce, funds, fees and gas.
      if (!this.#state.called && error instanceof EthereumJSError) return { status: 'invalid', error: error.message };
      throw error;
    }
    this.#state.flush();
    const { execResult, totalGasSpent, amountSpent, createdAddress, bloom } = result;
    const failure = failureOf(execResult.exceptionError?.error, rulesOf(this.#options.hardfork));
    const output = encodeOutput({
      success: failure === undefined,
      gasUsed: totalGasSpent,
      blockGas: result.txRegularGas ?? totalGasSpent,
      stateGas: result.txStateGas ?? 0n,
      executionGas: execResult.executionGasUsed,
      refundCounter: result.gasRefund ?? 0n,
      halt: haltOf(failure),
      effectiveGasPrice: totalGasSpent === 0n ? 0n : amountSpent / totalGasSpent,
      logs: (execResult.logs ?? []).map(([address, topics, data]) => ({ address, topics, data })),
      logsBloom: bloom.bitvector,
      createdAddress: createdAddress?.bytes,
      returnData: execResult.returnValue,
    });
    return failure === undefined
      ? { status: 'success', gasUsed: totalGasSpent, output }
      : { status: 'reverted', gasUsed: totalGasSpent, output, error: failure };
  }

  /** Runs what comes before the transactions: the DAO's state change, or the system calls of EIP-4788 and EIP-2935. */
  async runPre(view: StateView): Promise<ExecutionOutcome> {
    const { chainId, hardfork, block } = this.#options;
    if (isDaoBlock(chainId, hardfork, BigInt(block.number))) {
      // That chain is one without rewards, where difficulty and uncles have no place.
      const { uncleHeaders: _, ...rest } = block;
      const options = { ...this.#options, block: { ...rest, difficulty: '0x0' as const } };
      const machine = await BlockMachine.create(options, { daoTransition: true });
      return machine.#runEmptyBlock(view);
    }
    this.#begin(view);
    await buildBlock(this.#vm, { parentBlock: this.#block, headerData: this.#block.header });
    this.#state.flush();
    return { status: 'success' };
  }

  /**
   * Runs what comes after the transactions, as the library does for an empty block: withdrawals, rewards, requests. What
   * {@link runPre} wrote would be written once more, also to a contract that only the block itself has deployed.
   */
  async runPost(view: StateView): Promise<ExecutionOutcome> {
    return this.#runEmptyBlock(view, { callsOnly: true });
  }

  async #runEmptyBlock(view: StateView, { callsOnly = false } = {}): Promise<ExecutionOutcome> {
    this.#begin(view);
    this.#state.callsOnly = callsOnly;
    const missing = await this.#missingRequestContract();
    if (missing !== undefined) return { status: 'invalid', error: `the system contract ${missing} has no code` };
    const { requests = [] } = await runBlock(this.#vm, {
      block: this.#block,
      generate: true,
      skipBlockValidation: true,
      skipHeaderValidation: true,
    });
    const [failed] = this.#evm.failedCalls;
    if (failed !== undefined)
      return { status: 'invalid', error: `the system contract ${failed.to} failed: ${failed.error}` };
    this.#state.flush();
    // The first request is that of deposits, which are read out of the receipts.
    return { status: 'success', output: encodeRequests(requests.slice(1).map(({ bytes }) => bytes)) };
  }

  async #missingRequestContract(): Promise<string | undefined> {
    if (!rulesOf(this.#options.hardfork).hasRequests) return undefined;
    for (const name of REQUEST_CONTRACTS) {
      const address = new Address(bigIntToAddressBytes(this.#common.param(name)));
      if ((await this.#state.getCode(address)).length === 0) return address.toString();
    }
    return undefined;
  }

  /** An attempt that was suspended or broke off may have left the library's own records half filled. */
  #begin(view: StateView, coinbase?: Uint8Array): void {
    this.#evm.journal.cleanJournal();
    this.#evm.transientStorage.clear();
    this.#evm.failedCalls = [];
    this.#state.begin(view, coinbase);
  }

  /** Decoded when it is first needed, and kept for further attempts. */
  #transaction(index: number): TypedTransaction | Error {
    const known = this.#transactions[index];
    if (known !== undefined) return known;
    const input = this.#options.block.transactions[index];
    if (input === undefined) return new Error(`the block has no transaction ${index}`);
    try {
      const transaction = decodeTransaction(input, this.#common, this.#options.senders);
      this.#transactions[index] = transaction;
      return transaction;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

/** In Frontier a creation that cannot pay for storing its code succeeds without code (EIP-2); the library notes an error. */
function failureOf(error: string | undefined, { depositMustBePaid }: Rules): string | undefined {
  return !depositMustBePaid && error === EVMError.errorMessages.CODESTORE_OUT_OF_GAS ? undefined : error;
}

/** BLOCKHASH: the library asks only for the 256 blocks before this one. */
class BlockHashes implements EVMMockBlockchainInterface {
  readonly #hashes: ReadonlyMap<bigint, string>;

  constructor(hashes: ReadonlyMap<bigint, string>) {
    this.#hashes = hashes;
  }

  async getBlock(number: number): Promise<{ hash(): Uint8Array }> {
    const hash = this.#hashes.get(BigInt(number));
    if (hash === undefined) throw new StateSourceError(`the hash of block ${number} is not known`);
    return { hash: () => bytesFromHex(hash) };
  }

  async putBlock(): Promise<void> {}

  shallowCopy(): EVMMockBlockchainInterface {
    return this;
  }
}

/** The block without its transactions: they are run one by one. */
function emptyBlock({ block, hardfork, blobs }: BlockOptions, common: Common): Block {
  const options = { common, skipConsensusFormatValidation: true, freeze: false };
  const result = createBlock(
    {
      header: headerData(block),
      uncleHeaders: (block.uncleHeaders ?? []).map(headerData),
      ...(block.withdrawals === undefined ? {} : { withdrawals: block.withdrawals }),
    },
    options,
  );
  // The library adds up terms until they vanish, which after absurd excesses takes for ever.
  const price = blobBaseFee(hardfork, block.excessBlobGas, blobs);
  result.header.getBlobGasPrice = () => price;
  return result;
}

/** What execution depends on; the fields that describe the result are left to the verification. */
function headerData(header: HeaderInput | BlockInput): HeaderData {
  return {
    parentHash: header.parentHash,
    coinbase: header.miner,
    difficulty: header.difficulty,
    number: header.number,
    gasLimit: header.gasLimit,
    timestamp: header.timestamp,
    extraData: header.extraData,
    mixHash: header.mixHash,
    baseFeePerGas: header.baseFeePerGas,
    excessBlobGas: header.excessBlobGas,
    blobGasUsed: header.blobGasUsed,
    parentBeaconBlockRoot: header.parentBeaconBlockRoot,
    slotNumber: header.slotNumber,
  };
}
