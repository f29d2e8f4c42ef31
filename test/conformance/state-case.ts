// One case of Ethereum's state tests: the JSON as a state, a block environment and a transaction; running and judging it.
import { RLP } from '@ethereumjs/rlp';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { EvmLogOutput, EvmTransactionOutput } from '../../src/core/evm-decode.ts';
import type { EvmBlockInput, EvmForkName, EvmTransactionInput } from '../../src/core/evm-encode.ts';
import { type BaseValue, type EvmHost, type EvmRun, Kind, wordOf } from '../support/evm-host.ts';
import { emptyRoot, type TrieEntry, trieRoot } from '../support/trie-root.ts';

export interface JsonAccount {
  nonce: string;
  balance: string;
  code: string;
  storage: Record<string, string>;
}

export interface JsonTest {
  env: Record<string, string>;
  pre: Record<string, JsonAccount>;
  transaction: Record<string, unknown> & { data: string[]; gasLimit: string[]; value: string[] };
  post: Record<string, JsonPost[]>;
  config?: { chainid?: string; blobSchedule?: Record<string, { max: string; baseFeeUpdateFraction: string }> };
}

interface JsonPost {
  hash: string;
  logs: string;
  indexes: { data: number; gas: number; value: number };
  expectException?: string;
  txbytes?: string;
  /** False where a refused transaction leaves the miner untouched. */
  rewarded?: boolean;
}

export const forks: Record<string, EvmForkName> = {
  Frontier: 'frontier',
  Homestead: 'homestead',
  EIP150: 'tangerineWhistle',
  EIP158: 'spuriousDragon',
  Byzantium: 'byzantium',
  Constantinople: 'constantinople',
  ConstantinopleFix: 'petersburg',
  Istanbul: 'istanbul',
  Berlin: 'berlin',
  London: 'london',
  Paris: 'paris',
  Merge: 'paris',
  Shanghai: 'shanghai',
  Cancun: 'cancun',
  Prague: 'prague',
  Osaka: 'osaka',
};
const order = Object.values(forks);
export const from = (fork: EvmForkName, first: EvmForkName) => order.indexOf(fork) >= order.indexOf(first);

export function hexBytes(text: string): Uint8Array {
  const digits = text.startsWith('0x') ? text.slice(2) : text;
  return new Uint8Array(Buffer.from(digits.length % 2 === 1 ? `0${digits}` : digits, 'hex'));
}

export function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
}

export function number(text: unknown): bigint {
  const digits = String(text ?? '0x0');
  return digits === '0x' || digits === '' ? 0n : BigInt(digits.startsWith('0x:bigint ') ? digits.slice(10) : digits);
}

export function padded(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length);
  result.set(bytes.subarray(Math.max(0, bytes.length - length)), Math.max(0, length - bytes.length));
  return result;
}

const hashes = new Map<string, Uint8Array>();
/** keccak-256 of small inputs that come again and again: addresses, slots, code. */
export function hashed(hex: string): Uint8Array {
  let hash = hashes.get(hex);
  if (hash === undefined) {
    if (hashes.size > 200_000) hashes.clear();
    hash = keccak_256(hexBytes(hex));
    hashes.set(hex, hash);
  }
  return hash;
}

export interface Account {
  nonce: bigint;
  balance: bigint;
  codeHash: Uint8Array | undefined;
  storage: Map<string, bigint>;
  exists: boolean;
}

/** The state before a test, in the shapes that loading and hashing need; one for all cases of a test. */
export class PreState {
  readonly base: BaseValue[] = [];
  readonly codes: Map<string, { hash: Uint8Array; bytes: Uint8Array }>;
  readonly accounts: Map<string, Account>;
  emptyAccounts = false;
  private readonly roots = new Map<string, Uint8Array>();

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
        codeHash = hashed(hexText(code));
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

