// Senders that the core recovers from signatures, against @ethereumjs/tx and noble.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { count, long } from '../../support/effort.ts';
import { EvmHost, Kind } from '../../support/evm-host.ts';
import { addressOf, ORDER, plainBlock, signed, transfer, type Unsigned } from '../../support/evm-signing.ts';

let host: EvmHost;
beforeAll(async () => {
  host = await EvmHost.create({ memoryMiB: 256 });
});

const key = new Uint8Array(32).fill(0x42);
const someone = addressOf(key);
const rich = [{ kind: Kind.BALANCE, address: someone, value: 10n ** 24n }];
const noCodes = new Map();

/** Deterministic bytes and choices. */
function randomness(seed: number) {
  let state = keccak_256(Uint8Array.of(seed & 255, (seed >> 8) & 255, (seed >> 16) & 255));
  const bytes = (length: number) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      state = keccak_256(state);
      out.set(state.subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  };
  const below = (limit: number) => new DataView(bytes(4).buffer).getUint32(0) % limit;
  /** Of any number of bits up to `bits`; often an edge of RLP's forms. */
  const number = (bits: number) => {
    const edges = [0n, 1n, 127n, 128n, 255n, 256n, (1n << BigInt(bits)) - 1n];
    if (below(3) === 0) return edges[below(edges.length)]! & ((1n << BigInt(bits)) - 1n);
    return BigInt(`0x${Buffer.from(bytes(32)).toString('hex')}`) >> BigInt(256 - 1 - below(bits));
  };
  return { bytes, below, number };
}

function randomTransaction(seed: number): Unsigned {
  const { bytes, below, number } = randomness(seed);
  const type = below(5);
  const creation = type < 3 && below(4) === 0;
  const lengths = [0, 1, 1, 2, 31, 55, 56, 100, 255, 256, 300, 5_000, creation ? 40_000 : 70_000];
  const price = number(190);
  return {
    type,
    ...(creation ? {} : { to: bytes(20) }),
    nonce: number(63),
    gasLimit: number(62),
    value: number(256),
    data: bytes(lengths[below(lengths.length)]!),
    maxFeePerGas: price,
    maxPriorityFeePerGas: type < 2 ? price : price / BigInt(1 + below(3)),
    ...(type > 0
      ? {
          accessList: Array.from({ length: below(5) }, () => ({
            address: bytes(20),
            storageKeys: Array.from({ length: below(4) }, () => bytes(32)),
          })),
        }
      : {}),
    ...(type === 3
      ? {
          maxFeePerBlobGas: number(250),
          blobVersionedHashes: Array.from({ length: 1 + below(6) }, () => Uint8Array.of(1, ...bytes(31))),
        }
      : {}),
    ...(type === 4
      ? {
          authorizationList: Array.from({ length: 1 + below(4) }, () => ({
            chainId: number(256),
            address: bytes(20),
            nonce: number(63),
            yParity: BigInt(below(2)),
            r: number(256),
            s: number(256),
          })),
        }
      : {}),
  };
}

test('the sender of a random transaction of any type is the one who signed it', {
  timeout: long ? undefined : 120_000,
}, () => {
  const total = count('senders', { ci: 600, long: 20_000 });
  const chains = [1n, 100n, 137n, 11155111n, 2n ** 40n + 5n];
  const chunk = 50;
  for (let first = 0; first < total; first += chunk) {
    const chainId = chains[(first / chunk) % chains.length]!;
    const cases = Array.from({ length: chunk }, (_, at) => {
      const unsigned = randomTransaction(first + at);
      return signed(unsigned, keccak_256(Uint8Array.of(at, first & 255)), { chainId, protect: at % 5 !== 0 });
    });
    host.run(
      { ...plainBlock, chainId },
      cases.map(({ transaction }) => transaction),
      [],
      noCodes,
    );
    cases.forEach(({ sender, transaction: { type } }, at) => {
      expect(host.senderOf(at), `transaction ${first + at}, type ${type}`).toEqual(sender);
    });
    expect(host.recoveries()).toBe(chunk);
  }
});

describe('a transaction whose sender is to be recovered', () => {
  const { transaction } = signed(transfer(), key);
  const run = (changed: Partial<typeof transaction>, fork: typeof plainBlock.fork = 'osaka') =>
    host.run({ ...plainBlock, fork }, [{ ...transaction, ...changed }], rich, noCodes).results[0]!;
  const withSignature = (changed: Partial<typeof transaction.signature>) => ({
    signature: { ...transaction.signature, ...changed },
  });

  test('is valid when the sender is the expected one, or none is expected', () => {
    expect(run({}).status).toBe('success');
    expect(run({ sender: someone }).status).toBe('success');
  });

  test('is invalid when somebody else has signed it', () => {
    expect(run({ sender: new Uint8Array(20) }).invalid).toBe('signed by another sender');
    expect(run({ value: 1n, sender: someone }).invalid).toBe('signed by another sender');
    expect(run({ ...withSignature({ yParity: 1 - transaction.signature.yParity }), sender: someone }).invalid).toBe(
      'signed by another sender',
    );
  });

  test('is invalid when no key can have made the signature', () => {
    // x³ + 7 is no square for x = 5.
    const bad = [
      { r: 5n },
      { r: 0n },
      { s: 0n },
      { r: ORDER },
      { s: ORDER },
      { r: transaction.signature.r + (1n << 256n) },
      { s: transaction.signature.s + (1n << 256n) },
      { yParity: 2 },
      { yParity: -1 },
    ];
    for (const changed of bad) expect(run(withSignature(changed)).invalid).toBe('bad signature');
  });

  test('is invalid from Homestead on when s lies in the upper half of the order (EIP-2)', () => {
    const { transaction: plain } = signed(transfer(), key, { protect: false });
    const { r, s, yParity } = plain.signature;
    const twin = { ...plain, signature: { r, s: ORDER - s, yParity: 1 - yParity }, sender: someone };
    const price = { maxFeePerGas: 10n, maxPriorityFeePerGas: 10n };
    expect(run({ ...twin, ...price }, 'chainstart').status).toBe('success');
    for (const fork of ['homestead', 'osaka'] as const) expect(run(twin, fork).invalid).toBe('bad signature');
    const half = (ORDER - 1n) / 2n;
    expect(run({ signature: { r, s: half, yParity } }).invalid).toBe('insufficient funds');
    expect(run({ signature: { r, s: half + 1n, yParity } }).invalid).toBe('bad signature');
  });

  test('may be signed for any chain, as before EIP-155', () => {
    const { transaction: plain } = signed(transfer(), key, { protect: false });
    expect(run({ ...plain, sender: someone }).status).toBe('success');
    expect(run({ ...plain, ...withSignature({ ...plain.signature, protected: true }), sender: someone }).invalid).toBe(
      'signed by another sender',
    );
  });

  test('must have a sender or a signature', () => {
    expect(() => run({ signature: undefined as never })).toThrow(InputError);
  });

  test('pays as the sender that was recovered', () => {
    const { changes } = host.run(plainBlock, [transaction], rich, noCodes);
    const nonces = changes[0]!.filter(({ kind }) => kind === Kind.NONCE);
    expect(nonces.map(({ address }) => address)).toEqual([someone]);
  });
});
