// The core's keccak-256 against noble's: every length around the block size, random inputs, the cache of 64-byte inputs.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { beforeAll, expect, test } from 'vitest';
import { instantiateProbe } from '../../support/assembly.ts';
import { count } from '../../support/effort.ts';
import { Random } from '../../support/fuzz-random.ts';

interface Arithmetic {
  scratchSize(): number;
  prepare(memory: number): void;
  keccak256(out: number, input: number, length: number): void;
}

let core: Arithmetic;
let bytes: Uint8Array;
let base = 0;

beforeAll(async () => {
  const probe = await instantiateProbe<Arithmetic>('assembly/probe/arithmetic.ts', 64);
  core = probe.exports;
  core.prepare(65536);
  base = (65536 + core.scratchSize() + 63) & ~63;
  bytes = new Uint8Array(probe.memory.buffer);
});

function hash(input: Uint8Array): Uint8Array {
  bytes.set(input, base + 32);
  core.keccak256(base, base + 32, input.length);
  return bytes.slice(base, base + 32);
}

function randomBytes(length: number, seed: number): Uint8Array {
  let state = seed * 2654435761 + 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    return state >>> 24;
  });
}

/** Cheaper than an assertion on arrays. */
function check(input: Uint8Array): void {
  const found = Buffer.from(hash(input)).toString('hex');
  const expected = Buffer.from(keccak_256(input)).toString('hex');
  if (found !== expected) throw new Error(`${Buffer.from(input).toString('hex')} hashes to ${found}, not ${expected}`);
}

test('every length up to four blocks hashes as noble hashes it', () => {
  for (let length = 0; length <= 4 * 136 + 9; length++) {
    const input = randomBytes(length, length);
    expect(hash(input)).toEqual(keccak_256(input));
  }
});

test('64-byte inputs hash right again and again, zeros included', () => {
  const total = count('keccak', { ci: 3_000, long: 500_000 });
  expect(hash(new Uint8Array(64))).toEqual(keccak_256(new Uint8Array(64)));
  for (let at = 0; at < total; at++) {
    // few distinct inputs, and many: hits, misses and evictions
    const input = randomBytes(64, at % 3 === 0 ? at % 17 : at);
    if (at % 5 === 0) input.fill(0, 0, 60);
    check(input);
  }
  check(new Uint8Array(64));
});

test('random inputs of random lengths hash as noble hashes them', () => {
  const total = count('keccak', { ci: 3_000, long: 500_000 });
  const random = new Random(1);
  const pool = random.bytes(4096);
  for (let at = 0; at < total; at++) {
    // Another byte each time, so that no two inputs are the same.
    pool[random.below(pool.length)] = random.word() & 0xff;
    const length = at % 4 === 0 ? random.below(64) : random.below(300);
    const start = random.below(pool.length - length);
    check(pool.subarray(start, start + length));
  }
});

test('large inputs hash as noble hashes them', () => {
  for (const length of [1_000, 4_096, 24_576, 100_001]) {
    const input = randomBytes(length, length);
    expect(hash(input)).toEqual(keccak_256(input));
  }
});
