// One case of Ethereum's chain tests: every block on the state that its parent left, judged by its header's state root, gas
// and receipts. Headers themselves (difficulty, uncles, total difficulty) are not judged.
import { RLP } from '@ethereumjs/rlp';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { EvmTransactionOutput } from '../../src/core/evm-decode.ts';
import type { EvmBlockInput, EvmForkName, EvmTransactionInput } from '../../src/core/evm-encode.ts';
import type { EvmHost } from '../support/evm-host.ts';
import { type TrieEntry, trieRoot } from '../support/trie-root.ts';
import {
  type Account,
  fakeExponential,
  forks,
  from,
  hexBytes,
  hexText,
  type JsonAccount,
  type JsonAuthorization,
  number,
  PreState,
  padded,
} from './state-case.ts';

type Header = Record<string, string>;

interface JsonTransaction {
  type?: string;
  sender?: string;
  to: string;
  nonce: string;
  gasLimit: string;
  value: string;
  data: string;
  gasPrice?: string;
  maxFeePerGas?: string;
  maxPriorityFeePerGas?: string;
  maxFeePerBlobGas?: string;
  accessList?: { address: string; storageKeys: string[] }[];
  blobVersionedHashes?: string[];
  authorizationList?: JsonAuthorization[];
}

interface JsonBlock {
  blockHeader?: Header;
  transactions?: JsonTransaction[];
  uncleHeaders?: Header[];
  withdrawals?: { address: string; amount: string }[];
  expectException?: string;
  expectExceptionALL?: string;
  rlp_decoded?: JsonBlock;
}

export interface JsonChain {
  network: string;
  genesisBlockHeader: Header;
  pre: Record<string, JsonAccount>;
  blocks: JsonBlock[];
  config?: { chainid?: string; blobSchedule?: Record<string, { max: string; baseFeeUpdateFraction: string }> };
}

export interface ChainVerdict {
  outcome: 'passed' | 'failed' | 'skipped';
  reason?: string;
}

const systemAddress = hexBytes('0xfffffffffffffffffffffffffffffffffffffffe');
const beaconRoots = '000f3df6d732807ef1319fb7b8bb8522d0beac02';
const history = '0000f90827f1c53a10cb7a02335b175320002935';
const withdrawalRequests = '00000961ef480eb55e80d19ad83579a64c007002';
const consolidationRequests = '0000bbddc7ce488642fb579f8b00f3a590007251';
const requestSystems = [withdrawalRequests, consolidationRequests];
const ether = 10n ** 18n;

/** Thrown where a block is not valid. */
class Invalid extends Error {}

interface Rules {
  fork: EvmForkName;
  /** Name in the blob schedule. */
  schedule: string;
}

/** The rules in force for a header; undefined for networks that are not understood. */
function rulesOf(network: string, header: Header): Rules | undefined {
  const transition = /^(\w+?)To(\w+?)At(Time|Diff)?([0-9a-fA-F]+)(k?)$/.exec(network);
  let name = network;
  if (transition !== null) {
    const [, before, after, kind, limit, kilo] = transition as unknown as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if (kind === 'Diff' || after === 'Dao') return undefined;
    const reached =
      number(kind === 'Time' ? header.timestamp : header.number) >= BigInt(limit) * (kilo === 'k' ? 1000n : 1n);
    name = reached ? after : before;
  }
  const fork = /^BPO\d$/.test(name) ? 'osaka' : forks[name];
  return fork === undefined ? undefined : { fork, schedule: name };
}

interface Node {
  state: PreState;
  header: Header;
  parent: string | undefined;
}

/** Runs all blocks of a case. */
export function runChain(host: EvmHost, chain: JsonChain): ChainVerdict {
  const nodes = new Map<string, Node>();
  const genesis = chain.genesisBlockHeader;
  nodes.set(genesis.hash!, { state: PreState.fromJson(chain.pre), header: genesis, parent: undefined });
  let skipped: string | undefined;
  for (const [index, outer] of chain.blocks.entries()) {
    const exception = outer.expectException ?? outer.expectExceptionALL;
    const block = outer.blockHeader === undefined ? (outer.rlp_decoded ?? outer) : outer;
    const header = block.blockHeader;
    if (header === undefined || block.transactions === undefined) {
      skipped = 'a block that cannot be read';
      continue;
    }
    const parent = nodes.get(header.parentHash!);
    const rules = rulesOf(chain.network, header);
    if (rules === undefined) return { outcome: 'skipped', reason: `network ${chain.network}` };
    if (parent === undefined) {
      skipped = 'a block without parent';
      continue;
    }
    let failure: string | undefined;
    try {
      const state = runBlock(host, chain, rules, block, header, nodes, parent);
      if (exception === undefined) nodes.set(header.hash!, { state, header, parent: header.parentHash });
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      failure = error.message;
    }
    if (exception === undefined && failure !== undefined)
      return { outcome: 'failed', reason: `block ${index}: ${failure}` };
    if (exception !== undefined && failure === undefined) {
      // Rules of headers and encodings are not judged here.
      if (isExecutionRule(exception)) return { outcome: 'failed', reason: `block ${index}: not refused: ${exception}` };
      skipped = `header rule ${exception}`;
    }
  }
  return skipped === undefined ? { outcome: 'passed' } : { outcome: 'skipped', reason: skipped };
}

