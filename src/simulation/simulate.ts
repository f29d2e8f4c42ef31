// eth_simulateV1: blocks that might follow the world's, one after the other, on a state that is taken back in the end.

import { CallRejectedError } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber, ZERO_ADDRESS, ZERO_HASH } from '../base/hex.ts';
import { blockAccessListHash } from '../block/access-list-encoding.ts';
import { blobGasUsed } from '../block/blobs.ts';
import { headerFields, headerHash, withdrawalsRoot } from '../block/block-encoding.ts';
import { refusalFor } from '../block/block-gas.ts';
import type { BlockInput } from '../block/block-input.ts';
import { orderedRoot } from '../block/ordered-root.ts';
import { logsBloomOf, receiptsRootOf, requestsHashOf, type TransactionOutput } from '../block/receipts.ts';
import type { CallFailure, SimulatedBlock, SimulatedCall } from '../call-types.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import type { EvmBlockInput, EvmTransactionFields } from '../core/evm/evm-encode.ts';
import { environmentOf, loadSteps, stepsOf } from '../job/evm-block.ts';
import { applyOverrides } from './call.ts';
import { largerOf } from './gas-need.ts';
import { failureOf, rejectionOf, SIMULATION_CODES } from './outcome.ts';
import { precompilesWith } from './overrides.ts';
import { GAS_CAP, type ReadRequest, transactionOf } from './request.ts';
import { Sandbox } from './sandbox.ts';
import type { Setting } from './setting.ts';
import type { ReadSimulation } from './simulate-request.ts';
import { SimulatedAccesses } from './simulated-accesses.ts';
import { draftOf, type PlacedBlock, placeBlocks } from './simulated-chain.ts';
import { SimulatedLogs } from './simulated-logs.ts';
import { type FilledRequest, simulatedTransaction } from './simulated-transaction.ts';

const BLOCK_GAS_EXCEEDED = -38015;
/** A call that ran and halted. */
const HALTED = -32015;
const INTERNAL = -32603;
const LAST_NONCE = (1n << 64n) - 1n;
const NO_BLOOM = new Uint8Array(256);

/** @throws CallRejectedError with the code that eth_simulateV1 has for what the rules do not allow */
export async function simulate(setting: Setting, read: ReadSimulation): Promise<SimulatedBlock[]> {
  const placed = placeBlocks(setting.head, read.blocks);
  // That of the state before is kept, and those of the blocks cost what they change.
  if (setting.state.residence.complete) await setting.state.root();
  const sandbox = new Sandbox(setting);
  try {
    const simulation = new Simulation(setting, read, sandbox);
    const blocks: SimulatedBlock[] = [];
    for (const block of placed) {
      // Somebody may have given up.
      await setting.ask(async () => undefined);
      blocks.push(await simulation.run(block));
    }
    return blocks;
  } finally {
    await sandbox.leave();
  }
}

/** What a block has come to so far. */
interface Progress {
  readonly draft: BlockInput;
  readonly hardfork: Hardfork;
  readonly environment: EvmBlockInput;
  readonly encoded: Uint8Array[];
  readonly outputs: TransactionOutput[];
  readonly calls: SimulatedCall[];
  /** Of the state after each transaction, before Byzantium. */
  readonly roots: Hex[];
  readonly accesses: SimulatedAccesses;
  /** Sums of the transactions so far. */
  executionGas: bigint;
  stateGas: bigint;
  nextLog: number;
}

class Simulation {
  readonly #setting: Setting;
  readonly #read: ReadSimulation;
  readonly #sandbox: Sandbox;
  readonly #hashes: Map<bigint, Hex>;
  #parent: BlockInput;
  #parentHash: Hex;
  /** What all calls together may use, as in geth. */
  #gasLeft = GAS_CAP;

