// From outputs to receipts, roots, requests and the comparison with the header.

import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidBlockError } from '../../../src/base/errors.ts';
import { bytesFromHex, hexFromBytes } from '../../../src/base/hex.ts';
import { type BlockInput, readBlock } from '../../../src/block/block-input.ts';
import { orderedRoot, orderedRootInJavaScript } from '../../../src/block/ordered-root.ts';
import {
  assembleBlock,
  decodeOutput,
  decodeRequests,
  encodeOutput,
  encodeRequests,
  type TransactionOutput,
} from '../../../src/block/receipts.ts';
import { depositRequest, requestsHash } from '../../../src/block/requests.ts';
import { HALT_REASONS } from '../../../src/chain/halt-reasons.ts';
import type { Hardfork } from '../../../src/chain/hardfork.ts';

const ADDRESS = `0x${'cd'.repeat(20)}`;
const HASH = `0x${'ab'.repeat(32)}`;

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const outputs = fc.record<TransactionOutput>({
  success: fc.boolean(),
  gasUsed: fc.bigInt({ min: 0n, max: 1n << 40n }),
  blockGas: fc.bigInt({ min: 0n, max: 1n << 40n }),
  stateGas: fc.bigInt({ min: 0n, max: 1n << 40n }),
  executionGas: fc.bigInt({ min: 0n, max: 1n << 40n }),
  refundCounter: fc.bigInt({ min: 0n, max: 1n << 40n }),
  halt: fc.option(fc.constantFrom(...HALT_REASONS), { nil: undefined }),
  effectiveGasPrice: fc.bigInt({ min: 0n, max: 1n << 250n }),
  logs: fc.array(
    fc.record({ address: bytes(20), topics: fc.array(bytes(32), { maxLength: 4 }), data: fc.uint8Array() }),
    { minLength: 1 },
  ),
  logsBloom: bytes(256),
  createdAddress: fc.option(bytes(20), { nil: undefined }),
  returnData: fc.uint8Array({ maxLength: 100 }),
});

function output(change: Partial<TransactionOutput> = {}): TransactionOutput {
  return {
    success: true,
    gasUsed: 21_000n,
    blockGas: change.gasUsed ?? 21_000n,
    stateGas: 0n,
    executionGas: 0n,
    refundCounter: 0n,
    halt: undefined,
    effectiveGasPrice: 7n,
    logs: [],
    logsBloom: new Uint8Array(256),
    createdAddress: undefined,
    returnData: new Uint8Array(0),
    ...change,
  };
}

function blockOf(gas: string[], change: Record<string, unknown> = {}): BlockInput {
  return readBlock(
    {
      number: '0x1',
      parentHash: HASH,
      miner: ADDRESS,
      gasLimit: '0xf4240',
      difficulty: '0x1',
      timestamp: '0x1',
      transactions: gas.map((limit) => ({
        from: ADDRESS,
        to: ADDRESS,
        nonce: '0x0',
        gas: limit,
        gasPrice: '0x1',
        value: '0x0',
        input: '0x',
      })),
      ...change,
    },
    'byzantium',
  );
}

function assembled(block: BlockInput, all: TransactionOutput[], hardfork: Hardfork = 'byzantium') {
  return assembleBlock({ hardfork, block, outputs: all, requests: undefined });
}

test('an output survives its way out of the worker', () => {
  fc.assert(
    fc.property(outputs, (value) => {
      expect(decodeOutput(encodeOutput(value))).toEqual(value);
    }),
  );
});

describe('the root of a list', () => {
  test('is that of the trie into which the items are put one by one', async () => {
    for (const length of [0, 1, 2, 15, 16, 17, 127, 128, 129, 200, 256, 257, 300]) {
      const values = Array.from({ length }, (_, i) =>
        Uint8Array.from({ length: 1 + ((i * 37) % 90) }, (_, k) => (i + k) & 255),
      );
      const trie = new MerklePatriciaTrie();
      for (const [i, value] of values.entries()) await trie.put(RLP.encode(i), value);
      const root = hexFromBytes(trie.root());
      expect(hexFromBytes(orderedRoot(values))).toBe(root);
      // Where there is no WebAssembly.
      expect(hexFromBytes(orderedRootInJavaScript(values))).toBe(root);
    }
  });
});

