// Hashes and roots by the small module: the same as those of libraries that we did not write.
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { BLOOM_SIZE, EvmLog, EvmResult, EvmStatus } from '../../../assembly/layout.ts';
import { bytesOfHex, hashesOf, hashOf, ReceiptHashes, rootOfList } from '../../../src/base/hashing.ts';
import { count } from '../../support/effort.ts';
import { Random } from '../../support/fuzz-random.ts';

const random = new Random(11);
const bytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));

test('keccak-256 is that of the library, for all lengths around those of its blocks, and for more than its memory', () => {
  const inputs = [...Array.from({ length: 700 }, (_, length) => bytes(length)), bytes(1_000_003), bytes(64), bytes(3)];
  for (const input of inputs) expect(hashOf(input), `${input.length} bytes`).toEqual(keccak_256(input));
  expect(hashesOf(inputs)).toEqual(inputs.map((input) => keccak_256(input)));
  expect(hashesOf([])).toEqual([]);
});

test('hex is decoded wherever it ends, and refused wherever a character is no digit', () => {
  for (let length = 0; length < 90; length++) {
    const given = bytes(length);
    const hex = `0x${Buffer.from(given).toString('hex')}`;
    expect(bytesOfHex(hex)).toEqual(given);
    expect(bytesOfHex(`0x${hex.slice(2).toUpperCase()}`)).toEqual(given);
  }
  const long = `0x${'5a'.repeat(40)}`;
  for (let at = 2; at < long.length; at++) {
    // Neighbours of the digits and letters in ASCII, the borders of a signed byte, and what is more than one byte.
    for (const wrong of [
      '/',
      ':',
      '@',
      'G',
      '`',
      'g',
      ' ',
      '\0',
      '\x7f',
      '\x10',
      '\x19',
      'P',
      '±',
      'é',
      '€',
      'A\u0301',
    ]) {
      expect(bytesOfHex(long.slice(0, at) + wrong + long.slice(at + 1)), `${wrong} at ${at}`).toBeUndefined();
    }
  }
  for (const wrong of ['5a'.repeat(20), '0X5a', '1x5a', '', '0']) expect(bytesOfHex(wrong)).toBeUndefined();
});

test('the root of a list is that of the trie into which its items are put one by one', async () => {
  const sizes = [0, 1, 2, 3, 16, 17, 127, 128, 129, 130, 255, 256, 257, 300];
  for (let more = count('roots of lists', { ci: 6, long: 60 }); more > 0; more--) sizes.push(random.below(500));
  for (const size of sizes) {
    // Down to nodes that are shorter than their hash, and up to headers of three bytes.
    const longest = [1, 4, 30, 60, 300, 70_000][random.below(6)]!;
    const values = Array.from({ length: size }, () => bytes(1 + random.below(size > 200 ? 300 : longest)));
    const trie = new MerklePatriciaTrie();
    for (const [position, value] of values.entries()) await trie.put(RLP.encode(position), value);
    expect(rootOfList(values), `${size} items of at most ${longest} bytes`).toEqual(trie.root());
  }
}, 120_000);

/** An EvmResult with logs, and the receipt that it stands for. */
function executed(logCount: number, longest: number) {
  const logs = Array.from({ length: logCount }, () => ({
    address: bytes(20),
    topics: Array.from({ length: random.below(5) }, () => bytes(32)),
    data: bytes(random.below(longest)),
  }));
  const [returned, bloom] = [bytes(random.below(40)), bytes(BLOOM_SIZE)];
  const success = random.below(2) === 1;
  const gas = 21_000 + random.below(2 ** 31);
  const parts = logs.map(({ address, topics, data }) => {
    const log = new Uint8Array(EvmLog.SIZE + 32 * topics.length + ((data.length + 7) & ~7));
    const view = new DataView(log.buffer);
    log.set(address);
    view.setUint32(EvmLog.TOPIC_COUNT, topics.length, true);
    view.setUint32(EvmLog.DATA_LENGTH, data.length, true);
    log.set(Buffer.concat(topics), EvmLog.SIZE);
    log.set(data, EvmLog.SIZE + 32 * topics.length);
    return log;
  });
  const head = new DataView(new ArrayBuffer(EvmResult.SIZE));
  head.setUint32(EvmResult.STATUS, success ? EvmStatus.SUCCESS : EvmStatus.REVERTED, true);
  head.setBigUint64(EvmResult.GAS_USED, BigInt(gas), true);
  head.setUint32(EvmResult.RETURN_LENGTH, returned.length, true);
  head.setUint32(EvmResult.LOG_COUNT, logCount, true);
  head.setUint32(
    EvmResult.LOGS_LENGTH,
    parts.reduce((sum, { length }) => sum + length, 0),
    true,
  );
  const record = Buffer.concat([new Uint8Array(head.buffer), returned, ...parts, logCount === 0 ? bytes(0) : bloom]);
  const own = logCount === 0 ? new Uint8Array(BLOOM_SIZE) : bloom;
  return { record, gas, success, bloom: own, logs: logs.map(({ address, topics, data }) => [address, topics, data]) };
}

test('root and bloom of receipts are those of their trie, in whatever portions they come', async () => {
  const sizes = [1, 2, 3, 16, 17, 127, 128, 129, 130, 255, 256, 257, 258, 272, 273];
  for (let more = count('roots of receipts', { ci: 6, long: 60 }); more > 0; more--) sizes.push(1 + random.below(500));
  for (const size of sizes) {
    const all = Array.from({ length: size }, () => executed(random.below(4), size === 3 ? 40_000 : 90));
    const types = all.map(() => random.below(5));
    const roots = random.below(4) === 0 ? all.map(() => bytes(32)) : undefined;
    const trie = new MerklePatriciaTrie();
    const bloom = new Uint8Array(BLOOM_SIZE);
    let gas = 0;
    for (const [position, one] of all.entries()) {
      gas += one.gas;
      for (let at = 0; at < BLOOM_SIZE; at++) bloom[at]! |= one.bloom[at]!;
      const receipt = RLP.encode([roots?.[position] ?? (one.success ? 1 : 0), gas, one.bloom, one.logs]);
      const type = types[position]!;
      await trie.put(RLP.encode(position), type === 0 ? receipt : Uint8Array.of(type, ...receipt));
    }
    const hashes = new ReceiptHashes(types, roots);
    for (let from = 0, to = 0; from < size; from = to) {
      expect(hashes.finish(), `${from} of ${size}`).toBeUndefined();
      to = Math.min(size, from + 1 + random.below(random.below(2) === 0 ? 3 : size));
      const portion = all.slice(from, to).map(({ record }) => record);
      // Something else before them, and behind.
      const before = random.below(3) * 5;
      let end = before;
      hashes.add(
        Buffer.concat([bytes(before), ...portion, bytes(7)]),
        before,
        portion.map(({ length }) => (end += length)),
      );
      hashOf(bytes(random.below(3000)));
    }
    expect(hashes.finish(), `${size} receipts`).toEqual({ root: trie.root(), bloom });
  }
  expect(new ReceiptHashes([]).finish()).toEqual({ root: rootOfList([]), bloom: new Uint8Array(BLOOM_SIZE) });
}, 120_000);