  constructor(setting: Setting, read: ReadSimulation, sandbox: Sandbox) {
    const { state, head } = setting;
    this.#setting = setting;
    this.#read = read;
    this.#sandbox = sandbox;
    this.#hashes = new Map(state.blockHashes);
    this.#parent = head.header;
    this.#parentHash = head.header.hash ?? state.blockHashes.get(BigInt(head.header.number)) ?? hashOf(head.header);
  }

  async run(placed: PlacedBlock): Promise<SimulatedBlock> {
    const { hardfork } = placed;
    const draft = draftOf(placed, this.#parent, this.#parentHash, this.#read.validation);
    this.#hashes.set(placed.number - 1n, this.#parentHash);
    const environment = this.#environmentOf(placed, draft);
    await applyOverrides(this.#setting, placed.state);
    const progress: Progress = {
      ...{ draft, hardfork, environment, encoded: [], outputs: [], calls: [], roots: [] },
      accesses: new SimulatedAccesses(),
      ...{ executionGas: 0n, stateGas: 0n, nextLog: 0 },
    };
    const { chain } = this.#setting.head;
    const blockReward = chain.blockReward !== false;
    const protocol = { chainId: chain.id, hardfork, block: draft, blockReward };
    await loadSteps(protocol);
    const steps = stepsOf(protocol);
    for (const step of steps.before) await this.#step(step, progress, 0);
    for (const request of placed.calls) await this.#call(request, progress);
    const behind = placed.calls.length + 1;
    for (const step of steps.funds) await this.#step(step, progress, behind);
    const requests: Uint8Array[] = [];
    for (const { address, type, step } of steps.requests) {
      // A world without the contract has none of its requests.
      if ((await this.#setting.state.code(this.#setting.ask, bytesFromHex(address))) === '0x') continue;
      const { returnData } = await this.#step(step, progress, behind);
      requests.push(Uint8Array.of(type, ...returnData));
    }
    const block = await this.#finish(progress, requests);
    this.#parent = block;
    this.#parentHash = block.hash!;
    return { block, hardfork, calls: progress.calls };
  }

  #environmentOf({ hardfork, blobs, state, overrides }: PlacedBlock, block: BlockInput): EvmBlockInput {
    const { head, state: world } = this.#setting;
    const blockHashes = this.#hashes;
    const own = environmentOf({
      ...{ chainId: head.chain.id, hardfork, blobs, block, blockHashes, senders: 'trust' },
      recordAccess: rulesOf(hardfork).hasBlockAccessList,
    });
    return {
      ...own,
      emptyAccounts: own.emptyAccounts || world.emptyAccounts !== false,
      precompiles: precompilesWith(state, hardfork),
      ...(overrides.blobBaseFee !== undefined && { blobBaseFee: overrides.blobBaseFee }),
    };
  }

  /** Runs a step of the protocol's own; `at`: its index in the block's access list. */
  async #step(
    transaction: EvmTransactionFields,
    { environment, accesses }: Progress,
    at: number,
  ): Promise<EvmTransactionOutput> {
    const outcome = await this.#sandbox.run({ environment, transaction, fold: true });
    if (outcome.output.status === 'invalid') throw rejectionOf(outcome.output);
    accesses.add(at, outcome);
    return outcome.output;
  }

  async #call(request: ReadRequest, progress: Progress): Promise<void> {
    const { validation } = this.#read;
    const { environment, hardfork, draft, accesses } = progress;
    // Where value leaves a log anyway, none is made up: each would be there twice, as geth says.
    const traceTransfers = this.#read.traceTransfers && !rulesOf(hardfork).logsTransfers;
    const filled = await this.#filled(request, progress);
    const { transaction, encoded } = simulatedTransaction(filled, hardfork, this.#setting.head.chain.id);
    const hasFreeBlobs = filled.blobVersionedHashes !== undefined && !filled.maxFeePerBlobGas && !validation;
    // As geth has it, blobs without a fee are paid for all the same; who cannot pay has them for nothing.
    const paid = hasFreeBlobs ? { ...filled, maxFeePerBlobGas: environment.blobBaseFee } : filled;
    const isGift = hasFreeBlobs && !(await this.#canPay(paid, hardfork));
    let watched = new SimulatedLogs(traceTransfers, progress.nextLog);
    const outcome = await this.#sandbox.run({
      environment: isGift ? { ...environment, blobBaseFee: 0n } : environment,
      transaction: transactionOf(isGift ? filled : paid, hardfork, filled.gas, {
        nonce: validation,
        fee: validation,
        refused: INTERNAL,
      }),
      fold: true,
      watch: () => {
        watched = new SimulatedLogs(traceTransfers, progress.nextLog);
        return watched;
      },
    });
    const { output } = outcome;
    if (output.status === 'invalid') {
      const invalid = await this.#firstReason(output.invalid, filled, hardfork);
      throw rejectionOf({ ...output, invalid }, SIMULATION_CODES, INTERNAL);
    }
    accesses.add(draft.transactions.length + 1, outcome);
    this.#gasLeft -= output.gasUsed;
    progress.executionGas += output.blockGas;
    progress.stateGas += output.stateGas;
    progress.nextLog = watched.next;
    const place = { transactionHash: transaction.hash!, transactionIndex: draft.transactions.length };
    draft.transactions.push(transaction);
    progress.encoded.push(encoded);
    progress.outputs.push(receiptOutput(output));
    if (!rulesOf(hardfork).hasReceiptStatus) progress.roots.push(await this.#root());
    const failure = failureOf(output);
    progress.calls.push({
      status: output.status,
      returnData: hexFromBytes(output.returnData),
      gasUsed: output.gasUsed,
      stateGas: output.stateGas,
      // Refunds come afterwards, and call data has its least price (EIP-7623) all the same.
      maxUsedGas: largerOf(watched.spentGas, output.gasUsed),
      logs: watched.logs.map((log) => ({ ...log, ...place })),
      ...(failure !== undefined && { error: failure.kind === 'halt' ? haltOf(failure, filled.isCapped) : failure }),
    });
  }

  /** Of several reasons the one that geth comes to first: fees before their tip, and the least gas before the funds, ask others. */
  async #firstReason(
    reason: EvmTransactionOutput['invalid'],
    request: FilledRequest,
    hardfork: Hardfork,
  ): Promise<EvmTransactionOutput['invalid']> {
    const { gasPrice, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = request;
    if (reason === 'fee below the base fee') {
      return gasPrice === undefined && maxPriorityFeePerGas > maxFeePerGas ? 'priority fee above the fee' : reason;
    }
    if (reason !== 'intrinsic gas too low' && reason !== 'floor gas too low') return reason;
    return (await this.#canPay(request, hardfork)) ? reason : 'insufficient funds';
  }

  /** Whether the sender has what the call may cost at most. */
  async #canPay(request: FilledRequest, hardfork: Hardfork): Promise<boolean> {
    const { from = ZERO_ADDRESS, gas, gasPrice, maxFeePerGas = 0n, value = 0n } = request;
    const { blobVersionedHashes = [], maxFeePerBlobGas = 0n } = request;
    const { state, ask } = this.#setting;
    const { balance } = await state.account(ask, bytesFromHex(from));
    const blobs = BigInt(rulesOf(hardfork).blobGas * blobVersionedHashes.length) * maxFeePerBlobGas;
    return balance >= gas * (gasPrice ?? maxFeePerGas) + value + blobs;
  }

  async #filled(request: ReadRequest, { draft, hardfork, executionGas, stateGas }: Progress) {
    const { state, ask, head } = this.#setting;
    const { validation } = this.#read;
    const { from = ZERO_ADDRESS, chainId = BigInt(head.chain.id) } = request;
    if (chainId !== BigInt(head.chain.id)) {
      throw new CallRejectedError(`a call for chain ${chainId}, and this is chain ${head.chain.id}`);
    }
    const { nonce: next } = await state.account(ask, bytesFromHex(from));
    const nonce = request.nonce ?? next;
    const limit = BigInt(draft.gasLimit);
    const gasUsed = largerOf(executionGas, stateGas);
    const gas = request.gas ?? limit - gasUsed;
    if (refusalFor(hardfork, gas, { execution: limit - executionGas, state: limit - stateGas }) !== undefined) {
      throw new CallRejectedError(`block gas limit reached: ${gasUsed + gas} > ${limit}`, BLOCK_GAS_EXCEEDED);
    }
    // geth asks for the nonce before all that the transaction itself is asked.
    if (validation && nonce !== next) {
      const reason = nonce < next ? 'nonce too low' : 'nonce too high';
      throw new CallRejectedError(`${reason}: ${nonce}, and that of ${from} is ${next}`, SIMULATION_CODES[reason]);
    }
    if (next === LAST_NONCE) throw new CallRejectedError(`${from} has used all nonces`, INTERNAL);
    const isCapped = this.#gasLeft < gas;
    return { ...request, nonce, gas: isCapped ? this.#gasLeft : gas, isCapped };
  }

  async #finish(progress: Progress, requests: Uint8Array[]): Promise<BlockInput> {
    const { draft, hardfork, outputs, roots } = progress;
    const rules = rulesOf(hardfork);
    const { depositContract } = this.#setting.head.chain;
    const executed = {
      ...{ hardfork, block: draft, outputs, requests, depositContract },
      ...(rules.hasReceiptStatus ? {} : { roots }),
    };
    const complete: BlockInput = {
      ...draft,
      stateRoot: await this.#root(),
      transactionsRoot: hexFromBytes(orderedRoot(progress.encoded)),
      receiptsRoot: receiptsRootOf(executed)!,
      logsBloom: logsBloomOf(executed),
      gasUsed: quantityFromNumber(largerOf(progress.executionGas, progress.stateGas)),
      ...(draft.withdrawals !== undefined && { withdrawalsRoot: withdrawalsRoot(draft.withdrawals) }),
      ...(draft.excessBlobGas !== undefined && { blobGasUsed: quantityFromNumber(blobGasUsed(hardfork, draft)) }),
      ...(rules.hasRequests && { requestsHash: requestsHashOf(executed) }),
      ...(rules.hasBlockAccessList && { blockAccessListHash: blockAccessListHash(progress.accesses.list()) }),
    };
    return { ...complete, hash: hashOf(complete) };
  }

  /** Of the state as it is now; zeros where not all of it is known. */
  async #root(): Promise<Hex> {
    const { state } = this.#setting;
    return state.residence.complete ? state.root() : ZERO_HASH;
  }
}

/** As geth tells it, also of a call that would have had more gas without the cap of all calls. */
function haltOf(failure: CallFailure, isCapped: boolean): CallFailure {
  const message = isCapped
    ? `${failure.message} (gas limit was capped by the RPC server's global gas cap)`
    : failure.message;
  return { ...failure, message, code: HALTED };
}

/** Of a header that lacks something nobody knows the hash. */
function hashOf(header: BlockInput): Hex {
  const fields = headerFields(header);
  return fields === undefined ? ZERO_HASH : headerHash(fields);
}

function receiptOutput(output: EvmTransactionOutput): TransactionOutput {
  return {
    success: output.status === 'success',
    gasUsed: output.gasUsed,
    blockGas: output.blockGas,
    stateGas: output.stateGas,
    executionGas: output.executionGas,
    refundCounter: output.refundCounter,
    halt: output.halt,
    effectiveGasPrice: output.gasPrice,
    logs: output.logs,
    logsBloom: output.logsBloom ?? NO_BLOOM,
    createdAddress: output.created,
    returnData: output.returnData,
  };
}
