// The accounts of a node: keys to sign with, and addresses that it acts for without one.

import { secp256k1 } from '@noble/curves/secp256k1.js';
import { InputError } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, numberFromBytes, quantityFromNumber } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import { bytes } from '../base/reader.ts';
import { encodeTransaction, signedBytes } from '../block/block-encoding.ts';
import type { TransactionInput } from '../block/block-input.ts';
import { refusal } from './rpc/parameters.ts';

export interface KeyedAccount {
  readonly address: Hex;
  readonly privateKey: Hex;
}

const readKey = bytes(32);

/** The account of a private key. @throws InputError for what is none */
export function accountOfKey(key: unknown, field: string): KeyedAccount {
  const privateKey = readKey(key, field);
  if (!secp256k1.utils.isValidSecretKey(bytesFromHex(privateKey))) throw new InputError(field, 'not a private key');
  const point = secp256k1.getPublicKey(bytesFromHex(privateKey), false);
  return { address: hexFromBytes(keccak256(point.subarray(1)).subarray(12)), privateKey };
}

export class Accounts {
  readonly #keys = new Map<Hex, Hex>();
  readonly #impersonated = new Set<Hex>();
  /** Whether every address is acted for. */
  impersonatesAll = false;

  constructor(keys: readonly string[] = []) {
    keys.forEach((key, i) => {
      const { address, privateKey } = accountOfKey(key, `options.accounts[${i}]`);
      this.#keys.set(address, privateKey);
    });
  }

  /** Whom transactions can be sent for, those with keys first. */
  get addresses(): Hex[] {
    return [...new Set([...this.#keys.keys(), ...this.#impersonated])];
  }

  impersonate(address: Hex, wanted: boolean): void {
    if (wanted) this.#impersonated.add(address);
    else this.#impersonated.delete(address);
  }

  /** Nobody is acted for but by key. */
  reset(): void {
    this.#impersonated.clear();
    this.impersonatesAll = false;
  }

  actsFor(address: Hex): boolean {
    return this.impersonatesAll || this.#keys.has(address) || this.#impersonated.has(address);
  }

  /** Signs a hash of 32 bytes. @throws PevmError with -32000 for an address without a key; `field`: where it was named */
  sign(address: Hex, hash: Uint8Array, field = 'params[0]'): { r: bigint; s: bigint; yParity: number } {
    const key = this.#keys.get(address);
    if (key === undefined) throw refusal(field, `there is no key of ${address}`);
    const signature = secp256k1.sign(hash, bytesFromHex(key), { prehash: false, format: 'recovered' });
    return {
      yParity: signature[0]!,
      r: numberFromBytes(signature.subarray(1, 33)),
      s: numberFromBytes(signature.subarray(33)),
    };
  }

  /**
   * The transaction with a signature and its hash. For who is impersonated the signature is one that nobody can have made:
   * the address in the place of r and of s.
   */
  signTransaction(transaction: TransactionInput, from: Hex, chainId: number): TransactionInput {
    const isLegacy = (transaction.type ?? '0x0') === '0x0';
    const protectedBy = quantityFromNumber(35n + 2n * BigInt(chainId));
    const draft = isLegacy
      ? { ...transaction, v: protectedBy }
      : { ...transaction, chainId: quantityFromNumber(chainId) };
    const { r, s, yParity } = this.#keys.has(from)
      ? this.sign(from, keccak256(signedBytes(draft, chainId)))
      : { r: BigInt(from), s: BigInt(from), yParity: 0 };
    const parity = isLegacy
      ? { v: quantityFromNumber(BigInt(protectedBy) + BigInt(yParity)) }
      : { yParity: quantityFromNumber(yParity) };
    const signed = { ...draft, ...parity, r: quantityFromNumber(r), s: quantityFromNumber(s), from };
    return { ...signed, hash: hexFromBytes(keccak256(encodeTransaction(signed, chainId)!)) };
  }
}