function isExecutionRule(exception: string): boolean {
  return /TransactionException|^TR_|SYSTEM_CONTRACT|INVALID_STATE_ROOT|INVALID_RECEIPTS_ROOT|INVALID_GAS_USED|GAS_USED_OVERFLOW/.test(
    exception,
  );
}

function runBlock(
  host: EvmHost,
  chain: JsonChain,
  rules: Rules,
  block: JsonBlock,
  header: Header,
  nodes: Map<string, Node>,
  parent: Node,
): PreState {
  const { fork } = rules;
  const schedule = chain.config?.blobSchedule?.[rules.schedule];
  const prague = from(fork, 'prague');
  const fraction = schedule ? number(schedule.baseFeeUpdateFraction) : prague ? 5007716n : 3338477n;
  const maxBlobs = schedule ? Number(number(schedule.max)) : prague ? 9 : 6;
  const blockHashes: Uint8Array[] = [];
  for (
    let hash: string | undefined = header.parentHash;
    hash !== undefined && blockHashes.length < 256;
    hash = nodes.get(hash)?.parent
  ) {
    blockHashes.push(hexBytes(hash));
  }
  // A header rule, but the price of an absurd excess cannot even be computed.
  if (number(header.excessBlobGas) > number(parent.header.excessBlobGas) + (1n << 30n))
    throw new Invalid('excess blob gas');
  const { state } = parent;
  const environment: EvmBlockInput = {
    fork,
    number: number(header.number),
    timestamp: number(header.timestamp),
    gasLimit: number(header.gasLimit),
    coinbase: padded(hexBytes(header.coinbase!), 20),
    randao: number(from(fork, 'paris') ? header.mixHash : header.difficulty),
    baseFeePerGas: number(header.baseFeePerGas),
    blobBaseFee: from(fork, 'cancun') ? fakeExponential(1n, number(header.excessBlobGas), fraction) : 0n,
    chainId: number(chain.config?.chainid ?? '0x01'),
    maxBlobs: from(fork, 'osaka') ? Math.min(6, maxBlobs) : maxBlobs,
    blockHashes,
    emptyAccounts: state.emptyAccounts || !from(fork, 'spuriousDragon'),
  };
  const before: EvmTransactionInput[] = [];
  if (from(fork, 'cancun'))
    before.push(systemCall(beaconRoots, padded(hexBytes(header.parentBeaconBlockRoot ?? '0x'), 32)));
  if (prague) before.push(systemCall(history, hexBytes(header.parentHash!)));
  const transactions = block.transactions!.map(transactionOf);
  const after = prague ? requestSystems.map((address) => systemCall(address, new Uint8Array(0))) : [];
  const run = host.run(environment, [...before, ...transactions, ...after], state.base, state.codes);
  if (run.halt !== 0) throw new Error(`halted (${run.halt})`);
  const results = run.results.slice(before.length, before.length + transactions.length);

  let gasUsed = 0n;
  let blobs = 0;
  for (const [index, result] of results.entries()) {
    if (result.status === 'invalid') throw new Invalid(`transaction ${index}: ${result.invalid}`);
    if (transactions[index]!.gasLimit + gasUsed > environment.gasLimit)
      throw new Invalid(`transaction ${index}: no gas left in the block`);
    gasUsed += result.gasUsed;
    blobs += transactions[index]!.blobVersionedHashes?.length ?? 0;
  }
  if (blobs > maxBlobs) throw new Invalid('too many blobs');
  const accounts = state.after(run);
  for (const [index, result] of run.results.slice(before.length + transactions.length).entries()) {
    if (accounts.get(requestSystems[index]!)?.codeHash === undefined) throw new Invalid('a system contract is missing');
    if (result.status !== 'success') throw new Invalid('a system contract failed');
  }
  const minds = !from(fork, 'spuriousDragon');
  const credit = (address: string, amount: bigint) => {
    const key = hexText(padded(hexBytes(address), 20));
    const account: Account = accounts.get(key) ?? {
      nonce: 0n,
      balance: 0n,
      codeHash: undefined,
      storage: new Map(),
      exists: false,
    };
    accounts.set(key, { ...account, balance: account.balance + amount, exists: account.exists || minds });
  };
  for (const { address, amount } of block.withdrawals ?? []) credit(address, number(amount) * 10n ** 9n);
  if (!from(fork, 'paris')) {
    const reward = from(fork, 'constantinople') ? 2n * ether : from(fork, 'byzantium') ? 3n * ether : 5n * ether;
    const uncles = block.uncleHeaders ?? [];
    for (const uncle of uncles) {
      credit(uncle.coinbase!, ((8n + number(uncle.number) - environment.number) * reward) / 8n);
    }
    credit(header.coinbase!, reward + (reward / 32n) * BigInt(uncles.length));
  }

  const codes = new Map(state.codes);
  for (const [address, account] of accounts) {
    const { nonce, balance, codeHash, exists } = account;
    if (nonce === 0n && balance === 0n && codeHash === undefined && !exists) accounts.delete(address);
    else if (codeHash !== undefined && !codes.has(hexText(codeHash))) {
      codes.set(hexText(codeHash), { hash: codeHash, bytes: host.codeOf(codeHash) });
    }
    for (const [slot, value] of account.storage) if (value === 0n) account.storage.delete(slot);
  }
  const next = new PreState(accounts, codes);
  if (gasUsed !== number(header.gasUsed)) throw new Invalid(`gas used ${gasUsed}, header ${number(header.gasUsed)}`);
  if (from(fork, 'byzantium')) {
    const receipts = receiptsRoot(results, transactions);
    if (receipts !== (header.receiptTrie ?? header.receiptsRoot)!.slice(2)) throw new Invalid('receipts root');
  }
  const root = hexText(next.root());
  if (root !== header.stateRoot!.slice(2)) throw new Invalid('state root');
  return next;
}

