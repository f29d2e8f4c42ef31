// What is different while a call runs: accounts, places of precompiled contracts, and the block.

import { CallRejectedError, InputError } from '../base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes } from '../base/hex.ts';
import { nearestName } from '../base/nearest.ts';
import { address, amount, hash, isMap, plainObject, type Reader } from '../base/reader.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmBlockInput, EvmPrecompilePlace } from '../core/evm/evm-encode.ts';
import { type Override, readOverrides } from '../state/overlay.ts';

/** Overrides of accounts, read. */
export interface ReadStateOverrides {
  readonly accounts: readonly Override[];
  /** Where a precompiled contract is instead, by where it was; in the order in which they are given. */
  readonly moves: ReadonlyMap<Hex, Hex>;
}

export const NO_OVERRIDES: ReadStateOverrides = { accounts: [], moves: new Map() };

/** @throws InputError naming the field; CallRejectedError for accounts with both `state` and `stateDiff`, as geth */
export function readStateOverrides(value: unknown, field: string): ReadStateOverrides {
  if (value === undefined || value === null) return NO_OVERRIDES;
  const entries: [unknown, unknown][] = isMap(value) ? [...value.entries()] : Object.entries(plainObject(value, field));
  const moves = new Map<Hex, Hex>();
  const rest = entries.map(([name, item]): [unknown, unknown] => {
    const at = `${field}["${name}"]`;
    const { movePrecompileToAddress: target, ...others } = plainObject(item, at);
    if (others.state != null && others.stateDiff != null) {
      throw new CallRejectedError(`${at}.stateDiff: there is state as well, which is the whole storage`);
    }
    if (target !== undefined && target !== null) {
      moves.set(address(name, at), address(target, `${at}.movePrecompileToAddress`));
    }
    return [name, others];
  });
  return { accounts: [...readOverrides(new Map(rest), field).values()], moves };
}

/**
 * Where precompiled contracts are with these overrides: one that is overridden is no longer there, as in geth.
 * @throws CallRejectedError for a move of none, or onto an account that is overridden
 */
export function precompilesWith(
  { accounts, moves }: ReadStateOverrides,
  hardfork: EvmBlockInput['fork'],
): readonly EvmPrecompilePlace[] {
  const places = new Map<Hex, number>();
  const overridden = new Set(accounts.map((account) => hexFromBytes(account.address)));
  const targets = new Set<Hex>();
  for (const from of overridden) {
    if (targets.has(from)) throw new CallRejectedError(`account ${from} has already been overridden by a precompile`);
    const number = places.get(from) ?? precompileAt(from, hardfork);
    const to = moves.get(from);
    if (to !== undefined) {
      if (number === 0) throw new CallRejectedError(`account ${from} is not a precompile`);
      if (overridden.has(to)) throw new CallRejectedError(`account ${to} is already overridden`);
      places.set(to, number);
      targets.add(to);
    }
    if (number !== 0) places.set(from, 0);
  }
  return [...places].map(([where, number]) => ({ address: where, number }));
}

/** Number of the fork's precompiled contract at an address, 0 for none. */
export function precompileAt(where: Hex, hardfork: EvmBlockInput['fork']): number {
  const { lastPrecompile, hasP256 } = rulesOf(hardfork);
  const number = BigInt(where);
  if (number <= BigInt(lastPrecompile) || (hasP256 && number === P256_VERIFY)) return Number(number);
  return 0;
}

/** Addresses of all of the fork's precompiled contracts. */
export function precompilesOf(hardfork: EvmBlockInput['fork']): ReadonlySet<Hex> {
  const known = precompiles.get(hardfork);
  if (known !== undefined) return known;
  const { lastPrecompile, hasP256 } = rulesOf(hardfork);
  const numbers = Array.from({ length: lastPrecompile }, (_, i) => BigInt(i + 1));
  if (hasP256) numbers.push(P256_VERIFY);
  const addresses = new Set(numbers.map((number): Hex => `0x${number.toString(16).padStart(40, '0')}`));
  precompiles.set(hardfork, addresses);
  return addresses;
}

const precompiles = new Map<EvmBlockInput['fork'], ReadonlySet<Hex>>();
const P256_VERIFY = 0x100n;

/** Overrides of a block, read. */
export interface ReadBlockOverrides {
  readonly number?: bigint | undefined;
  readonly time?: bigint | undefined;
  readonly gasLimit?: bigint | undefined;
  readonly feeRecipient?: Hex | undefined;
  readonly prevRandao?: Hex | undefined;
  readonly difficulty?: bigint | undefined;
  readonly baseFeePerGas?: bigint | undefined;
  readonly blobBaseFee?: bigint | undefined;
}

const BLOCK_FIELDS: Readonly<Record<keyof ReadBlockOverrides, Reader<unknown>>> = {
  number: amount(64),
  time: amount(64),
  gasLimit: amount(64),
  feeRecipient: address,
  prevRandao: hash,
  difficulty: amount(256),
  baseFeePerGas: amount(256),
  blobBaseFee: amount(256),
};

/** `others`: further fields, which are read elsewhere. @throws InputError naming the field */
export function readBlockOverrides(value: unknown, field: string, others: readonly string[] = []): ReadBlockOverrides {
  if (value === undefined || value === null) return {};
  const given = plainObject(value, field);
  const known = [...Object.keys(BLOCK_FIELDS), ...others];
  const read: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(given)) {
    if (!known.includes(name)) {
      throw new InputError(`${field}.${name}`, `unknown; did you mean "${nearestName(name, known)}"?`);
    }
    if (item === undefined || item === null || others.includes(name)) continue;
    read[name] = BLOCK_FIELDS[name as keyof ReadBlockOverrides](item, `${field}.${name}`);
  }
  return read;
}

/** An environment with what is different about it. */
export function environmentWith(environment: EvmBlockInput, overrides: ReadBlockOverrides): EvmBlockInput {
  const { number, time, gasLimit, feeRecipient, prevRandao, difficulty, baseFeePerGas, blobBaseFee } = overrides;
  const { hasProofOfStake } = rulesOf(environment.fork);
  const randao = prevRandao === undefined ? (hasProofOfStake ? undefined : difficulty) : BigInt(prevRandao);
  return {
    ...environment,
    number: number ?? environment.number,
    timestamp: time ?? environment.timestamp,
    gasLimit: gasLimit ?? environment.gasLimit,
    coinbase: feeRecipient === undefined ? environment.coinbase : bytesFromHex(feeRecipient),
    randao: randao ?? environment.randao,
    baseFeePerGas: baseFeePerGas ?? environment.baseFeePerGas,
    blobBaseFee: blobBaseFee ?? environment.blobBaseFee,
  };
}
