// A block as the core's EVM runs it: one list of transactions and steps of the protocol, in order, and their environment.

import { InvalidTransactionError } from '../base/errors.ts';
import { bytesFromHex, type Hex, quantityFromNumber } from '../base/hex.ts';
import { lazy } from '../base/lazy.ts';
import { blobBaseFee } from '../block/blobs.ts';
import type { BlockInput, TransactionInput } from '../block/block-input.ts';
import { hasPostStep } from '../block/block-plan.ts';
import { chainOf } from '../block/chains.ts';
import type { BlobRules } from '../chain/chain.ts';
import { DAO_ACCOUNT_COUNT, DAO_REFUND_CONTRACT, daoAccounts, isDaoBlock, loadDaoAccounts } from '../chain/dao.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import {
  BEACON_ROOTS,
  BLOCK_HASHES,
  BUILDER_DEPOSIT_REQUESTS,
  BUILDER_EXIT_REQUESTS,
  CONSOLIDATION_REQUESTS,
  WITHDRAWAL_REQUESTS,
} from '../chain/system-contracts.ts';
import {
  arrangeEvmTransactions,
  type EncodedRange,
  type EvmBlockInput,
  type EvmSignatureForm,
  type EvmSystemStep,
  type EvmTransactionFields,
  type EvmTransactions,
  encodeEvmTransactions,
  previousOf,
} from '../core/evm/evm-encode.ts';
import { signatureReader } from './signature.ts';

/** Structured-cloneable. */
export interface EvmPlan {
  readonly environment: EvmBlockInput;
  /** Steps before the transactions, the transactions, steps after them. */
  readonly transactions: EvmTransactions;
  /** Where the block's first transaction is. */
  readonly firstTransaction: number;
  /** Where the first step after the transactions is; their end where there is none. */
  readonly post: number;
  /** Where the calls are whose output are the block's requests after the deposits (EIP-7002, 7251, 8282). */
  readonly requests: readonly { readonly at: number; readonly type: number }[];
  /** Steps are not what they will be once `loadSteps` has loaded them: only the numbers are right, and it cannot run. */
  readonly isDraft?: boolean;
}

export interface EvmBlockContext {
  readonly chainId: number;
  readonly hardfork: Hardfork;
  /** Where the chain has others than the fork. */
  readonly blobs?: BlobRules | undefined;
  readonly block: BlockInput;
  /** By block number; what is missing is asked for when BLOCKHASH needs it. */
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  readonly senders: 'trust' | 'recover';
  /** Whether the protocol rewards blocks of proof of work; default true. */
  readonly blockReward?: boolean;
  /** Of the core, at most; 2 GiB unless given. */
  readonly memoryBytes?: number;
  /** Whether results list what of the state was met (EIP-7928). */
  readonly recordAccess?: boolean;
}

interface RequestContract {
  readonly address: Hex;
  readonly type: number;
  readonly since: 'hasRequests' | 'hasBuilderRequests';
}

const REQUEST_CONTRACTS: readonly RequestContract[] = [
  { address: WITHDRAWAL_REQUESTS, type: 1, since: 'hasRequests' },
  { address: CONSOLIDATION_REQUESTS, type: 2, since: 'hasRequests' },
  { address: BUILDER_DEPOSIT_REQUESTS, type: 3, since: 'hasBuilderRequests' },
  { address: BUILDER_EXIT_REQUESTS, type: 4, since: 'hasBuilderRequests' },
];
const SYSTEM_ADDRESS: Hex = '0xfffffffffffffffffffffffffffffffffffffffe';
/** 30 million. */
const SYSTEM_GAS: Hex = '0x1c9c380';
const GWEI = 10n ** 9n;
const BLOCK_HASH_WINDOW = 256n;

type StepsContext = Pick<EvmBlockContext, 'chainId' | 'hardfork' | 'block' | 'blockReward'>;

/** Loads what only one block's steps take. Whether a plan of this block from before is a draft. */
export async function loadSteps(context: StepsContext): Promise<boolean> {
  const isLacking = lacksSteps(context);
  if (isLacking) await loadDaoAccounts();
  return isLacking;
}

