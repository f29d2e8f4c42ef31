// Access lists of blocks (EIP-7928): their bytes and hash, and what no list may be; with the lists of the shared vectors.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { firstDifference } from '../../../src/block/access-list-difference.ts';
import { blockAccessListHash, encodeBlockAccessList } from '../../../src/block/access-list-encoding.ts';
import {
  type AccountAccess,
  type BlockAccessList,
  checkBlockAccessList,
  decodeBlockAccessList,
  readBlockAccessList,
} from '../../../src/block/block-access-list.ts';
import { corpusFiles, quickList } from '../../conformance/corpus.ts';
import { withoutShared } from '../../support/shared.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

const addressOf = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;
const EMPTY = { storageChanges: [], storageReads: [], balanceChanges: [], nonceChanges: [], codeChanges: [] };

/** One of each kind of entry, and accounts around it. */
const sample: BlockAccessList = [
  { ...EMPTY, address: addressOf(1) },
  {
    address: addressOf(2),
    storageChanges: [
      { slot: '0x0', slotChanges: [{ blockAccessIndex: '0x1', postValue: '0x0' }] },
      {
        slot: '0x5',
        slotChanges: [
          { blockAccessIndex: '0x0', postValue: '0x7' },
          { blockAccessIndex: '0x2', postValue: `0x${'f'.repeat(64)}` },
        ],
      },
    ],
    storageReads: ['0x1', '0x80'],
    balanceChanges: [
      { blockAccessIndex: '0x1', postBalance: '0x0' },
      { blockAccessIndex: '0x3', postBalance: '0xde0b6b3a7640000' },
    ],
    nonceChanges: [{ blockAccessIndex: '0x2', postNonce: '0xff' }],
    codeChanges: [{ blockAccessIndex: '0x2', newCode: '0x00' }],
  },
  { ...EMPTY, address: addressOf(0xffff), storageReads: ['0x0'] },
];
const BOUNDS = { transactionCount: 2, gasLimit: 30_000_000n };

test('bytes and JSON are the same list, and the empty one has the hash that the EIP names', () => {
  expect(readBlockAccessList(encodeBlockAccessList(sample), 'list', BOUNDS)).toEqual(sample);
  expect(readBlockAccessList(hexFromBytes(encodeBlockAccessList(sample)), 'list', BOUNDS)).toEqual(sample);
  expect(readBlockAccessList(JSON.parse(JSON.stringify(sample)), 'list', BOUNDS)).toEqual(sample);
  // keccak256(rlp.encode([])), as in EIP-7928.
  expect(blockAccessListHash([])).toBe('0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347');
});

/** The list with its second account changed. */
function withAccount(change: Partial<AccountAccess>): unknown {
  return [sample[0], { ...sample[1], ...change }, sample[2]];
}

const slotChange = (at: Hex, postValue: Hex = '0x1') => ({ blockAccessIndex: at, postValue });

test.each<[name: string, list: unknown, field: string]>([
  ['accounts out of order', [sample[1], sample[0]], 'list[1].address'],
  ['an account that is there twice', [sample[0], sample[0]], 'list[1].address'],
  [
    'slots out of order',
    withAccount({ storageChanges: [...sample[1]!.storageChanges].reverse() }),
    'list[1].storageChanges[1].slot',
  ],
  ['a slot without changes', withAccount({ storageChanges: [{ slot: '0x1', slotChanges: [] }] }), 'slotChanges'],
  [
    'changes of a slot out of order',
    withAccount({ storageChanges: [{ slot: '0x0', slotChanges: [slotChange('0x2'), slotChange('0x1')] }] }),
    'list[1].storageChanges[0].slotChanges[1].blockAccessIndex',
  ],
  ['reads out of order', withAccount({ storageReads: ['0x80', '0x1'] }), 'list[1].storageReads[1]'],
  ['a slot that is read and changed', withAccount({ storageReads: ['0x5'] }), 'list[1].storageReads[0]'],
  [
    'a balance twice at one index',
    withAccount({ balanceChanges: [sample[1]!.balanceChanges[0]!, sample[1]!.balanceChanges[0]!] }),
    'list[1].balanceChanges[1].blockAccessIndex',
  ],
  [
    'an index beyond the block',
    withAccount({ nonceChanges: [{ blockAccessIndex: '0x4', postNonce: '0x1' }] }),
    'list[1].nonceChanges[0].blockAccessIndex',
  ],
  [
    'a nonce of 65 bits',
    withAccount({ nonceChanges: [{ blockAccessIndex: '0x1', postNonce: '0x10000000000000000' }] }),
    'list[1].nonceChanges[0].postNonce',
  ],
  [
    'code that is too large',
    withAccount({ codeChanges: [{ blockAccessIndex: '0x1', newCode: `0x${'00'.repeat(65_537)}` }] }),
    'list[1].codeChanges[0].newCode',
  ],
  ['an address of 19 bytes', [{ ...EMPTY, address: `0x${'11'.repeat(19)}` }], 'list[0].address'],
  ['an account that lacks a field', [{ address: addressOf(1) }], 'list[0].storageChanges'],
  ['no list', 7, 'list'],
])('%s is refused by name', (_, list, field) => {
  expect(() => readBlockAccessList(list, 'list', BOUNDS)).toThrow(InputError);
  expect(() => readBlockAccessList(list, 'list', BOUNDS)).toThrow(field);
});

