// Blocks as the JSON-RPC of each client writes them: fields by other names, too many of them, or none where nothing is.

import { beforeAll, expect, test } from 'vitest';
import { type BlockInput, readBlock } from '../../../src/block/block-input.ts';
import { createTraffic } from '../../../src/traffic/index.ts';

type Json = Record<string, unknown>;
interface JsonBlock extends Json {
  readonly transactions: readonly Json[];
}

let block: JsonBlock;
let expected: BlockInput;
beforeAll(async () => {
  const { file } = await createTraffic({ transactions: 12, seed: 'shapes' });
  block = file.block as unknown as JsonBlock;
  expected = readBlock(block, 'prague', 'block');
});

const without = (value: Json, ...names: string[]): Json =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
const nothing = (value: Json, ...names: string[]): Json => ({
  ...Object.fromEntries(names.map((name) => [name, null])),
  ...value,
});

/** What each client adds to, or leaves out of, the fields that all have. */
const CLIENTS: Readonly<Record<string, { header: (header: Json) => Json; transaction: (transaction: Json) => Json }>> =
  {
    geth: {
      header: (header) => ({ ...header, size: '0x220', uncles: [] }),
      transaction: (transaction) => ({
        ...transaction,
        blockHash: `0x${'12'.repeat(32)}`,
        blockTimestamp: '0x1',
        transactionIndex: '0x0',
      }),
    },
    reth: {
      header: (header) => ({ ...header, totalDifficulty: '0x0', size: '0x220', uncles: [], author: header.miner }),
      transaction: (transaction) =>
        nothing(transaction, 'authorizationList', 'accessList', 'blobVersionedHashes', 'maxFeePerBlobGas', 'yParity'),
    },
    erigon: {
      header: (header) =>
        nothing(
          { ...header, totalDifficulty: '0xc70d815d562d3cfa955', sealFields: [], auRaSeal: '0x' },
          'auRaStep',
          'blockAccessListHash',
        ),
      transaction: (transaction) => ({
        ...nothing(transaction, 'accessList', 'authorizationList'),
        blockNumber: '0x1',
      }),
    },
    nethermind: {
      header: (header) => ({
        ...nothing(header, 'signature', 'step'),
        author: header.miner,
        isPostMerge: true,
        totalDifficulty: '0x0',
      }),
      transaction: (transaction) => ({
        ...nothing(transaction, 'creates', 'publicKey', 'condition'),
        data: transaction.input,
        raw: '0x',
      }),
    },
    besu: {
      header: (header) => ({ ...header, totalDifficulty: '0x0', size: '0x220', uncles: [] }),
      transaction: (transaction) => ({
        ...nothing(transaction, 'creates'),
        publicKey: '0x04',
        raw: '0x02',
        standardV: '0x1',
      }),
    },
    anvil: {
      header: (header) => ({ ...header, totalDifficulty: '0x0', size: '0x0', uncles: [] }),
      transaction: (transaction) => ({ ...nothing(transaction, 'authorizationList'), gasPrice: '0x7', yParity: '0x0' }),
    },
    'a proxy that leaves out what is nothing': {
      header: (header) => without(header, 'size', 'uncles', 'totalDifficulty'),
      transaction: (transaction) => without(transaction, 'blockHash', 'blockNumber', 'transactionIndex'),
    },
  };

test.each(Object.entries(CLIENTS))('a block of %s is read', (_, { header, transaction }) => {
  const written = { ...header(block), transactions: block.transactions.map(transaction) };
  const read = readBlock(written, 'prague', 'block');
  const told = ({ transactions, ...rest }: BlockInput) => ({
    // Each client has fields of its own about the price and the signature, which execution does not need.
    transactions: transactions.map(
      ({ from, to, nonce, gas, value, input, type, maxFeePerGas, maxPriorityFeePerGas, hash }) => ({
        ...{ from, to, nonce, gas, value, input, type, maxFeePerGas, maxPriorityFeePerGas, hash },
      }),
    ),
    number: rest.number,
    timestamp: rest.timestamp,
    miner: rest.miner,
    gasLimit: rest.gasLimit,
    mixHash: rest.mixHash,
    parentHash: rest.parentHash,
    withdrawals: rest.withdrawals,
  });
  expect(told(read)).toEqual(told(expected));
});
