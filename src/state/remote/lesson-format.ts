// What was learned, as JSON that outlives the process: written, and read again as strictly as what comes from strangers.

import { InputError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import {
  bytes,
  describe,
  list,
  address as readAddress,
  hash as readHash,
  record,
  required,
} from '../../base/reader.ts';
import type { LastingUnit, Lesson } from './experience.ts';
import { nameOfUnit } from './state-keys.ts';

/** What an `rpcState` has learned: for which keys calls have asked, no values. JSON; for the same chain, at any block. */
export interface RpcLearned {
  readonly version: 1;
  /** In decimal digits. */
  readonly chainId: string;
  /** What calls of code with a selector asked for: accounts (20 bytes), and slots (20 bytes and 32). */
  readonly calls: readonly { readonly codeHash: Hex; readonly selector: Hex; readonly keys: readonly Hex[] }[];
  /** Where code was met. */
  readonly codes: readonly { readonly address: Hex; readonly codeHash: Hex }[];
  /** Slots that contracts were asked for, and addresses that they hold. */
  readonly contracts: readonly {
    readonly address: Hex;
    readonly slots: readonly Hex[];
    readonly holds: readonly Hex[];
  }[];
}

const VERSION = 1;
const ADDRESS_DIGITS = 2 + 40;
const HASH_DIGITS = 2 + 64;

const readKeys = list(keyOf, 512);
const readSelector = bytes(4);
const readCalls = list(
  record({ codeHash: required(readHash), selector: required(readSelector), keys: required(readKeys) }),
  1024,
);
const readCodes = list(record({ address: required(readAddress), codeHash: required(readHash) }), 16_384);
const readContracts = list(
  record({
    address: required(readAddress),
    slots: required(list(readHash, 96)),
    holds: required(list(readAddress, 16)),
  }),
  8192,
);

export function written({ reads, codes, contracts }: Lesson, chainId: bigint): RpcLearned {
  return {
    version: VERSION,
    chainId: String(chainId),
    calls: reads.map(([place, units]) => ({
      codeHash: place.slice(0, HASH_DIGITS) as Hex,
      selector: place.slice(HASH_DIGITS) as Hex,
      keys: units.map((unit) => nameOfUnit(unit) as Hex),
    })),
    codes: codes.map(([address, codeHash]) => ({ address, codeHash })),
    contracts: contracts.map(([address, slots, holds]) => ({ address, slots, holds })),
  };
}

/** @throws InputError naming the field; also where it was learned by another version */
export function readLearned(value: unknown, field: string): { readonly chainId: bigint; readonly lesson: Lesson } {
  const { version, chainId, calls, codes, contracts } = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly [name in keyof RpcLearned]?: unknown;
  };
  if (version !== VERSION) throw new InputError(`${field}.version`, `expected ${VERSION}, got ${describe(version)}`);
  if (typeof chainId !== 'string' || !/^\d{1,20}$/.test(chainId)) {
    throw new InputError(`${field}.chainId`, `expected decimal digits, got ${describe(chainId)}`);
  }
  const reads = readCalls(calls, `${field}.calls`);
  return {
    chainId: BigInt(chainId),
    lesson: {
      reads: reads.map(({ codeHash, selector, keys }) => [`${codeHash}${selector}`, keys]),
      codes: readCodes(codes, `${field}.codes`).map(({ address, codeHash }) => [address, codeHash]),
      contracts: readContracts(contracts, `${field}.contracts`).map(({ address, slots, holds }) => [
        ...([address, slots, holds] as const),
      ]),
    },
  };
}

function keyOf(value: unknown, field: string): LastingUnit {
  const name = bytes(undefined, 52)(value, field);
  if (name.length === ADDRESS_DIGITS) return { kind: 'account', address: name };
  if (name.length !== ADDRESS_DIGITS + 64) {
    throw new InputError(field, `expected 20 or 52 bytes, got ${describe(value)}`);
  }
  return {
    kind: 'storage',
    address: name.slice(0, ADDRESS_DIGITS) as Hex,
    slot: `0x${name.slice(ADDRESS_DIGITS)}`,
  };
}
