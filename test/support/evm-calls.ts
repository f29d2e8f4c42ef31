// Small scenarios of contracts that call each other, and the pieces of code that they are made of.
import { hexFromBytes } from '../../src/base/hex.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import type { EvmTransactionInput } from './evm-input.ts';
import { program } from './evm-program.ts';
import { addressOf, type EvmScenario, type ScenarioAccount } from './evm-scenario.ts';
import { hexText } from './evm-state.ts';

export const sender = addressOf(0x5en);
export const first = addressOf(0xa1n);
export const second = addressOf(0xb2n);
export const third = addressOf(0xc3n);

/** A transaction to `first`, whose code is given; the other accounts too, by address. */
export function scenario(
  codes: [Uint8Array, string][],
  options: Partial<EvmTransactionInput> = {},
  fork: Hardfork = 'cancun',
): EvmScenario {
  const accounts = new Map<string, ScenarioAccount>();
  const add = (address: Uint8Array, balance: bigint, code: Uint8Array) =>
    accounts.set(hexText(address), { nonce: 1n, balance, code, storage: new Map() });
  add(sender, 10n ** 20n, new Uint8Array(0));
  for (const [address, source] of codes) add(address, 1000n, program(source));
  const transaction: EvmTransactionInput = {
    type: 0,
    sender,
    to: first,
    nonce: 1n,
    gasLimit: 500_000n,
    value: 0n,
    data: new Uint8Array(0),
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 10n,
    ...options,
  };
  const block = {
    fork,
    number: 1n,
    timestamp: 1n,
    gasLimit: 30_000_000n,
    coinbase: addressOf(0x99n),
    randao: 0n,
    baseFeePerGas: 7n,
    blobBaseFee: 1n,
    chainId: 1n,
    blockHashes: [],
    emptyAccounts: false,
  };
  return { block, excessBlobGas: 0n, accounts, transactions: [transaction] };
}

export const calling = (kind: 'CALL' | 'CALLCODE', to: string, value: number, gas = 'GAS') =>
  `0 0 0 0 ${value} ${to} ${gas} ${kind}`;
export const plainly = (kind: 'DELEGATECALL' | 'STATICCALL', to: string, gas = 'GAS') => `0 0 0 0 ${to} ${gas} ${kind}`;
export const at = (address: Uint8Array) => hexFromBytes(address);
/** Init code that returns `size` bytes of memory whose first is `byte`. */
export const initCode = (size: number, byte = 0) => `${byte} 0 MSTORE8 ${size} 0 RETURN`;
/** Puts a short program at the start of memory, and its length on the stack. */
export function inMemory(source: string): { write: string; length: number } {
  const code = program(source);
  return { write: `0x${hexText(code).padEnd(64, '0')} 0 MSTORE`, length: code.length };
}
export function creating(source: string, value = 0): string {
  const { write, length } = inMemory(source);
  return `${write} ${length} 0 ${value} CREATE`;
}
