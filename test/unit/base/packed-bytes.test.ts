// Bytes packed into text, and modules as differences: what comes out is what went in, and the text is as good to compress as the bytes.
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildCore } from '../../../scripts/core.mjs';
import { makeDelta, packBytes } from '../../../scripts/packed-bytes.mjs';
import { unpackBytes } from '../../../src/base/packed-bytes.ts';
import { applyDelta } from '../../../src/base/packed-delta.ts';

const unpacked = (bytes: Uint8Array) => {
  const { alphabet, text } = packBytes(bytes);
  return unpackBytes(alphabet, text);
};

test('every byte comes back, however rare it is', () => {
  for (const bytes of [
    Uint8Array.of(),
    Uint8Array.from({ length: 256 }, (_, at) => at),
    Uint8Array.from({ length: 5000 }, (_, at) => (at * at) >> 3),
  ]) {
    expect(unpacked(bytes)).toEqual(bytes);
  }
});

test('the text needs no escapes and no charset', () => {
  const { text } = packBytes(Uint8Array.from({ length: 256 }, (_, at) => at));
  expect(text).toMatch(/^[ -~]+$/);
  expect(text).not.toMatch(/["'`\\$]/);
});

test('the core and its trace build: packed as small as bare, and the second a fraction of the first', async () => {
  const [core, traced] = [new Uint8Array(await buildCore('release')), new Uint8Array(await buildCore('trace'))];
  expect(unpacked(core)).toEqual(core);
  const zipped = (content: string | Uint8Array) => gzipSync(content, { level: 9 }).length;
  expect(zipped(packBytes(core).text)).toBeLessThan(1.02 * zipped(core));
  const delta = makeDelta(core, traced);
  expect(applyDelta(core, unpacked(delta))).toEqual(traced);
  expect(zipped(packBytes(delta).text)).toBeLessThan(zipped(core) / 4);
}, 60_000);

test.for([
  ['equal', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]],
  ['of nothing', [], [1, 2, 3]],
  ['to nothing', [1, 2, 3], []],
  [
    'longer than 127, with differences and something new',
    Array(300).fill(7),
    [...Array(200).fill(7), 9, 255, ...Array(90).fill(8)],
  ],
  ['moved', [...Array(40).keys()], [99, ...[...Array(40).keys()].slice(20), ...[...Array(40).keys()].slice(0, 20)]],
] as [string, number[], number[]][])('a difference that is %s', ([, base, target]) => {
  const [from, to] = [Uint8Array.from(base), Uint8Array.from(target)];
  expect(applyDelta(from, makeDelta(from, to))).toEqual(to);
});
