// Recovery of public keys: the core's against well-kept libraries, and what encoding signed payloads on the host would cost.
// `PEVM_ENTRY=test/bench/recovery.ts node scripts/conformance.mjs [ROUNDS]`
import { instantiateSecp256k1 } from '@bitauth/libauth';
import { RLP } from '@ethereumjs/rlp';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import * as tiny from 'tiny-secp256k1';
import { bytesFromHex, bytesFromNumber } from '../../src/base/hex.ts';
import type { TransactionInput } from '../../src/block/block-input.ts';
import { instantiateProbe } from '../support/assembly.ts';
import { readRealBlock, realBlockNames } from '../support/real-block.ts';
import { withoutShared } from '../support/shared.ts';
import { fixed, table, times } from './table.ts';

/** Answers the key, x and y in 64 bytes, of a hash, r and s in 64 bytes, and a parity. */
type Recover = (hash: Uint8Array, signature: Uint8Array, parity: number) => Uint8Array;

interface Core {
  scratchSize(): number;
  prepare(memory: number): void;
  recoverPublicKey(out: number, hash: number, r: number, s: number, parity: number): number;
}

const SIGNATURES = 32;
/** noble takes ten times as long as the others. */
const NOBLE_SHARE = 0.1;
const rounds = Number(process.argv[2] ?? 300);

async function coreRecovery(): Promise<Recover> {
  const { exports: core, memory } = await instantiateProbe<Core>('assembly/probe/arithmetic.ts', 64);
  core.prepare(65536);
  const base = (65536 + core.scratchSize() + 63) & ~63;
  const bytes = new Uint8Array(memory.buffer);
  return (hash, signature, parity) => {
    bytes.set(hash, base + 64);
    bytes.set(signature, base + 96);
    if (core.recoverPublicKey(base, base + 64, base + 96, base + 128, parity) === 0) throw new Error('no key');
    return bytes.slice(base, base + 64);
  };
}

async function contenders(): Promise<Record<string, Recover>> {
  const libauth = await instantiateSecp256k1();
  return {
    core: await coreRecovery(),
    '@bitauth/libauth': (hash, signature, parity) => {
      const key = libauth.recoverPublicKeyUncompressed(signature, parity as 0 | 1, hash);
      if (typeof key === 'string') throw new Error(key);
      return key.subarray(1);
    },
    'tiny-secp256k1': (hash, signature, parity) =>
      tiny.recover(hash, signature, parity as 0 | 1, false)?.subarray(1) ?? new Uint8Array(0),
    '@noble/curves': (hash, signature, parity) =>
      secp256k1.Signature.fromBytes(Uint8Array.of(parity, ...signature), 'recovered')
        .recoverPublicKey(hash)
        .toBytes(false)
        .subarray(1),
  };
}

/** Microseconds per recovery: the best of all rounds, in which everybody has a turn. */
async function compare(): Promise<void> {
  let seed = keccak_256(new Uint8Array(1));
  const next = () => {
    seed = keccak_256(seed);
    return seed;
  };
  const cases = Array.from({ length: SIGNATURES }, () => {
    const [key, hash] = [next(), next()];
    const [parity = 0, ...signature] = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' });
    return {
      hash,
      parity,
      signature: Uint8Array.from(signature),
      key: secp256k1.getPublicKey(key, false).slice(1),
    };
  });
  const all = Object.entries(await contenders());
  for (const [name, recover] of all) {
    for (const { hash, signature, parity, key } of cases) {
      if (Buffer.compare(recover(hash, signature, parity), key) !== 0) throw new Error(`${name} recovers another key`);
    }
  }
  const best = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, recover] of all) {
      if (name === '@noble/curves' && round >= rounds * NOBLE_SHARE) continue;
      const start = performance.now();
      for (const { hash, signature, parity } of cases) recover(hash, signature, parity);
      const each = ((performance.now() - start) / SIGNATURES) * 1000;
      best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, each));
    }
  }
  const core = best.get('core')!;
  const lines = [...best].map(([name, each]) => [name, fixed(each, 1), times(each / core)]);
  console.log(table(['public key recovery', 'µs', 'of the core’s'], lines));
}

/** What is signed, encoded with @ethereumjs/rlp from JSON, for types 0 to 2. */
function payloadOf(transaction: TransactionInput): Uint8Array {
  const number = (quantity: string | undefined) => bytesFromNumber(BigInt(quantity ?? '0x0'));
  const type = Number(transaction.type ?? '0x0');
  const to = transaction.to === undefined ? new Uint8Array(0) : bytesFromHex(transaction.to);
  const call = [number(transaction.gas), to, number(transaction.value), bytesFromHex(transaction.input)];
  if (type === 0) return RLP.encode([number(transaction.nonce), number(transaction.gasPrice), ...call]);
  const prices =
    type === 1
      ? [number(transaction.gasPrice)]
      : [number(transaction.maxPriorityFeePerGas), number(transaction.maxFeePerGas)];
  const access = (transaction.accessList ?? []).map((entry) => [
    bytesFromHex(entry.address),
    entry.storageKeys.map((key) => bytesFromHex(key)),
  ]);
  return RLP.encode([number(transaction.chainId), number(transaction.nonce), ...prices, ...call, access]);
}

function encode(): void {
  const lines = realBlockNames()
    .filter((name) => /^(17034869|14029313|19932703|25229957)/.test(name))
    .map((name) => {
      const transactions = readRealBlock(name).file.block.transactions as unknown as TransactionInput[];
      let best = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 50; round++) {
        const start = performance.now();
        for (const transaction of transactions) payloadOf(transaction);
        best = Math.min(best, performance.now() - start);
      }
      return [name, String(transactions.length), fixed((best * 1000) / transactions.length, 1), fixed(best, 2)];
    });
  console.log(table(['signed payloads, encoded on the host', 'transactions', 'µs each', 'ms'], lines));
}

await compare();
if (!withoutShared('mainnet')) encode();
