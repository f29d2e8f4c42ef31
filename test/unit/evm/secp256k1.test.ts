// Public key recovery inside the core against noble's.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { beforeAll, expect, test } from 'vitest';
import { instantiateProbe } from '../../support/assembly.ts';
import { count, long } from '../../support/effort.ts';

interface Recovery {
  scratchSize(): number;
  prepare(memory: number): void;
  invert(out: number, word: number, moduloOrder: boolean): void;
  recoverPublicKey(out: number, hash: number, r: number, s: number, parity: number): number;
}

let core: Recovery;
let bytes: Uint8Array;
let base = 0;
const { ORDER } = secp256k1.Point.Fn;
const { ORDER: PRIME } = secp256k1.Point.Fp;

beforeAll(async () => {
  const probe = await instantiateProbe<Recovery>('assembly/probe/arithmetic.ts', 64);
  core = probe.exports;
  core.prepare(65536);
  base = (65536 + core.scratchSize() + 63) & ~63;
  bytes = new Uint8Array(probe.memory.buffer);
});

const hex = (value: bigint) => Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
const number = (data: Uint8Array) => BigInt(`0x${Buffer.from(data).toString('hex')}`);

function recover(hash: Uint8Array, r: bigint, s: bigint, parity: number): string | undefined {
  bytes.set(hash, base + 64);
  bytes.set(hex(r), base + 96);
  bytes.set(hex(s), base + 128);
  const found = core.recoverPublicKey(base, base + 64, base + 96, base + 128, parity);
  return found === 0 ? undefined : Buffer.from(bytes.slice(base, base + 64)).toString('hex');
}

function expected(hash: Uint8Array, r: bigint, s: bigint, parity: number): string | undefined {
  try {
    const key = new secp256k1.Signature(r, s, parity).recoverPublicKey(hash);
    return Buffer.from(key.toBytes(false).subarray(1)).toString('hex');
  } catch {
    return undefined;
  }
}

function check(hash: Uint8Array, r: bigint, s: bigint): void {
  for (const parity of [0, 1]) expect(recover(hash, r, s, parity)).toBe(expected(hash, r, s, parity));
}

test('inverses modulo the prime and the order are right', () => {
  const total = count('inverses', { ci: 20_000, long: 1_000_000 });
  const view = new DataView(bytes.buffer);
  for (const [modulus, field, moduloOrder] of [
    [PRIME, secp256k1.Point.Fp, false],
    [ORDER, secp256k1.Point.Fn, true],
  ] as const) {
    const edges = [1n, 2n, 3n, modulus - 1n, modulus - 2n, (modulus - 1n) / 2n, (modulus + 1n) / 2n, (1n << 255n) - 1n];
    for (let bit = 0n; bit < 256n; bit += 15n) edges.push(1n << bit, (1n << bit) + 1n, modulus - (1n << bit));
    let value = 7n;
    const next = () => {
      value = (value * value + 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251n) % modulus;
      return value;
    };
    for (let at = -1; at < edges.length + total; at++) {
      const word = at < 0 ? 0n : (edges[at] ?? next()) % modulus;
      for (let limb = 0; limb < 4; limb++) {
        view.setBigUint64(base + limb * 8, BigInt.asUintN(64, word >> BigInt(limb * 64)), true);
      }
      core.invert(base, base, moduloOrder);
      let inverse = 0n;
      for (let limb = 3; limb >= 0; limb--) inverse = (inverse << 64n) | view.getBigUint64(base + limb * 8, true);
      if (inverse >= modulus || field.mul(inverse, word) !== (word === 0n ? 0n : 1n)) {
        expect.fail(`${word} has ${inverse} modulo ${modulus}`);
      }
    }
  }
});

test('random hashes, r and s recover what noble recovers, or nothing where noble finds nothing', {
  timeout: long ? undefined : 120_000,
}, () => {
  const total = count('recovery', { ci: 2_000, long: 20_000 });
  let seed = keccak_256(new Uint8Array(1));
  const next = () => {
    seed = keccak_256(seed);
    return seed;
  };
  for (let at = 0; at < total; at++) check(next(), number(next()) % ORDER, number(next()) % ORDER);
});

test('edge cases of hash, r and s agree', { timeout: 120_000 }, () => {
  const { x } = secp256k1.Point.BASE.toAffine();
  const values = [1n, 2n, 3n, x, ORDER - 1n, ORDER - 2n, 1n << 255n, (1n << 128n) - 1n, PRIME - ORDER];
  const hashes = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, (1n << 256n) - 1n, x].map(hex);
  for (const hash of hashes) for (const r of values) for (const s of values) check(hash, r, s);
});

test('a signature whose sum is the point at infinity, or meets itself, is handled', () => {
  // R = kG, and s = hash / k makes sR - hash G infinite; s = -hash / k doubles.
  for (const k of [1n, 2n, 5n, 127n, 12345n]) {
    const { x, y } = secp256k1.Point.BASE.multiply(k).toAffine();
    const parity = Number(y & 1n);
    const { Fn } = secp256k1.Point;
    for (const h of [1n, 77n, ORDER - 1n]) {
      expect(recover(hex(h), x, Fn.mul(h, Fn.inv(k)), parity)).toBe(undefined);
      const s = Fn.mul(ORDER - h, Fn.inv(k));
      expect(recover(hex(h), x, s, parity)).toBe(expected(hex(h), x, s, parity));
    }
  }
});

test('zero and numbers beyond the order are refused', () => {
  const hash = hex(5n);
  for (const bad of [0n, ORDER, ORDER + 1n, (1n << 256n) - 1n]) {
    expect(recover(hash, bad, 1n, 0)).toBe(undefined);
    expect(recover(hash, 1n, bad, 0)).toBe(undefined);
  }
});
