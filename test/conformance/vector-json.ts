// The values of Ethereum's test vectors, loosely written as they are, in the shapes that the engine reads.

import type { Hex } from '../../src/base/hex.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import type { Alloc, AllocAccount } from '../../src/index.ts';

export interface JsonAccount {
  nonce: string;
  balance: string;
  code: string;
  storage: Record<string, string>;
}

export interface JsonConfig {
  chainid?: string;
}

/** The names that the vectors give to forks. */
export const FORKS: Readonly<Record<string, Hardfork>> = {
  Frontier: 'chainstart',
  Homestead: 'homestead',
  Dao: 'dao',
  EIP150: 'tangerineWhistle',
  EIP158: 'spuriousDragon',
  Byzantium: 'byzantium',
  Constantinople: 'constantinople',
  ConstantinopleFix: 'petersburg',
  Istanbul: 'istanbul',
  Berlin: 'berlin',
  London: 'london',
  ArrowGlacier: 'arrowGlacier',
  Paris: 'paris',
  Merge: 'paris',
  Shanghai: 'shanghai',
  Cancun: 'cancun',
  Prague: 'prague',
  Osaka: 'osaka',
  BPO1: 'bpo1',
  BPO2: 'bpo2',
  Amsterdam: 'amsterdam',
};

/** A number, whatever it is written as: nothing, `0x`, leading zeros, too many bits (`0x:bigint 0x…`). */
export function number(text: string | undefined): bigint {
  const digits = text?.replace('0x:bigint ', '') ?? '';
  return digits === '' || digits === '0x' ? 0n : BigInt(digits);
}

export function quantity(text: string | undefined): Hex {
  return `0x${number(text).toString(16)}`;
}

/** Bytes: an even number of digits. */
export function bytes(text: string | undefined): Hex {
  const digits = text?.replace(/^0x/, '') ?? '';
  return `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`;
}

export function addressOf(text: string | undefined): Hex {
  return `0x${bytes(text).slice(2).padStart(40, '0')}`;
}

export function wordOf(text: string | undefined): Hex {
  return `0x${bytes(text).slice(2).padStart(64, '0')}`;
}

/** Where a transaction goes; undefined for a creation. */
export function recipientOf(text: unknown): Hex | undefined {
  const to = typeof text === 'string' ? text : '';
  return to === '' || to === '0x' ? undefined : addressOf(to);
}

export function allocOf(pre: Readonly<Record<string, JsonAccount>>): Alloc {
  const accounts: Record<string, AllocAccount> = {};
  for (const [address, { nonce, balance, code, storage }] of Object.entries(pre)) {
    accounts[addressOf(address)] = {
      nonce: number(nonce),
      balance: number(balance),
      code: bytes(code),
      storage: Object.fromEntries(Object.entries(storage).map(([slot, value]) => [quantity(slot), number(value)])),
    };
  }
  return accounts;
}

export function chainIdOf(config: JsonConfig | undefined): number {
  return Number(number(config?.chainid ?? '0x1'));
}
