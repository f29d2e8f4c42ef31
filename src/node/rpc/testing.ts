// testing_*: a block that is made and shown, but becomes no part of the chain.

import { InvalidTransactionError, PevmError } from '../../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, quantityFromNumber } from '../../base/hex.ts';
import { address, bytes, hash, list, optional, plainObject, quantity, record, required } from '../../base/reader.ts';
import { encodeTransaction } from '../../block/block-encoding.ts';
import type { TransactionInput } from '../../block/block-input.ts';
import { parseTransactionRlp } from '../../block/block-rlp.ts';
import { senderOf } from '../../block/sender.ts';
import type { ChainNode } from '../chain-node.ts';
import type { MadeBlock } from '../miner.ts';
import { tipOf } from '../pool.ts';
import type { Methods } from './method.ts';
import { hashOf, type Params, readWithdrawal, SERVER_ERROR } from './parameters.ts';

/** Where geth lets the gas limit of its blocks go, step by step. */
const GAS_CEILING = 60_000_000n;
const STEP = 1024n;

const readAttributes = record({
  timestamp: required(quantity(64)),
  prevRandao: required(hash),
  suggestedFeeRecipient: required(address),
  withdrawals: optional(list(readWithdrawal)),
  parentBeaconBlockRoot: optional(hash),
});

export const TESTING: Methods = {
  testing_buildBlockV1: { params: ['parent', 'attributes', 'transactions?', 'extraData?'], run: buildBlock },
};

async function buildBlock(node: ChainNode, params: Params) {
  const parent = hashOf(params[0], 'params[0]');
  if (parent !== node.record.head.hash)
    throw new PevmError(SERVER_ERROR, `the head is ${node.record.head.hash}, not ${parent}`);
  const wanted = readAttributes(plainObject(params[1], 'params[1]'), 'params[1]');
  const chainId = node.record.chain.id;
  const raw = params[2] === undefined || params[2] === null ? [] : list(bytes())(params[2], 'params[2]');
  const transactions = raw.map((encoded, i) => {
    const transaction = parseTransactionRlp(bytesFromHex(encoded), `params[2][${i}]`);
    return { ...transaction, from: senderOf(transaction, chainId) };
  });
  const made = await node.miner
    .preview(
      {
        timestamp: BigInt(wanted.timestamp),
        miner: wanted.suggestedFeeRecipient,
        mixHash: wanted.prevRandao,
        parentBeaconBlockRoot: wanted.parentBeaconBlockRoot,
        withdrawals: wanted.withdrawals,
        extraData: bytes()(params[3] ?? '0x', 'params[3]'),
        gasLimit: nextGasLimit(BigInt(node.record.head.block.gasLimit)),
      },
      transactions,
    )
    .catch((error: unknown) => {
      throw error instanceof InvalidTransactionError ? new PevmError(SERVER_ERROR, error.shortMessage) : error;
    });
  return envelope(made, transactions, chainId);
}

function nextGasLimit(parent: bigint): bigint {
  const most = parent / STEP - 1n;
  if (parent > GAS_CEILING) return parent - GAS_CEILING > most ? parent - most : GAS_CEILING;
  return GAS_CEILING - parent > most ? parent + most : GAS_CEILING;
}

/** `ExecutionPayloadEnvelope` of the engine API, the version that the fork has. */
function envelope({ block, result }: MadeBlock, transactions: readonly TransactionInput[], chainId: number) {
  const baseFee = BigInt(block.baseFeePerGas ?? '0x0');
  const value = transactions.reduce(
    (sum, transaction, i) => sum + tipOf(transaction, baseFee) * result.transactions[i]!.gasUsed,
    0n,
  );
  return {
    executionPayload: {
      parentHash: block.parentHash,
      feeRecipient: block.miner,
      stateRoot: block.stateRoot,
      receiptsRoot: block.receiptsRoot,
      logsBloom: block.logsBloom,
      prevRandao: block.mixHash,
      blockNumber: block.number,
      gasLimit: block.gasLimit,
      gasUsed: block.gasUsed,
      timestamp: block.timestamp,
      extraData: block.extraData,
      baseFeePerGas: block.baseFeePerGas,
      blockHash: block.hash,
      transactions: transactions.map((transaction) => hexFromBytes(encodeTransaction(transaction, chainId)!)),
      ...(block.withdrawals !== undefined && { withdrawals: block.withdrawals }),
      ...(block.excessBlobGas !== undefined && { blobGasUsed: block.blobGasUsed, excessBlobGas: block.excessBlobGas }),
    },
    blockValue: quantityFromNumber(value),
    blobsBundle: { commitments: [] as Hex[], proofs: [] as Hex[], blobs: [] as Hex[] },
    executionRequests: [] as Hex[],
    shouldOverrideBuilder: false,
  };
}