describe('receipts', () => {
  test('add up gas, number logs through the block and join blooms', () => {
    const log = { address: bytesFromHex(ADDRESS), topics: [], data: new Uint8Array(0) };
    const bloom = (byte: number) => new Uint8Array(256).fill(byte);
    const result = assembled(blockOf(['0x5208', '0xc350', '0x5208']), [
      output({ logs: [log], logsBloom: bloom(1) }),
      output({ gasUsed: 40_000n, logs: [log, log], logsBloom: bloom(2), createdAddress: bytesFromHex(ADDRESS) }),
      output({ success: false, createdAddress: bytesFromHex(ADDRESS) }),
    ]);
    expect(result.gasUsed).toBe(82_000n);
    expect(result.logsBloom).toBe(`0x${'03'.repeat(256)}`);
    expect(result.receipts.map(({ cumulativeGasUsed }) => cumulativeGasUsed)).toEqual([21_000n, 61_000n, 82_000n]);
    expect(result.receipts.flatMap(({ logs }) => logs.map(({ logIndex }) => logIndex))).toEqual([0, 1, 2]);
    expect(result.receipts.map(({ status }) => status)).toEqual(['success', 'success', 'reverted']);
    expect(result.receipts.map(({ contractAddress }) => contractAddress)).toEqual([undefined, ADDRESS, undefined]);
  });

  test('have no root before Byzantium', () => {
    expect(assembled(blockOf(['0x5208']), [output()], 'spuriousDragon').receiptsRoot).toBeUndefined();
  });

  test('are refused where a transaction asks for more gas than the block has left, and it is named', () => {
    const block = blockOf(['0x5208', '0xef421']);
    const run = () => assembled(block, [output(), output()]);
    expect(run).toThrow(InvalidBlockError);
    expect(run).toThrow(/^transaction 1: its gas limit of 980001 exceeds the 979000/);
    expect(() => assembled(blockOf(['0x5208', '0xef038']), [output(), output()])).not.toThrow();
  });
});

describe('requests', () => {
  const CONTRACT = bytesFromHex('0x00000000219ab540356cbb839cbe05303d7705fa');
  const EVENT = bytesFromHex('0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5');

  /** The data of a deposit event with fields of the given sizes. */
  function eventData(sizes = [48, 32, 8, 96, 8]): Uint8Array {
    const offsets = [160, 256, 320, 384, 512];
    const data = new Uint8Array(576);
    const view = new DataView(data.buffer);
    offsets.forEach((offset, i) => {
      view.setUint32(i * 32 + 28, offset);
      view.setUint32(offset + 28, sizes[i] ?? 0);
      data.fill(i + 1, offset + 32, offset + 32 + (sizes[i] ?? 0));
    });
    return data;
  }

  test('of deposits are the fields of each event of the deposit contract', () => {
    const deposit = { address: CONTRACT, topics: [EVENT], data: eventData() };
    const others = [
      { ...deposit, address: new Uint8Array(20) },
      { ...deposit, topics: [new Uint8Array(32)] },
      { ...deposit, topics: [] },
    ];
    const fields = [48, 32, 8, 96, 8].flatMap((size, i) => Array<number>(size).fill(i + 1));
    expect(depositRequest([...others, deposit, deposit])).toEqual(Uint8Array.from([0, ...fields, ...fields]));
    expect(depositRequest(others)).toEqual(Uint8Array.of(0));
  });

  test('of deposits in an unknown layout make the block invalid', () => {
    const deposit = { address: CONTRACT, topics: [EVENT], data: eventData() };
    expect(() => depositRequest([{ ...deposit, data: eventData().subarray(1) }])).toThrow(InvalidBlockError);
    expect(() => depositRequest([{ ...deposit, data: eventData([47, 32, 8, 96, 8]) }])).toThrow(/layout of pubkey/);
  });

  test('are hashed in order, without the empty ones', () => {
    const one = Uint8Array.of(1, 5);
    const two = Uint8Array.of(2, 6, 7);
    const wanted = sha256(Uint8Array.from([...sha256(one), ...sha256(two)]));
    expect(requestsHash([Uint8Array.of(0), one, two])).toBe(hexFromBytes(wanted));
    const empty = { hardfork: 'prague' as const, block: blockOf([]), outputs: [] };
    const requests = decodeRequests(encodeRequests([one, two]));
    expect(assembleBlock({ ...empty, requests }).requestsHash).toBe(hexFromBytes(wanted));
    expect(assembleBlock({ ...empty, requests: undefined }).requestsHash).toBeUndefined();
  });
});
