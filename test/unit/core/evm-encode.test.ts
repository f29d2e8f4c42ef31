// Records of transactions and blocks, read back byte for byte without the encoder's help.
import { describe, expect, test } from 'vitest';
import {
  EvmAccess,
  EvmAuthorization,
  EvmBlock,
  EvmRules,
  EvmSignature,
  EvmTransaction,
  EvmTransactionFlag,
} from '../../../assembly/layout.ts';
import { InputError, MemoryLimitError } from '../../../src/base/errors.ts';
import type { Hex } from '../../../src/base/hex.ts';
import { rulesOf } from '../../../src/chain/rules.ts';
import {
  type EvmSignatureForm,
  type EvmSystemStep,
  type EvmTransactionFields,
  type EvmTransactions,
  encodeEvmTransactions,
  evmBlockSize,
  writeEvmBlock,
} from '../../../src/core/evm/evm-encode.ts';
import { encodedRules } from '../../../src/core/evm/rules-encode.ts';
import { plainBlock } from '../../support/evm-signing.ts';

const MAX_64 = 2n ** 64n - 1n;
const MAX_256 = 2n ** 256n - 1n;
const from: Hex = `0x${'f1'.repeat(20)}`;
const to: Hex = '0x00112233445566778899aabbccddeeff01234567';
const ZEROS = `0x${'00'.repeat(20)}`;
const plain: EvmTransactionFields = {
  from,
  to,
  nonce: '0x0',
  gas: '0x5208',
  value: '0x0',
  input: '0x',
  gasPrice: '0x0',
};