function lacksSteps({ chainId, hardfork, block }: StepsContext): boolean {
  return isDaoBlock(chainId, hardfork, BigInt(block.number)) && daoAccounts() === undefined;
}

/**
 * Plans a checked block: a draft, where its steps are to be loaded.
 * @throws InvalidTransactionError for a transaction of another chain, or without a sender
 * @throws MemoryLimitError for transactions that cannot fit
 */
export function planEvmBlock(context: EvmBlockContext): EvmPlan {
  const { block } = context;
  const { before, funds, requests: calls } = draftSteps(context);
  const post = before.length + block.transactions.length;
  const after = [...funds, ...calls.map(({ step }) => step)];
  const signatures = signaturesOf(context);
  return {
    environment: environmentOf(context),
    transactions: encodeEvmTransactions(
      [...before, ...block.transactions, ...after],
      (at) => signatures[at - before.length],
      context.memoryBytes,
    ),
    firstTransaction: before.length,
    post,
    requests: calls.map(({ type }, i) => ({ at: post + funds.length + i, type })),
    isDraft: lacksSteps(context),
  };
}

/** One of the block's transactions alone, without the steps of the protocol. @throws as planEvmBlock does */
export function planEvmTransaction(context: EvmBlockContext, index: number): EvmPlan {
  const { block, memoryBytes } = context;
  const transactions = block.transactions.slice(index, index + 1);
  const [signature] = signaturesOf({ ...context, block: { ...block, transactions } });
  return {
    environment: environmentOf(context),
    transactions: encodeEvmTransactions(transactions, () => signature, memoryBytes),
    ...{ firstTransaction: 0, post: 1, requests: [] },
  };
}

/** What the protocol itself does in a block: before the transactions, and after them. */
export interface ProtocolSteps {
  readonly before: readonly EvmTransactionFields[];
  readonly funds: readonly EvmTransactionFields[];
  /** Calls whose output are requests of this type; after the funds. */
  readonly requests: readonly { readonly address: Hex; readonly type: number; readonly step: EvmTransactionFields }[];
}

/** Once `loadSteps` has loaded what they take. */
export function stepsOf(context: StepsContext): ProtocolSteps {
  if (lacksSteps(context)) throw new Error("the DAO's accounts were not loaded");
  return draftSteps(context);
}

function draftSteps(context: StepsContext): ProtocolSteps {
  const { hardfork, block } = context;
  const calls = REQUEST_CONTRACTS.filter(({ since }) => rulesOf(hardfork)[since]);
  return {
    before: stepsBefore(context),
    funds: hasPostStep(hardfork, block, context.blockReward) ? fundsAfter(context) : [],
    requests: calls.map(({ address, type }) => ({ address, type, step: systemCall(address, '0x', 'required') })),
  };
}

/** A task of a planned block by its number; a transaction that is not in the block; or what is never executed. */
export type ArrangedTask = number | TransactionInput | 'nothing';

/**
 * A planned block with another list of transactions: of each its place in the block, or what is new, whose sender is trusted
 * unless it has signed.
 * @throws InvalidTransactionError for a new one of another chain
 */
export function editEvmPlan(
  plan: EvmPlan,
  context: EvmBlockContext,
  list: readonly (number | TransactionInput)[],
): EvmPlan {
  const { firstTransaction, post, requests, transactions: before } = plan;
  const tasks: ArrangedTask[] = [];
  for (let task = 0; task < firstTransaction; task++) tasks.push(task);
  for (const entry of list) tasks.push(typeof entry === 'number' ? firstTransaction + entry : entry);
  for (let task = post; task < before.costs.length; task++) tasks.push(task);
  const shift = firstTransaction + list.length - post;
  return {
    environment: plan.environment,
    transactions: arrangeTasks(plan, context, tasks),
    firstTransaction,
    post: post + shift,
    requests: requests.map(({ at, type }) => ({ at: at + shift, type })),
  };
}

