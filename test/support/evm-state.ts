// A state in the shapes that the core's EVM needs on one in-process instance, and the state after a run of it.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { type BaseValue, type EvmRun, Kind, wordOf } from './evm-host.ts';

export interface JsonAccount {
  nonce: string;
  balance: string;
  code: string;
  storage: Record<string, string>;
}

export function hexBytes(text: string): Uint8Array {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  return new Uint8Array(Buffer.from(digits.length % 2 === 1 ? `0${digits}` : digits, 'hex'));
}

export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

function number(text: unknown): bigint {
  const digits = String(text ?? '0x0');
  return digits === '0x' || digits === '' ? 0n : BigInt(digits.startsWith('0x:bigint ') ? digits.slice(10) : digits);
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  result.set(bytes.subarray(Math.max(0, bytes.length - length)), Math.max(0, length - bytes.length));
  return result;
}

export interface Account {
  nonce: bigint;
  balance: bigint;
  codeHash: Uint8Array | undefined;
  storage: Map<string, bigint>;
  exists: boolean;
}

/** The state before a block. */
export class PreState {
  readonly base: BaseValue[] = [];
  readonly codes: Map<string, { hash: Uint8Array; bytes: Uint8Array }>;
  readonly accounts: Map<string, Account>;
  emptyAccounts = false;

  constructor(accounts: Map<string, Account>, codes: Map<string, { hash: Uint8Array; bytes: Uint8Array }>) {
    this.accounts = accounts;
    this.codes = codes;
    for (const [text, account] of accounts) {
      const address = hexBytes(text);
      const { nonce, balance, codeHash, storage } = account;
      if (codeHash !== undefined) this.base.push({ kind: Kind.CODE, address, value: codeHash });
      for (const [slot, value] of storage) {
        if (value !== 0n) this.base.push({ kind: Kind.STORAGE, address, slot: hexBytes(slot), value });
      }
      this.base.push({ kind: Kind.BALANCE, address, value: balance });
      this.base.push({ kind: Kind.NONCE, address, value: nonce });
      if (nonce !== 0n || codeHash !== undefined) continue;
      if (storage.size > 0) this.base.push({ kind: Kind.RESET, address, value: 2n });
      if (balance !== 0n) continue;
      account.exists = true;
      this.emptyAccounts = true;
      this.base.push({ kind: Kind.EXISTENCE, address, value: 1n });
    }
  }

  static fromJson(pre: Record<string, JsonAccount>): PreState {
    const codes = new Map<string, { hash: Uint8Array; bytes: Uint8Array }>();
    const accounts = new Map<string, Account>();
    for (const [text, json] of Object.entries(pre)) {
      const code = hexBytes(json.code);
      const storage = new Map<string, bigint>();
      for (const [key, value] of Object.entries(json.storage)) {
        if (number(value) !== 0n) storage.set(hexText(padded(hexBytes(key), 32)), number(value));
      }
      let codeHash: Uint8Array | undefined;
      if (code.length > 0) {
        codeHash = keccak_256(code);
        codes.set(hexText(codeHash), { hash: codeHash, bytes: code });
      }
      accounts.set(hexText(padded(hexBytes(text), 20)), {
        nonce: number(json.nonce),
        balance: number(json.balance),
        codeHash,
        storage,
        exists: false,
      });
    }
    return new PreState(accounts, codes);
  }

  /** The accounts after the changes of `run`; the addresses of those that differ go to `changed`. */
  after(run?: EvmRun, changed = new Set<string>()): Map<string, Account> {
    const accounts = new Map(this.accounts);
    for (const change of run?.changes.flat() ?? []) {
      const address = hexText(change.address);
      let account = accounts.get(address);
      if (!changed.has(address)) {
        account =
          account === undefined
            ? { ...nothing, storage: new Map() }
            : { ...account, storage: new Map(account.storage) };
        accounts.set(address, account);
        changed.add(address);
      }
      apply(account!, change);
    }
    return accounts;
  }
}

const nothing = { nonce: 0n, balance: 0n, codeHash: undefined, exists: false };

function apply(account: Account, change: { kind: number; slot: Uint8Array; value: Uint8Array; credit: boolean }): void {
  if (change.kind === Kind.CODE) {
    account.codeHash = change.value.every((byte) => byte === 0) ? undefined : change.value;
    return;
  }
  const word = wordOf(change.value);
  if (change.kind === Kind.BALANCE)
    account.balance = BigInt.asUintN(256, change.credit ? account.balance + word : word);
  else if (change.kind === Kind.NONCE) account.nonce = word;
  else if (change.kind === Kind.EXISTENCE) account.exists = word !== 0n;
  else if (change.kind === Kind.RESET) account.storage.clear();
  else if (change.kind === Kind.STORAGE) account.storage.set(hexText(change.slot), word);
  else throw new Error(`a change of kind ${change.kind}`);
}

/** Integer approximation of `factor * e ** (numerator / denominator)` (EIP-4844). */
export function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let output = 0n;
  let term = factor * denominator;
  for (let i = 1n; term > 0n; i++) {
    output += term;
    term = (term * numerator) / (denominator * i);
  }
  return output / denominator;
}