const hashOf = (byte: number): Hex => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`;
const quantity = (value: bigint): Hex => `0x${value.toString(16)}`;

/** All that a record says. */
function read({ records, offsets }: EvmTransactions, index = 0) {
  const start = offsets[index]!;
  const view = new DataView(records.buffer, records.byteOffset + start, offsets[index + 1]! - start);
  const word = (at: number) => view.getUint32(at, true);
  const hex = (at: number, length: number) =>
    `0x${Array.from({ length }, (_, i) =>
      view
        .getUint8(at + i)
        .toString(16)
        .padStart(2, '0'),
    ).join('')}`;
  const number = (at: number) =>
    [3, 2, 1, 0].reduce((sum, i) => (sum << 64n) | view.getBigUint64(at + 8 * i, true), 0n);
  const list = <T>(at: number, countAt: number, size: number, one: (record: number) => T) =>
    Array.from({ length: word(countAt) }, (_, i) => one(word(at) + i * size));
  const signature = word(EvmTransaction.SIGNATURE);
  return {
    type: word(EvmTransaction.TYPE),
    flags: word(EvmTransaction.FLAGS),
    nonce: view.getBigUint64(EvmTransaction.NONCE, true),
    gas: view.getBigUint64(EvmTransaction.GAS_LIMIT, true),
    from: hex(EvmTransaction.SENDER, 20),
    to: hex(EvmTransaction.TO, 20),
    value: number(EvmTransaction.VALUE),
    maxFee: number(EvmTransaction.MAX_FEE),
    maxPriorityFee: number(EvmTransaction.MAX_PRIORITY_FEE),
    maxBlobFee: number(EvmTransaction.MAX_BLOB_FEE),
    data: hex(word(EvmTransaction.DATA), word(EvmTransaction.DATA_LENGTH)),
    accessList: list(EvmTransaction.ACCESS_LIST, EvmTransaction.ACCESS_COUNT, EvmAccess.SIZE, (line) => [
      hex(line + EvmAccess.ADDRESS, 20),
      word(line + EvmAccess.HAS_SLOT),
      hex(line + EvmAccess.SLOT, 32),
    ]),
    blobHashes: list(EvmTransaction.BLOB_HASHES, EvmTransaction.BLOB_COUNT, 32, (at) => hex(at, 32)),
    authorizations: list(
      EvmTransaction.AUTHORIZATIONS,
      EvmTransaction.AUTHORIZATION_COUNT,
      EvmAuthorization.SIZE,
      (record) => ({
        chainId: number(record + EvmAuthorization.CHAIN_ID),
        address: hex(record + EvmAuthorization.ADDRESS, 20),
        nonce: view.getBigUint64(record + EvmAuthorization.NONCE, true),
        yParity: word(record + EvmAuthorization.Y_PARITY),
        r: BigInt(hex(record + EvmAuthorization.R, 32)),
        s: BigInt(hex(record + EvmAuthorization.S, 32)),
      }),
    ),
    signature:
      signature === 0
        ? undefined
        : {
            r: BigInt(hex(signature + EvmSignature.R, 32)),
            s: BigInt(hex(signature + EvmSignature.S, 32)),
            yParity: word(signature + EvmSignature.Y_PARITY),
            flags: word(signature + EvmSignature.FLAGS),
            sender: word(signature + EvmSignature.SENDER),
          },
  };
}

const one = (fields: Partial<EvmTransactionFields>, form?: EvmSignatureForm) =>
  read(encodeEvmTransactions([{ ...plain, ...fields }], () => form));

describe('a transaction', () => {
  test('without anything but its sender and receiver', () => {
    expect(one({})).toEqual({
      type: 0,
      flags: 0,
      nonce: 0n,
      gas: 21_000n,
      from,
      to,
      value: 0n,
      maxFee: 0n,
      maxPriorityFee: 0n,
      maxBlobFee: 0n,
      data: '0x',
      accessList: [],
      blobHashes: [],
      authorizations: [],
      signature: undefined,
    });
  });

  test('keeps quantities of every length, odd and even, up to the largest', () => {
    for (let bits = 0n; bits <= 256n; bits++) {
      for (const value of [2n ** bits - 1n, 2n ** bits, (MAX_256 / 15n) * 7n, 0x123456789abcdefn << bits]) {
        const given = value & MAX_256;
        const {
          value: read,
          maxFee,
          maxPriorityFee,
          nonce,
          gas,
        } = one({
          type: '0x2',
          value: quantity(given),
          maxFeePerGas: quantity(given >> 1n),
          maxPriorityFeePerGas: quantity(given >> 2n),
          nonce: quantity(given & MAX_64),
          gas: quantity((given >> 3n) & MAX_64),
        });
        expect([read, maxFee, maxPriorityFee]).toEqual([given, given >> 1n, given >> 2n]);
        expect([nonce, gas]).toEqual([given & MAX_64, (given >> 3n) & MAX_64]);
      }
    }
  });

  test('takes zeros in front and upper-case digits, and never writes beyond a field', () => {
    const { value, nonce, gas } = one({ value: '0x00000aBcDeF', nonce: `0x1${'f'.repeat(16)}`, gas: '0x0007' });
    expect([value, nonce, gas]).toEqual([0xabcdefn, MAX_64, 7n]);
    const { maxFee, maxPriorityFee } = one({ type: '0x2', maxFeePerGas: `0x1${'0'.repeat(64)}` });
    expect([maxFee, maxPriorityFee]).toEqual([0n, 0n]);
  });

  test('of types 0 and 1 pays its gas price, of the others its fees', () => {
    const fees = {
      gasPrice: '0x7',
      maxFeePerGas: '0x8',
      maxPriorityFeePerGas: '0x9',
      maxFeePerBlobGas: '0xa',
    } as const;
    const seen = (['0x0', '0x1', '0x2', '0x3', '0x4'] as const).map((type) => {
      const { maxFee, maxPriorityFee, maxBlobFee } = one({ ...fees, type });
      return [maxFee, maxPriorityFee, maxBlobFee];
    });
    expect(seen).toEqual([
      [7n, 7n, 0n],
      [7n, 7n, 0n],
      [8n, 9n, 0n],
      [8n, 9n, 10n],
      [8n, 9n, 0n],
    ]);
  });

  test('without a receiver creates a contract', () => {
    const { flags, to: receiver, data } = one({ to: undefined, input: '0x60006000f3' });
    expect([flags, receiver, data]).toEqual([EvmTransactionFlag.CREATION, ZEROS, '0x60006000f3']);
  });

  test('carries data of any length', () => {
    for (const length of [0, 1, 7, 8, 9, 31, 255, 1 << 17]) {
      const input: Hex = `0x${Array.from({ length }, (_, i) => ((i * 37) & 255).toString(16).padStart(2, '0')).join('')}`;
      expect(one({ input }).data === input, `${length} bytes`).toBe(true);
    }
  });

  test('carries an access list, one line per address and slot', () => {
    const other: Hex = `0x${'0b'.repeat(20)}`;
    const accessList = [
      { address: to, storageKeys: [hashOf(1), hashOf(0xfe)] },
      { address: other, storageKeys: [] },
      { address: to, storageKeys: [hashOf(1)] },
    ];
    const { accessList: lines, data } = one({ type: '0x1', accessList, input: '0xabcd' });
    expect(lines).toEqual([
      [to, 0, hashOf(0)],
      [to, 1, hashOf(1)],
      [to, 1, hashOf(0xfe)],
      [other, 0, hashOf(0)],
      [to, 0, hashOf(0)],
      [to, 1, hashOf(1)],
    ]);
    expect(data).toBe('0xabcd');
    // Type 0 has none, whatever a node says.
    expect(one({ accessList, input: '0xabcd' })).toEqual(one({ input: '0xabcd' }));
  });

  test('carries the hashes of blobs', () => {
    const blobVersionedHashes = [hashOf(1), hashOf(2), hashOf(3)];
    const { blobHashes, maxBlobFee } = one({ type: '0x3', blobVersionedHashes, maxFeePerBlobGas: quantity(MAX_256) });
    expect([blobHashes, maxBlobFee]).toEqual([blobVersionedHashes, MAX_256]);
    expect(one({ type: '0x2', blobVersionedHashes }).blobHashes).toEqual([]);
  });

  test('carries authorisations, whose parity may be called v', () => {
    const rest = { chainId: '0x1', address: to, nonce: '0x2', r: '0x3', s: '0x4' } as const;
    const authorizationList = [
      { ...rest, yParity: '0x1' },
      { ...rest, v: '0x0' },
      { ...rest, yParity: '0xff', v: '0x0' },
      { ...rest, v: '0x100' },
      {
        ...rest,
        chainId: quantity(MAX_256),
        nonce: quantity(MAX_64),
        v: quantity(MAX_256),
        r: quantity(MAX_256),
        s: quantity(MAX_256 - 1n),
      },
    ] as const;
    const read = { chainId: 1n, address: to, nonce: 2n, r: 3n, s: 4n };
    expect(one({ type: '0x4', authorizationList }).authorizations).toEqual([
      { ...read, yParity: 1 },
      { ...read, yParity: 0 },
      { ...read, yParity: 255 },
      { ...read, yParity: 255 },
      { chainId: MAX_256, address: to, nonce: MAX_64, yParity: 255, r: MAX_256, s: MAX_256 - 1n },
    ]);
    expect(one({ type: '0x2', authorizationList }).authorizations).toEqual([]);
  });

  test('carries a signature, and says whether only its sender may have made it', () => {
    const signed = { r: quantity(MAX_256), s: '0x123' } as const;
    const read = { r: MAX_256, s: 0x123n, sender: 0 };
    expect(one(signed, { yParity: 1 }).signature).toEqual({ ...read, yParity: 1, flags: 2 });
    expect(one(signed, { yParity: 0, protected: true }).signature).toEqual({ ...read, yParity: 0, flags: 3 });
    expect(one({ ...signed, from: undefined }, { yParity: 0, protected: true }).signature?.flags).toBe(1);
    const { from: sender, signature } = one({ ...signed, from: undefined }, { yParity: 0 });
    expect([sender, signature?.flags]).toEqual([ZEROS, 0]);
    // Without a form nobody asks for it.
    expect(one(signed).signature).toBeUndefined();
  });

  test('keeps a signature that cannot be right from becoming one that is', () => {
    for (const yParity of [2, 3, -1, 27, 256])
      expect(one({ r: '0x1', s: '0x1' }, { yParity }).signature?.yParity).toBe(2);
    const large = quantity(MAX_256 + 2n);
    expect(one({ r: large, s: '0x1' }, { yParity: 0 }).signature?.yParity).toBe(2);
    expect(one({ r: '0x1', s: large }, { yParity: 0 }).signature?.yParity).toBe(2);
  });

  test('needs a sender or a signature', () => {
    expect(() => one({ from: undefined })).toThrow(InputError);
    expect(() => encodeEvmTransactions([plain, { ...plain, from: undefined }])).toThrow('transactions[1].from');
  });

  test('may be a step of the protocol', () => {
    const { SYSTEM, REQUIRED, CREDIT, SWEEP } = EvmTransactionFlag;
    const flags: [EvmSystemStep, number][] = [
      [false, 0],
      [true, SYSTEM],
      ['required', SYSTEM | REQUIRED],
      ['credit', SYSTEM | CREDIT],
      ['sweep', SYSTEM | SWEEP],
    ];
    for (const [system, expected] of flags) expect(one({ system }).flags).toBe(expected);
  });
});

describe('a list of transactions', () => {
  const second: Hex = `0x${'f2'.repeat(20)}`;
  const list: EvmTransactionFields[] = [
    { ...plain, system: true, gas: '0x1c9c380', input: '0x01' },
    { ...plain, input: '0x020304' },
    { ...plain, from: second, gas: quantity(2n ** 32n - 1n) },
    { ...plain, from: second, gas: quantity(2n ** 32n) },
    { ...plain, type: '0x3', blobVersionedHashes: [hashOf(9)], input: '0x05' },
    { ...plain, from: undefined, r: '0x1', s: '0x2', gas: quantity(MAX_64) },
    { ...plain, system: 'credit', value: '0x6' },
  ];
  const encoded = encodeEvmTransactions(list, (index) => (index === 5 ? { yParity: 0 } : undefined));

  test('is the records of each, at multiples of 8, wherever they are moved to', () => {
    const { records, offsets } = encoded;
    expect(offsets.length).toBe(list.length + 1);
    expect([...offsets].every((offset) => offset % 8 === 0)).toBe(true);
    expect(offsets[list.length]).toBe(records.length);
    list.forEach((transaction, index) => {
      const alone = encodeEvmTransactions([transaction], () => (index === 5 ? { yParity: 0 } : undefined));
      expect(records.slice(offsets[index], offsets[index + 1])).toEqual(alone.records);
      expect(read(encoded, index)).toEqual(read(alone));
    });
  });

  test('says what each may cost, in 32 bits, and nothing of the steps of the protocol', () => {
    expect([...encoded.costs]).toEqual([0, 21_000, 0xffffffff, 0xffffffff, 21_000, 0xffffffff, 0]);
  });

  test('says which transaction of the same sender comes before, steps of the protocol left out', () => {
    expect([...encoded.previous]).toEqual([-1, -1, -1, 2, 1, -1, -1]);
  });

  test('may be empty', () => {
    const { records, offsets, costs, previous } = encodeEvmTransactions([]);
    expect([records.length, [...offsets], costs.length, previous.length]).toEqual([0, [0], 0, 0]);
  });
});

test('a block is followed by its rules and the hashes of those before it, zeros for what is not known', () => {
  const block = { ...plainBlock, randao: MAX_256, blockHashes: [hashOf(0xa1), undefined, hashOf(0xa3)] };
  const bytes = new Uint8Array(4096).fill(0xee);
  writeEvmBlock(bytes, 64, block);
  const view = new DataView(bytes.buffer, 64);
  expect(view.getUint32(EvmBlock.HASHES, true)).toBe(64 + EvmBlock.SIZE + EvmRules.SIZE);
  expect(view.getUint32(EvmBlock.HASH_COUNT, true)).toBe(3);
  expect(view.getBigUint64(EvmBlock.RANDAO + 24, true)).toBe(MAX_64);
  const hash = (index: number) => [...bytes.subarray(64 + EvmBlock.SIZE + EvmRules.SIZE + index * 32).subarray(0, 32)];
  expect([0, 1, 2].map(hash)).toEqual([0xa1, 0, 0xa3].map((byte) => Array.from({ length: 32 }, () => byte)));
  const rules = view.getUint32(EvmBlock.RULES, true);
  expect(bytes.subarray(rules, rules + EvmRules.SIZE)).toEqual(encodedRules(rulesOf(block.fork)));
  expect(bytes.subarray(64 + evmBlockSize(block)).every((byte) => byte === 0xee)).toBe(true);
});

test('transactions that cannot fit are refused before anything is written', () => {
  const size = encodeEvmTransactions([plain]).records.length;
  expect(encodeEvmTransactions([plain, plain], undefined, 2 * size).offsets[2]).toBe(2 * size);
  const refused = () => encodeEvmTransactions([plain, plain], undefined, 2 * size - 1);
  expect(refused).toThrow(MemoryLimitError);
  expect(refused).toThrow(/transactions 0 to 1/);
  // 64 times 64 MiB are 2^32 bytes: more than offsets can say.
  const huge = { ...plain, input: `0x${'00'.repeat(1 << 26)}` as Hex };
  expect(() => encodeEvmTransactions(Array(64).fill(huge))).toThrow(MemoryLimitError);
});
