// The precompiles that the host runs, on mcl against those on noble; MODEXP in the core against the host's on BigInt.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { p256 } from '@noble/curves/nist.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { loadPrecompiles } from '../../src/precompiles/precompiles.ts';
import { scriptPrecompiles } from '../../src/precompiles/script-precompiles.ts';
import { instantiateProbe } from '../support/assembly.ts';
import { fixed, table, times } from './table.ts';

/** Rounds of each side, one after the other; the best of them counts. */
const ROUNDS = 15;
/** CPU time of a round, at least, in microseconds: the clock of the CPU is coarse. */
const ROUND = 20_000;

interface Subject {
  name: string;
  id: number;
  input: Uint8Array;
}

const number = (value: bigint, length = 32) =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));
const join = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const scalar = 0x1b0df3a4d2e9c87651f0e1d2c3b4a5968778695a4b3c2d1e0ff1e2d3c4b5a697n;

function subjects(): Subject[] {
  const { x, y } = bn254.G1.Point.BASE.multiply(scalar).toAffine();
  const twist = bn254.G2.Point.BASE.multiply(scalar).toAffine();
  const bn1 = join(number(x), number(y));
  const bn2 = join(number(twist.x.c1), number(twist.x.c0), number(twist.y.c1), number(twist.y.c0));
  const first = bls12_381.G1.Point.BASE.multiply(scalar).toAffine();
  const second = bls12_381.G2.Point.BASE.multiply(scalar).toAffine();
  const bls1 = join(number(first.x, 64), number(first.y, 64));
  const bls2 = join(...[second.x.c0, second.x.c1, second.y.c0, second.y.c1].map((value) => number(value, 64)));
  const repeat = (count: number, ...parts: Uint8Array[]) =>
    join(...Array.from({ length: count }, () => join(...parts)));
  const power = (size: bigint, exponent: Uint8Array) => {
    const modulus = (1n << (size * 8n)) - 189n;
    const lengths = join(number(size), number(BigInt(exponent.length)), number(size));
    return join(lengths, number(modulus / 3n, Number(size)), exponent, number(modulus, Number(size)));
  };
  return [
    { name: 'modexp, 32 bytes each', id: 5, input: power(32n, number(scalar)) },
    { name: 'modexp, 256 bytes, exponent 65537', id: 5, input: power(256n, number(65537n, 3)) },
    { name: 'modexp, 256 bytes each', id: 5, input: power(256n, repeat(8, number(scalar))) },
    { name: 'bn254 pairing, 2 pairs', id: 8, input: repeat(2, bn1, bn2) },
    { name: 'bn254 pairing, 4 pairs', id: 8, input: repeat(4, bn1, bn2) },
    { name: 'KZG point evaluation', id: 10, input: kzg() },
    { name: 'BLS12-381 G1 addition', id: 11, input: repeat(2, bls1) },
    { name: 'BLS12-381 G1 multiplication', id: 12, input: join(bls1, number(scalar)) },
    { name: 'BLS12-381 G1, sum of 16', id: 12, input: repeat(16, bls1, number(scalar)) },
    { name: 'BLS12-381 G2 addition', id: 13, input: repeat(2, bls2) },
    { name: 'BLS12-381 G2 multiplication', id: 14, input: join(bls2, number(scalar)) },
    { name: 'BLS12-381 pairing, 2 pairs', id: 15, input: repeat(2, bls1, bls2) },
    { name: 'BLS12-381 map to G1', id: 16, input: number(scalar, 64) },
    { name: 'BLS12-381 map to G2', id: 17, input: repeat(2, number(scalar, 64)) },
    { name: 'P-256 signature', id: 256, input: signature() },
  ];
}

/** The polynomial x, whose commitment is [τ]₁ (EIP-4844, trusted setup) and whose proof is the generator. */
function kzg(): Uint8Array {
  const commitment = number(
    0xad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81n,
    48,
  );
  const hash = sha256(commitment);
  hash[0] = 1;
  return join(hash, number(scalar), number(scalar), commitment, bls12_381.G1.Point.BASE.toBytes());
}

function signature(): Uint8Array {
  const key = number(scalar);
  const hash = number(scalar / 3n);
  return join(hash, p256.sign(hash, key, { prehash: false }), p256.getPublicKey(key, false).subarray(1));
}

/** The core's arithmetic for MODEXP, with the lengths of the three numbers read here. */
async function coreModexp(): Promise<(input: Uint8Array) => Uint8Array> {
  const { exports: core, memory } = await instantiateProbe<Powers>('assembly/probe/arithmetic.ts', 64);
  const [at, out, scratch] = [65_536, 131_072, 196_608];
  const bytes = new Uint8Array(memory.buffer);
  return (input) => {
    const [base, exponent, modulus] = [0, 32, 64].map((place) => Number(numberOf(input.subarray(place, place + 32))));
    const ends = [96, 96 + base!, 96 + base! + exponent!].map((place) => at + place) as [number, number, number];
    bytes.set(input, at);
    core.powerModulo(out, ends[0], base!, ends[1], exponent!, ends[2], modulus!, scratch);
    return bytes.slice(out, out + modulus!);
  };
}

interface Powers {
  powerModulo(...places: [number, number, number, number, number, number, number, number]): void;
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** CPU time of one run, in microseconds. */
function cost(run: () => unknown, count: number): number {
  const start = process.cpuUsage();
  for (let index = 0; index < count; index++) run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / count;
}

function timesFor(run: () => unknown): number {
  for (let count = 1; ; count *= 2) if (cost(run, count) * count >= ROUND) return count;
}

export interface PrecompileFigures {
  /** CPU time of loading mcl and starting it on three curves. */
  startMs: number;
  /** Best microseconds of CPU time. */
  rows: { name: string; us: number; plainUs: number }[];
}

export async function measurePrecompiles(rounds = ROUNDS): Promise<PrecompileFigures> {
  const start = process.cpuUsage();
  const library = await loadPrecompiles();
  const { user } = process.cpuUsage(start);
  const power = await coreModexp();
  const rows = subjects().map(({ name, id, input }) => {
    const fast = () => (id === 5 ? power(input) : library[id]?.(input.slice()));
    const plain = () => scriptPrecompiles[id]?.(input.slice());
    const [fastTimes, plainTimes] = [timesFor(fast), timesFor(plain)];
    const row = { name, us: Number.POSITIVE_INFINITY, plainUs: Number.POSITIVE_INFINITY };
    for (let round = 0; round < rounds; round++) {
      row.us = Math.min(row.us, cost(fast, fastTimes));
      row.plainUs = Math.min(row.plainUs, cost(plain, plainTimes));
    }
    return row;
  });
  return { startMs: user / 1000, rows };
}

export function precompileTable({ startMs, rows }: PrecompileFigures): string {
  const cells = rows.map(({ name, us, plainUs }) => [name, fixed(us, 1), fixed(plainUs, 1), times(plainUs / us)]);
  const text = table(['precompile', 'µs', 'noble or BigInt, µs', 'times as fast'], cells);
  return `${text}\n\nmcl loads and starts on three curves in ${fixed(startMs, 0)} ms of CPU time`;
}
