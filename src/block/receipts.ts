// From executed transactions to receipts: the compact form an executor returns, receipts, and what the header says of them.

import { RLP } from '@ethereumjs/rlp';
import { bytesFromHex, bytesFromNumber, type Hex, hexFromBytes, isBytes, numberFromBytes } from '../base/hex.ts';
import { HALT_REASONS, type HaltReason } from '../chain/halt-reasons.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import { gasOf } from './block-gas.ts';
import type { BlockInput } from './block-input.ts';
import type { Log } from './log.ts';
import { orderedRoot } from './ordered-root.ts';
import { depositRequest, isDepositEvent, requestsHash } from './requests.ts';

const BLOOM_BYTES = 256;
const NO_BLOOM = new Uint8Array(BLOOM_BYTES);
const NO_BYTES = new Uint8Array(0);

/** What an executor returns of one transaction. */
export interface TransactionOutput {
  success: boolean;
  gasUsed: bigint;
  /** What the block's gas grows by: before refunds where state gas is apart (EIP-7778), else `gasUsed`. */
  blockGas: bigint;
  /** What its state gas grows by (EIP-8037); 0 before Amsterdam. */
  stateGas: bigint;
  /** Gas that the outermost frame used: without the price of the transaction itself, and before refunds. */
  executionGas: bigint;
  /** Refund counter at the end, before it is bounded. */
  refundCounter: bigint;
  /** What stopped the outermost frame of a transaction that halted. */
  halt: HaltReason | undefined;
  /** In wei per gas. */
  effectiveGasPrice: bigint;
  logs: Log[];
  /** 256 bytes. */
  logsBloom: Uint8Array;
  /** Of a creation. */
  createdAddress: Uint8Array | undefined;
  returnData: Uint8Array;
}

/** A receipt, with the names of viem. */
export interface Receipt {
  transactionIndex: number;
  transactionHash: Hex | undefined;
  type: number;
  status: 'success' | 'reverted';
  /** Of the state after the transaction: before Byzantium, in place of the status, where a complete state was verified. */
  root?: Hex;
  gasUsed: bigint;
  cumulativeGasUsed: bigint;
  /** In wei per gas. */
  effectiveGasPrice: bigint;
  /** Of a creation that succeeded. */
  contractAddress: Hex | undefined;
  logs: { address: Hex; topics: Hex[]; data: Hex; logIndex: number }[];
  logsBloom: Hex;
}

/** What follows from the outputs of all transactions of a block. */
export interface BlockOutput {
  receipts: Receipt[];
  gasUsed: bigint;
  logsBloom: Hex;
  /** `undefined` before Byzantium where the roots of the states between the transactions are not known. */
  receiptsRoot: Hex | undefined;
  /** From Prague on, where the step behind the transactions was run. */
  requestsHash: Hex | undefined;
}

type Encoded = Uint8Array | Encoded[];

/** Packs an output for its way out of a worker. */
export function encodeOutput(output: TransactionOutput): Uint8Array {
  return RLP.encode([
    output.success ? Uint8Array.of(1) : NO_BYTES,
    bytesFromNumber(output.gasUsed),
    bytesFromNumber(output.effectiveGasPrice),
    output.logs.map(({ address, topics, data }) => [address, topics, data]),
    output.logs.length === 0 ? NO_BYTES : output.logsBloom,
    output.createdAddress ?? NO_BYTES,
    output.returnData,
    bytesFromNumber(output.executionGas),
    bytesFromNumber(output.refundCounter),
    output.halt === undefined ? NO_BYTES : Uint8Array.of(HALT_REASONS.indexOf(output.halt)),
    bytesFromNumber(output.blockGas),
    bytesFromNumber(output.stateGas),
  ]);
}

/** Unpacks what {@link encodeOutput} packed. */
export function decodeOutput(bytes: Uint8Array): TransactionOutput {
  const [success, gasUsed, effectiveGasPrice, logs, logsBloom, createdAddress, returnData, ...more] = items(
    RLP.decode(bytes),
  );
  const [executionGas, refundCounter, halt, blockGas, stateGas] = more;
  return {
    success: leaf(success).length > 0,
    gasUsed: numberFromBytes(leaf(gasUsed)),
    blockGas: numberFromBytes(leaf(blockGas)),
    stateGas: numberFromBytes(leaf(stateGas)),
    executionGas: numberFromBytes(leaf(executionGas)),
    refundCounter: numberFromBytes(leaf(refundCounter)),
    halt: leaf(halt).length === 0 ? undefined : HALT_REASONS[leaf(halt)[0]!],
    effectiveGasPrice: numberFromBytes(leaf(effectiveGasPrice)),
    logs: items(logs).map((log) => {
      const [address, topics, data] = items(log);
      return { address: leaf(address), topics: items(topics).map(leaf), data: leaf(data) };
    }),
    logsBloom: leaf(logsBloom).length === 0 ? NO_BLOOM : leaf(logsBloom),
    createdAddress: leaf(createdAddress).length === 0 ? undefined : leaf(createdAddress),
    returnData: leaf(returnData),
  };
}

/** Packs the requests that the step behind the transactions returned. */
export function encodeRequests(requests: readonly Uint8Array[]): Uint8Array {
  return RLP.encode([...requests]);
}

/** Unpacks what {@link encodeRequests} packed. */
export function decodeRequests(bytes: Uint8Array): Uint8Array[] {
  return items(RLP.decode(bytes)).map(leaf);
}

