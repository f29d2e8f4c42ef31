// Chain files: bytes all at once or in parts, and what is neither.
import { expect, test } from 'vitest';
import { chainFileBlocks } from '../../../src/index.ts';

async function blocksOf(source: unknown): Promise<string[]> {
  const blocks: string[] = [];
  for await (const block of chainFileBlocks(source as Uint8Array)) blocks.push(Buffer.from(block).toString('hex'));
  return blocks;
}

const FILE = Uint8Array.of(0xc1, 0x80, 0xc0, 0xc2, 0x01, 0x02);

test('parts of any size are one file', async () => {
  const all = ['c180', 'c0', 'c20102'];
  expect(await blocksOf(FILE)).toEqual(all);
  for (const size of [1, 2, 4]) {
    const parts = Array.from({ length: Math.ceil(FILE.length / size) }, (_, at) =>
      FILE.subarray(at * size, at * size + size),
    );
    expect(await blocksOf(parts)).toEqual(all);
    expect(await blocksOf(new Blob(parts).stream())).toEqual(all);
  }
});

test('what gives no bytes is refused by name', async () => {
  for (const source of [null, undefined, 1, 'c0', {}, new Blob([FILE]), () => FILE]) {
    await expect(blocksOf(source)).rejects.toThrow(/^chain: expected bytes, or parts of bytes as they come, got /);
  }
  for (const source of [['c0'], [FILE, null], [[0xc0]], new Map([[1, 2]])]) {
    await expect(blocksOf(source)).rejects.toThrow(/^chain: expected parts of bytes, got /);
  }
});
