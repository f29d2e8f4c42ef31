// Fields of transactions that are none of Ethereum's: what would be dropped silently, and make another transaction of it.

import { InputError } from '../base/errors.ts';
import { byNames } from '../base/reader.ts';

/** Fields by which other chains make a transaction another one than it seems; nodes write them with nothing all the same. */
const OF_OTHER_CHAINS: Readonly<Record<string, string>> = {
  feeCurrency: 'Celo: fees are paid in a token',
  gatewayFee: 'Celo: a fee goes to a gateway',
  gatewayFeeRecipient: 'Celo: a fee goes to a gateway',
  sourceHash: 'the OP Stack: a deposit',
  mint: 'the OP Stack: a deposit',
  isSystemTx: 'the OP Stack: a deposit',
  paymaster: 'ZKsync: somebody else pays',
  paymasterParams: 'ZKsync: somebody else pays',
  isPrivate: 'Quorum: the input is a hash of what is kept secret',
  privateFor: 'Quorum: the input is a hash of what is kept secret',
  privateFrom: 'Besu: the input is a hash of what is kept secret',
};

const NAMES = Object.keys(OF_OTHER_CHAINS);
const namedIn = byNames((names) => NAMES.filter((name) => names.includes(name)));

/** @throws InputError naming the field of another chain: without it the transaction would be another */
export function refuseOtherChains(given: Readonly<Record<string, unknown>>, field: string): void {
  // What is inherited, as getters of classes are, is not among the names.
  for (const name of Object.getPrototypeOf(given) === Object.prototype ? namedIn(given) : NAMES) {
    const value = given[name];
    if (!value || value === '0x' || value === '0x0' || (Array.isArray(value) && value.length === 0)) continue;
    throw new InputError(`${field}.${name}`, `a transaction of ${OF_OTHER_CHAINS[name]}; such are not known here`);
  }
}