/** Some tasks of a planned block in their order, with others between them. @throws as {@link editEvmPlan} does */
export function arrangeTasks(plan: EvmPlan, context: EvmBlockContext, tasks: readonly ArrangedTask[]): EvmTransactions {
  const { chainId, hardfork, block, memoryBytes } = context;
  const { firstTransaction, post, transactions: before } = plan;
  const signatureOf = signatureReader({ chainId: BigInt(chainId), hardfork });
  const added = tasks.filter((task) => typeof task === 'object');
  for (const transaction of added) checkChain(transaction, tasks.indexOf(transaction) - firstTransaction, chainId);
  const made = encodeEvmTransactions(
    added,
    (at) => (context.senders === 'trust' ? undefined : signatureOf(added[at]!)),
    memoryBytes,
  );
  const ranges: EncodedRange[] = [];
  let next = 0;
  for (let at = 0; at < tasks.length; at++) {
    const task = tasks[at]!;
    if (task === 'nothing') ranges.push({ from: nothing(), first: 0, end: 1 });
    else if (typeof task !== 'number') ranges.push({ from: made, first: next, end: ++next });
    else {
      const first = at;
      while (tasks[at + 1] === task + at + 1 - first) at++;
      ranges.push({ from: before, first: task, end: task + at + 1 - first });
    }
  }
  if (added.length === 0) return arrangeEvmTransactions(ranges, previousAmong(before.previous, tasks));
  const senders = tasks.map((task) => {
    if (typeof task === 'object') return task.from;
    const isTransaction = typeof task === 'number' && task >= firstTransaction && task < post;
    return isTransaction ? block.transactions[task - firstTransaction]?.from : undefined;
  });
  return arrangeEvmTransactions(ranges, previousOf(senders));
}

/** Of each task the one of the same sender before it that is left of those before it in the block; -1: none. */
function previousAmong(before: Int32Array, tasks: readonly ArrangedTask[]): Int32Array {
  const places = new Int32Array(before.length).fill(-1);
  return Int32Array.from(tasks, (task, at) => {
    if (typeof task !== 'number') return -1;
    places[task] = at;
    let previous = before[task]!;
    // Who was left out has a place neither.
    while (previous >= 0 && places[previous]! < 0) previous = before[previous]!;
    return previous < 0 ? -1 : places[previous]!;
  });
}

/** A record for what is never executed. */
const nothing = lazy(() => encodeEvmTransactions([systemStep('credit', SYSTEM_ADDRESS, SYSTEM_ADDRESS)]));

/** @throws InvalidTransactionError */
function checkChain(transaction: TransactionInput, index: number, chainId: number): void {
  const made = chainOf(transaction);
  if (made === undefined || made === BigInt(chainId)) return;
  throw new InvalidTransactionError(index, `made for chain ${made}, not for ${chainId}`);
}

/** Hashes that BLOCKHASH may ask for in a block, of those before it; nearest first. */
export function hashesOf(known: ReadonlyMap<bigint, Hex>, number: bigint): (Hex | undefined)[] {
  const hashes: (Hex | undefined)[] = [];
  for (let back = 1n; back <= BLOCK_HASH_WINDOW && back <= number; back++) hashes.push(known.get(number - back));
  return hashes;
}

/** What the transactions of a block share. */
export function environmentOf(context: EvmBlockContext): EvmBlockInput {
  const { chainId, hardfork, blobs, block, blockHashes, recordAccess = false } = context;
  const rules = rulesOf(hardfork);
  const number = BigInt(block.number);
  return {
    fork: hardfork,
    number,
    timestamp: BigInt(block.timestamp),
    ...(rules.hasSlotNumber ? { slotNumber: BigInt(block.slotNumber ?? '0x0') } : {}),
    gasLimit: BigInt(block.gasLimit),
    coinbase: bytesFromHex(block.miner),
    randao: BigInt((rules.hasProofOfStake ? block.mixHash : block.difficulty) ?? '0x0'),
    baseFeePerGas: rules.hasBaseFee ? BigInt(block.baseFeePerGas ?? '0x0') : 0n,
    blobBaseFee: blobBaseFee(hardfork, block.excessBlobGas, blobs),
    chainId: BigInt(chainId),
    blockHashes: hashesOf(blockHashes, number),
    // From then on only where the state is known to hold some.
    emptyAccounts: !rules.clearsEmpty,
    recordAccess,
  };
}