function systemCall(address: string, data: Uint8Array): EvmTransactionInput {
  const nothing = { nonce: 0n, value: 0n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  return {
    type: 0,
    sender: systemAddress,
    to: hexBytes(address),
    data,
    gasLimit: 30_000_000n,
    system: true,
    ...nothing,
  };
}

function transactionOf(json: JsonTransaction): EvmTransactionInput {
  let type = json.type === undefined ? -1 : Number(number(json.type));
  if (type < 0) {
    type = json.authorizationList ? 4 : json.maxFeePerBlobGas ? 3 : json.maxFeePerGas ? 2 : json.accessList ? 1 : 0;
  }
  const { to, sender } = json;
  if (sender === undefined) throw new Invalid('no sender');
  const fee = number(type >= 2 ? json.maxFeePerGas : json.gasPrice);
  const transaction: EvmTransactionInput = {
    type,
    sender: padded(hexBytes(sender), 20),
    to: to === '' || to === '0x' || to === undefined ? undefined : padded(hexBytes(to), 20),
    nonce: number(json.nonce),
    gasLimit: number(json.gasLimit),
    value: number(json.value),
    data: hexBytes(json.data),
    maxFeePerGas: fee,
    maxPriorityFeePerGas: type >= 2 ? number(json.maxPriorityFeePerGas) : fee,
    maxFeePerBlobGas: number(json.maxFeePerBlobGas),
    blobVersionedHashes: (json.blobVersionedHashes ?? []).map((hash) => padded(hexBytes(hash), 32)),
    accessList: (json.accessList ?? []).map(({ address, storageKeys }) => ({
      address: padded(hexBytes(address), 20),
      storageKeys: storageKeys.map((key) => padded(hexBytes(key), 32)),
    })),
    authorizationList: (json.authorizationList ?? []).map((entry) => ({
      chainId: number(entry.chainId),
      address: padded(hexBytes(entry.address), 20),
      nonce: number(entry.nonce),
      yParity: number(entry.yParity ?? entry.v),
      r: number(entry.r),
      s: number(entry.s),
    })),
  };
  const words = [transaction.value, fee, transaction.maxPriorityFeePerGas, transaction.maxFeePerBlobGas!];
  const nonces = transaction.authorizationList!.map(({ nonce }) => nonce);
  const longs = [transaction.gasLimit, transaction.nonce, ...nonces];
  if (longs.some((value) => value >> 64n !== 0n) || words.some((value) => value >> 256n !== 0n))
    throw new Invalid('unreadable transaction');
  return transaction;
}

function receiptsRoot(results: readonly EvmTransactionOutput[], transactions: readonly EvmTransactionInput[]): string {
  let cumulative = 0n;
  const entries: TrieEntry[] = results.map(({ status, gasUsed, logs }, index) => {
    cumulative += gasUsed;
    const bloom = new Uint8Array(256);
    for (const { address, topics } of logs) {
      for (const item of [address, ...topics]) {
        const hash = keccak_256(item);
        for (const at of [0, 2, 4]) {
          const bit = ((hash[at]! << 8) | hash[at + 1]!) & 2047;
          bloom[255 - (bit >> 3)]! |= 1 << (bit & 7);
        }
      }
    }
    const receipt = RLP.encode([
      status === 'success' ? Uint8Array.of(1) : new Uint8Array(0),
      hexBytes(cumulative.toString(16)),
      bloom,
      logs.map(({ address, topics, data }) => [address, topics, data]),
    ]);
    const { type } = transactions[index]!;
    const value = type === 0 ? receipt : Uint8Array.of(type, ...receipt);
    return [hexText(RLP.encode(index)), value];
  });
  return hexText(trieRoot(entries));
}
