// An account as ethereumjs sees it, whose fields are read from the view only when somebody looks at them.

import { Account, equalsBytes, KECCAK256_NULL } from '@ethereumjs/util';
import type { AccountRecord } from './account-record.ts';

/** The transaction's state, as far as an account shows it. */
export interface AccountReader {
  balanceOf(record: AccountRecord): bigint;
  nonceOf(record: AccountRecord): bigint;
  codeHashOf(record: AccountRecord): Uint8Array;
  storageRootOf(record: AccountRecord): Uint8Array;
  isEmpty(record: AccountRecord): boolean;
}

/**
 * A handle to one account: reads go through to the transaction's state, assignments stay in the handle until
 * `putAccount`, as the library expects of the accounts it is given. Calling a contract therefore does not depend on
 * the contract's balance unless something asks for it.
 */
export class ViewAccount extends Account {
  readonly #state: AccountReader;
  readonly record: AccountRecord;
  /** Assigned and not yet put; `undefined` where nothing was assigned. */
  newBalance: bigint | undefined;
  newNonce: bigint | undefined;

  constructor(state: AccountReader, record: AccountRecord) {
    super(null, null, null, null, null, null);
    this.#state = state;
    this.record = record;
  }

  override get balance(): bigint {
    return this.newBalance ?? this.#state.balanceOf(this.record);
  }

  override set balance(balance: bigint) {
    this.newBalance = balance;
  }

  override get nonce(): bigint {
    return this.newNonce ?? this.#state.nonceOf(this.record);
  }

  override set nonce(nonce: bigint) {
    this.newNonce = nonce;
  }

  override get codeHash(): Uint8Array {
    return this.#state.codeHashOf(this.record);
  }

  override get storageRoot(): Uint8Array {
    return this.#state.storageRootOf(this.record);
  }

  override isContract(): boolean {
    return !equalsBytes(this.codeHash, KECCAK256_NULL);
  }

  /** Looks at the nonce, then the code, then the balance, and no further than it must. */
  override isEmpty(): boolean {
    if (this.newBalance !== undefined && this.newBalance !== 0n) return false;
    if (this.newNonce !== undefined && this.newNonce !== 0n) return false;
    return this.#state.isEmpty(this.record);
  }
}

/**
 * The beneficiary while it is paid the fee of a transaction that never looked at its balance. The balance shown is only
 * what is added here; `putAccount` turns it into a credit, so that fees of different transactions do not conflict.
 */
export class CreditedAccount extends ViewAccount {
  override get balance(): bigint {
    return this.newBalance ?? 0n;
  }

  override set balance(balance: bigint) {
    this.newBalance = balance;
  }
}