/** A block whose transactions have run, as far as their outputs say what it is. */
export interface ExecutedBlock {
  /** `null`: not known. Default mainnet's. */
  depositContract?: Hex | null;
  readonly hardfork: Hardfork;
  readonly block: BlockInput;
  /** One per transaction, in order. */
  readonly outputs: readonly TransactionOutput[];
  /** Requests after the deposits, each with its type in front; `undefined` where those steps were not run. */
  readonly requests: readonly Uint8Array[] | undefined;
  /** Of the state after each transaction, where receipts hold them and they are known. */
  readonly roots?: readonly Hex[] | undefined;
}

/**
 * Puts the outputs of all transactions together.
 * @throws InvalidBlockError for a transaction whose gas limit exceeds what the block has left, and for malformed deposits
 */
export function assembleBlock(executed: ExecutedBlock): BlockOutput {
  return {
    receipts: receiptsOf(executed),
    gasUsed: gasOf(executed).used,
    logsBloom: logsBloomOf(executed),
    receiptsRoot: receiptsRootOf(executed),
    requestsHash: requestsHashOf(executed),
  };
}

export function receiptsOf({ block, outputs, roots }: ExecutedBlock): Receipt[] {
  let gasUsed = 0n;
  let logIndex = 0;
  return outputs.map((output, i) => {
    const { hash, type } = block.transactions[i]!;
    gasUsed += output.gasUsed;
    return {
      transactionIndex: i,
      transactionHash: hash,
      type: Number(type ?? '0x0'),
      status: output.success ? 'success' : 'reverted',
      ...(roots !== undefined && { root: roots[i]! }),
      gasUsed: output.gasUsed,
      cumulativeGasUsed: gasUsed,
      effectiveGasPrice: output.effectiveGasPrice,
      contractAddress:
        output.success && output.createdAddress !== undefined ? hexFromBytes(output.createdAddress) : undefined,
      logs: output.logs.map(({ address, topics, data }) => ({
        address: hexFromBytes(address),
        topics: topics.map(hexFromBytes),
        data: hexFromBytes(data),
        logIndex: logIndex++,
      })),
      logsBloom: hexFromBytes(output.logsBloom),
    };
  });
}

export function logsBloomOf({ outputs }: ExecutedBlock): Hex {
  const bloom = new Uint8Array(BLOOM_BYTES);
  for (const { logs, logsBloom } of outputs) {
    if (logs.length === 0) continue;
    for (let i = 0; i < BLOOM_BYTES; i++) bloom[i]! |= logsBloom[i]!;
  }
  return hexFromBytes(bloom);
}

/** `undefined` before Byzantium where the roots of the states between the transactions are not known. */
export function receiptsRootOf({ hardfork, block, outputs, roots }: ExecutedBlock): Hex | undefined {
  const { hasReceiptStatus } = rulesOf(hardfork);
  if (!hasReceiptStatus && roots === undefined) return undefined;
  let gasUsed = 0n;
  const encoded = outputs.map((output, i) => {
    gasUsed += output.gasUsed;
    const outcome = hasReceiptStatus ? statusBytes(output.success) : bytesFromHex(roots![i]!);
    return encodeReceipt(outcome, output, Number(block.transactions[i]?.type ?? '0x0'), gasUsed);
  });
  return hexFromBytes(orderedRoot(encoded));
}

/** @throws InvalidBlockError for a deposit event that is not encoded as the deposit contract does it */
export function requestsHashOf(executed: ExecutedBlock): Hex | undefined {
  const { hardfork, outputs, requests, depositContract } = executed;
  if (!rulesOf(hardfork).hasRequests || requests === undefined) return undefined;
  if (depositContract === null) return hasDepositEvent(executed) ? undefined : requestsHash(requests);
  return requestsHash([
    depositRequest(
      outputs.flatMap(({ logs }) => logs),
      depositContract,
    ),
    ...requests,
  ]);
}

/** Whether some contract logged what only deposit contracts log. */
export function hasDepositEvent({ outputs }: Pick<ExecutedBlock, 'outputs'>): boolean {
  return outputs.some(({ logs }) => logs.some(isDepositEvent));
}

function statusBytes(success: boolean): Uint8Array {
  return success ? Uint8Array.of(1) : NO_BYTES;
}

/** The bytes of a receipt of which the trie of receipts is made. */
export function receiptBytes({ type, status, root, cumulativeGasUsed, logs, logsBloom }: Receipt): Uint8Array {
  const raw = logs.map(({ address, topics, data }) => {
    return { address: bytesFromHex(address), topics: topics.map(bytesFromHex), data: bytesFromHex(data) };
  });
  const outcome = root === undefined ? statusBytes(status === 'success') : bytesFromHex(root);
  return encodeReceipt(outcome, { logs: raw, logsBloom: bytesFromHex(logsBloom) }, type, cumulativeGasUsed);
}

/** The consensus encoding of a receipt, with the type byte of EIP-2718. `outcome`: the status, or the state's root. */
function encodeReceipt(
  outcome: Uint8Array,
  output: Pick<TransactionOutput, 'logs' | 'logsBloom'>,
  type: number,
  cumulativeGasUsed: bigint,
): Uint8Array {
  const body = RLP.encode([
    outcome,
    bytesFromNumber(cumulativeGasUsed),
    output.logsBloom,
    output.logs.map(({ address, topics, data }) => [address, topics, data]),
  ]);
  if (type === 0) return body;
  const typed = new Uint8Array(body.length + 1);
  typed[0] = type;
  typed.set(body, 1);
  return typed;
}

function items(value: Encoded | undefined): Encoded[] {
  return Array.isArray(value) ? value : [];
}

function leaf(value: Encoded | undefined): Uint8Array {
  return isBytes(value) ? value : NO_BYTES;
}
