// keccak256 by the core for the host: the same as the library's, whatever the length.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { expect, test } from 'vitest';
import { openKeccak256 } from '../../../src/core/instance/keccak256.ts';
import { compileCore } from '../../../src/core/instance/module.ts';

test('every length up to some blocks, 64 twice, and what does not fit hash as with the library', async () => {
  const hash = await openKeccak256(await compileCore());
  const lengths = [...Array.from({ length: 300 }, (_, i) => i), 64, 4096, 100_000, 1_000_000];
  for (const length of lengths) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 255);
    expect(hash(bytes), `${length} bytes`).toEqual(keccak_256(bytes));
  }
});

test('all engines of a thread share one instance', async () => {
  const module = await compileCore();
  expect(await openKeccak256(module)).toBe(await openKeccak256(await compileCore()));
});
