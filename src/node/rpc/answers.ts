// Blocks, transactions, receipts and logs as JSON-RPC answers have them, in geth's form.

import { RLP } from '@ethereumjs/rlp';
import { bytesFromHex, bytesFromNumber, type Hex, hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import { keccak256 } from '../../base/keccak256.ts';
import { blobBaseFee } from '../../block/blobs.ts';
import { encodeBlock } from '../../block/block-encoding.ts';
import type { BlockInput, TransactionInput } from '../../block/block-input.ts';
import type { Receipt } from '../../block/receipts.ts';
import { rulesOf } from '../../chain/rules.ts';
import type { ChainBlock, TransactionPlace } from '../chain-store.ts';
import type { RecordedChain } from '../recorded-chain.ts';

export type Json = Record<string, unknown>;

const HEADER_FIELDS = [
  ...['parentHash', 'sha3Uncles', 'miner', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom', 'difficulty'],
  ...['gasLimit', 'gasUsed', 'timestamp', 'extraData', 'mixHash', 'nonce', 'baseFeePerGas', 'withdrawalsRoot'],
  ...['blobGasUsed', 'excessBlobGas', 'parentBeaconBlockRoot', 'requestsHash'],
  ...['blockAccessListHash', 'slotNumber'],
] as const satisfies readonly (keyof BlockInput)[];

/** What stands in the header. */
export function headerAnswer({ number, hash, block }: ChainBlock): Json {
  const answer: Json = { number: quantityFromNumber(number), hash };
  for (const field of HEADER_FIELDS) if (block[field] !== undefined) answer[field] = block[field];
  return answer;
}

/** A whole block; `full`: with its transactions, not their hashes alone. */
export function blockAnswer(record: RecordedChain, at: ChainBlock, full: boolean): Json {
  const { block } = at;
  const transactions = full
    ? block.transactions.map((_, index) => minedAnswer(record, { at, index }))
    : block.transactions.map(({ hash }) => hash);
  const size = encodeBlock(block, record.chain.id)?.length ?? 0;
  return {
    ...headerAnswer(at),
    size: quantityFromNumber(size),
    transactions,
    uncles: block.uncles ?? [],
    ...(block.withdrawals !== undefined && { withdrawals: block.withdrawals }),
  };
}

/** A transaction of the chain. */
export function minedAnswer(record: RecordedChain, { at, index }: TransactionPlace): Json {
  const transaction = at.block.transactions[index]!;
  return {
    ...transactionAnswer(transaction, record.store.sender(transaction, record.chain.id), record.chain.id),
    blockHash: at.hash,
    blockNumber: quantityFromNumber(at.number),
    blockTimestamp: at.block.timestamp,
    transactionIndex: quantityFromNumber(index),
    ...(transaction.maxFeePerGas !== undefined && { gasPrice: pricePaid(transaction, at.block) }),
  };
}

function pricePaid({ maxFeePerGas, maxPriorityFeePerGas }: TransactionInput, { baseFeePerGas }: BlockInput): Hex {
  const most = BigInt(maxFeePerGas ?? '0x0');
  const wanted = BigInt(baseFeePerGas ?? '0x0') + BigInt(maxPriorityFeePerGas ?? '0x0');
  return quantityFromNumber(wanted < most ? wanted : most);
}

/** A transaction that is in no block yet. */
export function transactionAnswer(transaction: TransactionInput, from: Hex, chainId: number): Json {
  const { type = '0x0', maxFeePerGas, maxPriorityFeePerGas, blobVersionedHashes, authorizationList } = transaction;
  const isLegacy = type === '0x0';
  const parity = transaction.yParity ?? transaction.v ?? '0x0';
  const v = isLegacy ? (transaction.v ?? parity) : parity;
  return {
    blockHash: null,
    blockNumber: null,
    blockTimestamp: null,
    transactionIndex: null,
    from,
    gas: transaction.gas,
    gasPrice: transaction.gasPrice ?? maxFeePerGas,
    hash: transaction.hash,
    input: transaction.input,
    nonce: transaction.nonce,
    to: transaction.to ?? null,
    value: transaction.value,
    type,
    v,
    r: transaction.r,
    s: transaction.s,
    ...(isLegacy && BigInt(v) >= 35n && { chainId: quantityFromNumber((BigInt(v) - 35n) / 2n) }),
    ...(!isLegacy && {
      accessList: transaction.accessList ?? [],
      chainId: transaction.chainId ?? quantityFromNumber(chainId),
      yParity: parity,
    }),
    ...(maxFeePerGas !== undefined && { maxFeePerGas, maxPriorityFeePerGas }),
    ...(blobVersionedHashes !== undefined && {
      maxFeePerBlobGas: transaction.maxFeePerBlobGas,
      blobVersionedHashes,
    }),
    ...(authorizationList !== undefined && { authorizationList: authorizationList.map(authorizationAnswer) }),
  };
}

function authorizationAnswer({
  v,
  yParity,
  ...rest
}: NonNullable<TransactionInput['authorizationList']>[number]): Json {
  return { ...rest, yParity: yParity ?? v };
}

/** The receipt of a transaction of the chain. */
export function receiptAnswer(record: RecordedChain, place: TransactionPlace): Json {
  const { at, index } = place;
  const receipt = at.receipts[index]!;
  const transaction = at.block.transactions[index]!;
  const from = record.store.sender(transaction, record.chain.id);
  const blobs = transaction.blobVersionedHashes?.length ?? 0;
  return {
    blockHash: at.hash,
    blockNumber: quantityFromNumber(at.number),
    // A creation that failed has an address all the same.
    contractAddress: transaction.to === undefined ? createdAddress(from, BigInt(transaction.nonce)) : null,
    cumulativeGasUsed: quantityFromNumber(receipt.cumulativeGasUsed),
    effectiveGasPrice: quantityFromNumber(receipt.effectiveGasPrice),
    from,
    gasUsed: quantityFromNumber(receipt.gasUsed),
    logs: receipt.logs.map((log) => logAnswer(at, receipt, log)),
    logsBloom: receipt.logsBloom,
    ...outcomeOf(at, receipt),
    to: transaction.to ?? null,
    transactionHash: transaction.hash,
    transactionIndex: quantityFromNumber(index),
    type: quantityFromNumber(receipt.type),
    ...(blobs > 0 && {
      blobGasUsed: quantityFromNumber(blobs * rulesOf(at.hardfork).blobGas),
      blobGasPrice: quantityFromNumber(blobBaseFee(at.hardfork, at.block.excessBlobGas, at.blobs)),
    }),
  };
}

function outcomeOf({ hardfork }: ChainBlock, { root, status }: Receipt): Json {
  if (root !== undefined) return { root };
  if (!rulesOf(hardfork).hasReceiptStatus) return {};
  return { status: status === 'success' ? '0x1' : '0x0' };
}

/** A log, with where it stands. */
export function logAnswer(at: ChainBlock, receipt: Receipt, { logIndex, ...log }: Receipt['logs'][number]): Json {
  return {
    ...log,
    blockNumber: quantityFromNumber(at.number),
    transactionHash: receipt.transactionHash,
    transactionIndex: quantityFromNumber(receipt.transactionIndex),
    blockHash: at.hash,
    blockTimestamp: at.block.timestamp,
    logIndex: quantityFromNumber(logIndex),
    removed: false,
  };
}

/** Where an account's creation puts its contract. */
export function createdAddress(from: Hex, nonce: bigint): Hex {
  return hexFromBytes(keccak256(RLP.encode([bytesFromHex(from), bytesFromNumber(nonce)])).subarray(12));
}
