// Real blocks of the shared folder as the core's EVM takes them: environment, transactions, state, what came out on chain.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Hex } from '../../src/base/hex.ts';
import { readBlock, type TransactionInput } from '../../src/block/block-input.ts';
import { readHardfork } from '../../src/chain/hardfork.ts';
import { rulesOf } from '../../src/chain/rules.ts';
import type { EvmBlockInput } from '../../src/core/evm/evm-encode.ts';
import { signatureReader } from '../../src/job/signature.ts';
import type { EvmRun } from './evm-host.ts';
import type { EvmTransactionInput } from './evm-input.ts';
import { fakeExponential, hexBytes, hexText, PreState } from './evm-state.ts';
import { sharedFolder } from './shared.ts';

type Json = Record<string, string>;
export interface BlockFile {
  chainId: number;
  hardfork: string;
  block: Json & {
    transactions: (Json & { accessList?: Json[]; authorizationList?: Json[]; blobVersionedHashes?: string[] })[];
  };
  pre: Record<
    string,
    { balance: string; nonce: string; code?: string; codeHash?: string; storage?: Record<string, string> }
  >;
  blockHashes?: Record<string, string>;
  expected: {
    txs: { gasUsed: string | number; status: number; logs: number }[];
    post: Record<
      string,
      { balance?: string; nonce?: string; codeHash?: string; storage?: Record<string, string> } | null
    >;
  };
}

const fractions: Record<string, bigint> = { cancun: 3338477n, bpo1: 8346193n, bpo2: 11684671n };
const beaconRoots = hexBytes('0x000f3df6d732807ef1319fb7b8bb8522d0beac02');
const history = hexBytes('0x0000f90827f1c53a10cb7a02335b175320002935');
const systemAddress = hexBytes('0xfffffffffffffffffffffffffffffffffffffffe');

const bytesOf = (text: string | undefined, length: number) => {
  const bytes = new Uint8Array(length);
  const given = hexBytes(text ?? '0x');
  bytes.set(given, length - given.length);
  return bytes;
};

/** Some nodes write 0 as no bytes. */
const numberOf = (text: string | undefined) => BigInt(text === undefined || text === '0x' ? '0x0' : text);