  /** State root after the changes of `run`, and with an account that exists at least. */
  root(run?: EvmRun, touched?: Uint8Array): Uint8Array {
    const changed = new Set<string>();
    const accounts = this.after(run, changed);
    if (touched !== undefined && !accounts.has(hexText(touched))) {
      accounts.set(hexText(touched), { ...nothing, exists: true, storage: new Map() });
    }
    // Slots written by the transaction that emptied an account count after the emptying: they come as their own changes.
    const entries: TrieEntry[] = [];
    for (const [address, account] of accounts) {
      const { nonce, balance, codeHash, exists } = account;
      if (nonce === 0n && balance === 0n && codeHash === undefined && !exists) continue;
      const root = changed.has(address) ? storageRoot(account.storage) : this.storageRootOf(address, account);
      entries.push([
        hexText(hashed(address)),
        RLP.encode([minimal(nonce), minimal(balance), root, codeHash ?? emptyCode]),
      ]);
    }
    return trieRoot(entries);
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

  private storageRootOf(address: string, account: Account): Uint8Array {
    let root = this.roots.get(address);
    if (root === undefined) {
      root = storageRoot(account.storage);
      this.roots.set(address, root);
    }
    return root;
  }
}

const nothing = { nonce: 0n, balance: 0n, codeHash: undefined, exists: false };
const emptyCode = keccak_256(new Uint8Array(0));

function minimal(value: bigint): Uint8Array {
  return value === 0n ? new Uint8Array(0) : hexBytes(value.toString(16));
}

function storageRoot(storage: Map<string, bigint>): Uint8Array {
  if (storage.size === 0) return emptyRoot;
  const entries: TrieEntry[] = [];
  for (const [slot, value] of storage) {
    if (value !== 0n) entries.push([hexText(hashed(slot)), RLP.encode(minimal(value))]);
  }
  return trieRoot(entries);
}

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

const senders = new Map<string, Uint8Array>();
function senderOf(transaction: Record<string, unknown>): Uint8Array {
  if (typeof transaction.sender === 'string') return padded(hexBytes(transaction.sender), 20);
  const secret = String(transaction.secretKey);
  let sender = senders.get(secret);
  if (sender === undefined) {
    sender = keccak_256(secp256k1.getPublicKey(padded(hexBytes(secret), 32), false).subarray(1)).slice(12);
    senders.set(secret, sender);
  }
  return sender;
}

export function blockOf(test: JsonTest, forkName: string, emptyAccounts: boolean): EvmBlockInput {
  const { env, config } = test;
  const fork = forks[forkName]!;
  const schedule = config?.blobSchedule?.[forkName];
  const fraction = schedule ? number(schedule.baseFeeUpdateFraction) : from(fork, 'prague') ? 5007716n : 3338477n;
  const max = schedule ? Number(number(schedule.max)) : from(fork, 'prague') ? 9 : 6;
  const current = number(env.currentNumber);
  const blockHashes: Uint8Array[] = [];
  for (let back = 1n; back <= 256n && back <= current; back++) {
    blockHashes.push(keccak_256(new TextEncoder().encode(String(current - back))));
  }
  return {
    fork,
    number: current,
    timestamp: number(env.currentTimestamp),
    gasLimit: number(env.currentGasLimit),
    coinbase: padded(hexBytes(env.currentCoinbase!), 20),
    randao: from(fork, 'paris') ? number(env.currentRandom) : number(env.currentDifficulty),
    baseFeePerGas: from(fork, 'london') ? number(env.currentBaseFee ?? '0x0a') : 0n,
    blobBaseFee: from(fork, 'cancun') ? fakeExponential(1n, number(env.currentExcessBlobGas), fraction) : 0n,
    chainId: number(config?.chainid ?? '0x01'),
    maxBlobs: from(fork, 'osaka') ? Math.min(6, max) : max,
    blockHashes,
    emptyAccounts,
  };
}

export interface JsonAuthorization {
  chainId: string;
  address: string;
  nonce: string;
  v?: string;
  yParity?: string;
  r: string;
  s: string;
}

export function transactionOf(test: JsonTest, { data, gas, value }: JsonPost['indexes']): EvmTransactionInput {
  const json = test.transaction;
  const accessLists = json.accessLists as { address: string; storageKeys: string[] }[][] | undefined;
  const accessList = accessLists?.[data] ?? undefined;
  const authorizations = json.authorizationList as JsonAuthorization[] | undefined;
  const blobs = json.blobVersionedHashes as string[] | undefined;
  let type = 0;
  if (authorizations !== undefined) type = 4;
  else if (json.maxFeePerBlobGas !== undefined) type = 3;
  else if (json.maxFeePerGas !== undefined) type = 2;
  else if (accessList !== undefined && accessList !== null) type = 1;
  const to = String(json.to ?? '');
  const transaction: EvmTransactionInput = {
    type,
    sender: senderOf(json),
    to: to === '' || to === '0x' ? undefined : padded(hexBytes(to), 20),
    nonce: BigInt.asUintN(64, number(json.nonce)),
    gasLimit: number(json.gasLimit[gas]),
    value: number(json.value[value]),
    data: hexBytes(json.data[data]!),
    maxFeePerGas: number(type >= 2 ? json.maxFeePerGas : json.gasPrice),
    maxPriorityFeePerGas: number(type >= 2 ? json.maxPriorityFeePerGas : json.gasPrice),
  };
  if (accessList) {
    transaction.accessList = accessList.map(({ address, storageKeys }) => ({
      address: padded(hexBytes(address), 20),
      storageKeys: storageKeys.map((key) => padded(hexBytes(key), 32)),
    }));
  }
  if (type === 3) {
    transaction.maxFeePerBlobGas = number(json.maxFeePerBlobGas);
    transaction.blobVersionedHashes = (blobs ?? []).map((hash) => padded(hexBytes(hash), 32));
  }
  if (authorizations !== undefined) {
    transaction.authorizationList = authorizations.map((authorization) => ({
      chainId: number(authorization.chainId),
      address: padded(hexBytes(authorization.address), 20),
      nonce: number(authorization.nonce),
      yParity: number(authorization.yParity ?? authorization.v),
      r: number(authorization.r),
      s: number(authorization.s),
    }));
  }
  return transaction;
}

function logsHash(logs: readonly EvmLogOutput[]): string {
  return hexText(keccak_256(RLP.encode(logs.map(({ address, topics, data }) => [address, topics, data]))));
}

export interface Verdict {
  passed: boolean;
  /** What differs. */
  reason?: string;
  result?: EvmTransactionOutput | undefined;
  run?: EvmRun;
}

/** Runs one case and compares logs hash and state root. */
export function runCase(host: EvmHost, test: JsonTest, state: PreState, fork: string, post: JsonPost): Verdict {
  const transaction = transactionOf(test, post.indexes);
  const block = blockOf(test, fork, state.emptyAccounts);
  if (!isReadable(transaction)) {
    // Numbers that no record can hold: whoever decodes the transaction refuses it.
    return post.expectException !== undefined ? { passed: true } : { passed: false, reason: 'unreadable transaction' };
  }
  const run = host.run({ ...block, gasLimit: clamp(block.gasLimit) }, [transaction], state.base, state.codes);
  if (run.halt !== 0) return { passed: false, reason: `halted (${run.halt})`, run };
  const result = run.results[0]!;
  const invalid = result.status === 'invalid';
  if (invalid !== (post.expectException !== undefined)) {
    return {
      passed: false,
      reason: invalid ? `refused: ${result.invalid}` : `not refused: ${post.expectException}`,
      result,
      run,
    };
  }
  // The tool that filled the older tests pays the miner a reward of 0 even where it refuses the transaction.
  const rewarded =
    invalid && post.rewarded !== false && !from(block.fork, 'spuriousDragon') ? block.coinbase : undefined;
  const root = hexText(state.root(run, rewarded));
  if (root !== post.hash.slice(2)) return { passed: false, reason: 'state root', result, run };
  if (logsHash(result.logs) !== post.logs.slice(2)) return { passed: false, reason: 'logs', result, run };
  return { passed: true, result, run };
}

function isReadable(transaction: EvmTransactionInput): boolean {
  const { gasLimit, value, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas = 0n } = transaction;
  const words = [value, maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas];
  const nonces = (transaction.authorizationList ?? []).map(({ nonce }) => nonce);
  return [gasLimit, ...nonces].every((number) => number < 1n << 64n) && words.every((number) => number < 1n << 256n);
}

function clamp(value: bigint): bigint {
  const most = (1n << 64n) - 1n;
  return value > most ? most : value;
}
