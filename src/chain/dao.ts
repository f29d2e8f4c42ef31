// The DAO's funds, which mainnet moved at block 1,920,000 (EIP-779): when, and where to. Whose, is loaded for that block alone.

import type { Hex } from '../base/hex.ts';
import type { Hardfork } from './hardfork.ts';

const MAINNET_DAO_BLOCK = 1_920_000n;

/** Whether this is the block in which mainnet moved the DAO's funds (EIP-779). */
export function isDaoBlock(chainId: number, hardfork: Hardfork, number: bigint): boolean {
  return chainId === 1 && hardfork === 'dao' && number === MAINNET_DAO_BLOCK;
}

export const DAO_REFUND_CONTRACT: Hex = '0xbf4ed7b27f1d666546e30d74d50d173d20bca754';

export const DAO_ACCOUNT_COUNT = 116;

let accounts: readonly Hex[] | undefined;

/** The accounts in the order of the EIP; `undefined`: they were not loaded. */
export function daoAccounts(): readonly Hex[] | undefined {
  return accounts;
}

export async function loadDaoAccounts(): Promise<void> {
  ({ DAO_ACCOUNTS: accounts } = await import('./dao-accounts.ts'));
}
