// Hashes and roots by the small module: the same as those of libraries that we did not write.
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { bytesOfHex, hashesOf, hashOf, rootOfList } from '../../../src/base/hashing.ts';
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