function systemCall(to: Uint8Array, data: Uint8Array): EvmTransactionInput {
  const nothing = { nonce: 0n, value: 0n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  return { type: 0, sender: systemAddress, to, data, gasLimit: 30_000_000n, system: true, ...nothing };
}

/** A transaction of JSON-RPC. */
export function transactionOf(json: TransactionInput): EvmTransactionInput {
  const type = Number(json.type ?? '0x0');
  const transaction: EvmTransactionInput = {
    type,
    sender: bytesOf(json.from, 20),
    to: json.to ? bytesOf(json.to, 20) : undefined,
    nonce: BigInt(json.nonce!),
    gasLimit: BigInt(json.gas!),
    value: BigInt(json.value!),
    data: hexBytes(json.input!),
    maxFeePerGas: BigInt((type >= 2 ? json.maxFeePerGas : json.gasPrice)!),
    maxPriorityFeePerGas: BigInt((type >= 2 ? json.maxPriorityFeePerGas : json.gasPrice)!),
    maxFeePerBlobGas: BigInt(json.maxFeePerBlobGas ?? '0x0'),
    blobVersionedHashes: (json.blobVersionedHashes ?? []).map((hash) => bytesOf(hash, 32)),
    accessList: (json.accessList ?? []).map((entry) => ({
      address: bytesOf(entry.address, 20),
      storageKeys: entry.storageKeys.map((key) => bytesOf(key, 32)),
    })),
    authorizationList: (json.authorizationList ?? []).map((entry) => ({
      chainId: numberOf(entry.chainId),
      address: bytesOf(entry.address, 20),
      nonce: numberOf(entry.nonce),
      yParity: numberOf(entry.yParity ?? entry.v),
      r: numberOf(entry.r),
      s: numberOf(entry.s),
    })),
  };
  return transaction;
}

export interface RealBlock {
  /** The file as it is. */
  file: BlockFile;
  environment: EvmBlockInput;
  /** What the protocol itself does before the transactions. */
  before: EvmTransactionInput[];
  /** Senders are those of the file; with `recover` they come from the signatures, and must be those of the file. */
  transactions: EvmTransactionInput[];
  state: PreState;
}

/** Names of the blocks' files. */
export function realBlockNames(): string[] {
  const names = readdirSync(join(sharedFolder!, 'mainnet')).filter((name) => /^\d+\.json\.gz$/.test(name));
  return names.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

export function readRealBlock(name: string, senders: 'trust' | 'recover' = 'trust'): RealBlock {
  const file = JSON.parse(gunzipSync(readFileSync(join(sharedFolder!, 'mainnet', name))).toString('utf8')) as BlockFile;
  const { block } = file;
  const fork = readHardfork(file.hardfork, 'hardfork');
  const rules = rulesOf(fork);
  const pre = Object.fromEntries(
    Object.entries(file.pre).map(([address, account]) => [
      address,
      { balance: account.balance, nonce: account.nonce, code: account.code ?? '0x', storage: account.storage ?? {} },
    ]),
  );
  const state = PreState.fromJson(pre);
  const number = BigInt(block.number!);
  const blockHashes: (Hex | undefined)[] = [];
  for (let back = 1n; back <= 256n && back <= number; back++) {
    const hash = back === 1n ? block.parentHash : file.blockHashes?.[String(number - back)];
    blockHashes.push(hash as Hex | undefined);
  }
  const environment: EvmBlockInput = {
    fork,
    number,
    timestamp: BigInt(block.timestamp!),
    gasLimit: BigInt(block.gasLimit!),
    coinbase: bytesOf(block.miner, 20),
    randao: BigInt((rules.hasProofOfStake ? block.mixHash : block.difficulty) ?? '0x0'),
    baseFeePerGas: BigInt(block.baseFeePerGas ?? '0x0'),
    blobBaseFee: block.excessBlobGas
      ? fakeExponential(1n, BigInt(block.excessBlobGas), fractions[file.hardfork] ?? 5007716n)
      : 0n,
    chainId: BigInt(file.chainId),
    blockHashes,
    emptyAccounts: state.emptyAccounts,
  };
  const transactions = (block.transactions as unknown as TransactionInput[]).map(transactionOf);
  if (senders === 'recover') {
    const hardfork = readHardfork(file.hardfork, 'hardfork');
    const signatureOf = signatureReader({ chainId: environment.chainId, hardfork });
    readBlock(block, hardfork).transactions.forEach((transaction, index) => {
      const { r = '0x0', s = '0x0' } = transaction;
      transactions[index]!.signature = { r: BigInt(r), s: BigInt(s), ...signatureOf(transaction)! };
    });
  }
  const before: EvmTransactionInput[] = [];
  if (block.parentBeaconBlockRoot) before.push(systemCall(beaconRoots, bytesOf(block.parentBeaconBlockRoot, 32)));
  if (rules.hasBlockHashContract) before.push(systemCall(history, bytesOf(block.parentHash, 32)));
  return { file, environment, before, transactions, state };
}

/** Where a run differs from what a trusted execution found. */
export function differencesOf({ file, before, state }: RealBlock, run: EvmRun): string[] {
  const differences: string[] = [];
  if (run.halt !== 0) differences.push(`halted (${run.halt})`);
  file.expected.txs.forEach((expected, index) => {
    const result = run.results[index + before.length];
    if (result === undefined) return;
    const status = result.status === 'success' ? 1 : 0;
    if (
      result.gasUsed !== BigInt(expected.gasUsed) ||
      status !== expected.status ||
      result.logs.length !== expected.logs
    ) {
      differences.push(
        `tx ${index}: ${result.status} ${result.invalid ?? ''} gas ${result.gasUsed} for ${expected.gasUsed}, status ${expected.status}, logs ${result.logs.length} for ${expected.logs}`,
      );
    }
  });
  const accounts = state.after(run);
  for (const [address, expected] of Object.entries(file.expected.post)) {
    const account = accounts.get(address.slice(2));
    if (expected === null) {
      if (account !== undefined && (account.balance !== 0n || account.nonce !== 0n || account.exists))
        differences.push(`${address} is not gone`);
      continue;
    }
    if (expected.balance !== undefined && account?.balance !== BigInt(expected.balance)) {
      differences.push(`${address}: balance ${account?.balance} for ${BigInt(expected.balance)}`);
    }
    if (expected.nonce !== undefined && account?.nonce !== BigInt(expected.nonce))
      differences.push(`${address}: nonce`);
    for (const [slot, value] of Object.entries(expected.storage ?? {})) {
      const found = account?.storage.get(hexText(bytesOf(slot, 32))) ?? 0n;
      if (found !== BigInt(value)) differences.push(`${address} ${slot}: ${found} for ${BigInt(value)}`);
    }
  }
  return differences;
}