function stepsBefore({ chainId, hardfork, block }: StepsContext): EvmTransactionFields[] {
  if (isDaoBlock(chainId, hardfork, BigInt(block.number))) {
    const accounts = daoAccounts() ?? new Array<Hex>(DAO_ACCOUNT_COUNT).fill(SYSTEM_ADDRESS);
    return accounts.map((account) => systemStep('sweep', account, DAO_REFUND_CONTRACT));
  }
  const steps: EvmTransactionFields[] = [];
  const { hasBeaconRoot, hasBlockHashContract } = rulesOf(hardfork);
  if (hasBeaconRoot) {
    steps.push(systemCall(BEACON_ROOTS, block.parentBeaconBlockRoot ?? `0x${'00'.repeat(32)}`, true));
  }
  if (hasBlockHashContract) steps.push(systemCall(BLOCK_HASHES, block.parentHash, true));
  return steps;
}

/** Withdrawals (EIP-4895), or the rewards of proof of work (yellow paper, section 11.3; EIP-649, EIP-1234). */
function fundsAfter({ hardfork, block }: StepsContext): EvmTransactionFields[] {
  // An uncle that is too old for any block would be rewarded with less than nothing.
  const credit = (to: Hex, amount: bigint) =>
    systemStep('credit', SYSTEM_ADDRESS, to, { value: quantityFromNumber(BigInt.asUintN(256, amount)) });
  const { hasProofOfStake, blockReward: reward } = rulesOf(hardfork);
  if (hasProofOfStake) {
    return (block.withdrawals ?? []).map(({ address, amount }) => credit(address, BigInt(amount) * GWEI));
  }
  const uncles = block.uncleHeaders ?? [];
  const number = BigInt(block.number);
  return [
    ...uncles.map((uncle) => credit(uncle.miner, ((8n + BigInt(uncle.number) - number) * reward) / 8n)),
    credit(block.miner, reward + (reward / 32n) * BigInt(uncles.length)),
  ];
}

function systemCall(to: Hex, input: Hex, step: EvmSystemStep): EvmTransactionFields {
  return systemStep(step, SYSTEM_ADDRESS, to, { input, gas: SYSTEM_GAS });
}

function systemStep(
  system: EvmSystemStep,
  from: Hex,
  to: Hex,
  given: Partial<EvmTransactionFields> = {},
): EvmTransactionFields {
  return { from, to, nonce: '0x0', gas: '0x0', value: '0x0', input: '0x', system, ...given };
}

/** What each transaction of the block was signed with; `undefined` for those whose sender is trusted. */
export function signaturesOf({ chainId, hardfork, senders, block }: EvmBlockContext): (EvmSignatureForm | undefined)[] {
  const read = senders === 'recover' ? signatureReader({ chainId: BigInt(chainId), hardfork }) : undefined;
  const signatures: (EvmSignatureForm | undefined)[] = [];
  // Of a block nearly all say the same of their chain.
  const ids = new Set<Hex>();
  block.transactions.forEach((transaction, index) => {
    const { chainId: id } = transaction;
    if (id === undefined || !ids.has(id)) checkChain(transaction, index, chainId);
    if (id !== undefined) ids.add(id);
    const signature = read?.(transaction);
    if (read !== undefined && signature === undefined) {
      throw new InvalidTransactionError(index, 'the sender is to be recovered, but there is no signature');
    }
    if (read === undefined && transaction.from === undefined) {
      throw new InvalidTransactionError(index, 'the sender is to be trusted, but is not given');
    }
    signatures.push(signature);
  });
  return signatures;
}