test('a list of more accounts and slots than its block has gas for is refused', () => {
  expect(() => checkBlockAccessList(sample, 'list', { ...BOUNDS, gasLimit: 16_000n })).not.toThrow();
  expect(() => checkBlockAccessList(sample, 'list', { ...BOUNDS, gasLimit: 15_999n })).toThrow(
    "list: 8 accounts and slots, and the block's gas limit allows 7",
  );
});

test('bytes that are no list are refused by name', () => {
  const cases: [Hex, string][] = [
    ['0x', 'list'],
    ['0xc2', 'malformed RLP'],
    ['0x80', 'list: expected a list'],
    ['0xc1c0', 'list[0]: 0 fields, expected 6'],
    ['0xc7c680c0c0c0c0c0', 'list[0].address: 0 bytes, expected 20'],
    [`0xdcdb94${'11'.repeat(20)}c100c0c0c0c0`, 'list[0].storageChanges[0]: expected a list'],
    [`0xdcdb94${'11'.repeat(20)}c0c100c0c0c0`, 'list[0].storageReads[0]: a number that begins with zeros'],
  ];
  for (const [bytes, message] of cases) {
    expect(() => decodeBlockAccessList(bytesFromHex(bytes), 'list'), bytes).toThrow(message);
  }
});

test('the first entry that differs is named, with what either list has there', () => {
  const changed = withAccount({ balanceChanges: [{ blockAccessIndex: '0x1', postBalance: '0x5' }] }) as BlockAccessList;
  expect(firstDifference(sample, sample)).toBeUndefined();
  expect(firstDifference(changed, sample)).toEqual({
    entry: `${addressOf(2)}.balanceChanges at 1`,
    expected: '0x5',
    actual: '0x0',
  });
  expect(firstDifference(sample.slice(1), sample)).toEqual({
    entry: addressOf(1),
    expected: 'nothing',
    actual: 'met',
  });
  const unread = withAccount({ storageReads: ['0x1'] }) as BlockAccessList;
  expect(firstDifference(unread, sample)?.entry).toBe(`${addressOf(2)}.storageReads[0x80]`);
});

interface Vector {
  blocks: { blockHeader?: { blockAccessListHash?: Hex }; blockAccessList?: BlockAccessList }[];
}

/** The lists of valid blocks, as go-ethereum made them, and the hashes in their headers. */
async function* vectorLists(): AsyncGenerator<{ list: BlockAccessList; hash: Hex }> {
  const quick = quickList('amsterdam');
  const wanted = (path: string) => quick.has(path) && path.startsWith('chain/');
  for await (const { text } of corpusFiles(wanted, 'amsterdam')) {
    const vectors = JSON.parse(text) as Record<string, Vector>;
    for (const { blocks } of Object.values(vectors)) {
      for (const { blockHeader, blockAccessList: list } of blocks) {
        const hash = blockHeader?.blockAccessListHash;
        if (hash !== undefined && list !== undefined) yield { list, hash };
      }
    }
  }
}

describe.skipIf(withoutShared('vectors-amsterdam'))('lists that go-ethereum has made', () => {
  test('have the hashes that are in their headers, and the same bytes after a way through JSON and back', async () => {
    let seen = 0;
    for await (const { list, hash } of vectorLists()) {
      const read = readBlockAccessList(list, 'list');
      expect(blockAccessListHash(read)).toBe(hash);
      expect(decodeBlockAccessList(encodeBlockAccessList(read), 'list')).toEqual(read);
      seen++;
    }
    expect(seen).toBeGreaterThan(500);
  });

  test('changed anywhere, are refused with the field named, or differ in an entry that is named', async () => {
    const random = randomFrom(7928);
    const lists: BlockAccessList[] = [];
    for await (const { list } of vectorLists()) if (list.length > 3) lists.push(readBlockAccessList(list, 'list'));
    let refused = 0;
    for (let round = 0; round < 10_000; round++) {
      const list = lists[Math.floor(random() * lists.length)]!;
      const bytes = encodeBlockAccessList(list);
      const at = Math.floor(random() * bytes.length);
      const changed = random() < 0.8 ? bytes.slice() : bytes.slice(0, at + 1);
      changed[at]! ^= 1 << Math.floor(random() * 8);
      let read: BlockAccessList;
      try {
        read = readBlockAccessList(changed, 'list');
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as InputError).field.startsWith('list')).toBe(true);
        refused++;
        continue;
      }
      const difference = firstDifference(read, list);
      expect(difference?.entry).toMatch(/^0x[0-9a-f]{40}/);
    }
    expect(refused).toBeGreaterThan(1000);
    expect(refused).toBeLessThan(9000);
  });
});
