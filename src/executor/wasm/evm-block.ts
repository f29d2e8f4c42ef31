// A block as the core's EVM runs it: one list of transactions and steps of the protocol, in order, and their environment.

import { blobRulesAt } from '../../block/blobs.ts';
import type { BlockInput, TransactionInput } from '../../block/block-input.ts';
import { hasPostStep, isDaoBlock } from '../../block/block-plan.ts';
import { DAO_ACCOUNTS, DAO_REFUND_CONTRACT } from '../../block/dao.ts';
import { type Hardfork, isAtLeast } from '../../block/hardfork.ts';
import { bytesFromHex, type Hex } from '../../block/hex.ts';
import { signatureOf } from '../../block/signature.ts';
import type { EvmBlockInput, EvmForkName, EvmSystemStep, EvmTransactionInput } from '../../core/evm-encode.ts';
import { InvalidTransactionError } from '../../errors.ts';

/** Structured-cloneable. */
export interface EvmPlan {
  readonly environment: EvmBlockInput;
  /** Steps before the transactions, the transactions, steps after them. */
  readonly transactions: readonly EvmTransactionInput[];
  /** Where the block's first transaction is. */
  readonly firstTransaction: number;
  /** Where the first step after the transactions is; their end where there is none. */
  readonly post: number;
  /** Where the calls are whose output are the block's requests after the deposits (EIP-7002, EIP-7251). */
  readonly requests: readonly { readonly at: number; readonly type: number }[];
}

export interface EvmBlockContext {
  readonly chainId: number;
  readonly hardfork: Hardfork;
  readonly block: BlockInput;
  /** By block number; what is missing is asked for when BLOCKHASH needs it. */
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  readonly senders: 'trust' | 'recover';
}

/** EIP-4788, EIP-2935, EIP-7002, EIP-7251. */
const BEACON_ROOTS: Hex = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02';
const BLOCK_HASHES: Hex = '0x0000f90827f1c53a10cb7a02335b175320002935';
const REQUEST_CONTRACTS: readonly { address: Hex; type: number }[] = [
  { address: '0x00000961ef480eb55e80d19ad83579a64c007002', type: 1 },
  { address: '0x0000bbddc7ce488642fb579f8b00f3a590007251', type: 2 },
];
const SYSTEM_ADDRESS: Hex = '0xfffffffffffffffffffffffffffffffffffffffe';
const SYSTEM_GAS = 30_000_000n;
const GWEI = 10n ** 9n;
const ETHER = 10n ** 18n;
const BLOCK_HASH_WINDOW = 256n;
const NO_BYTES = new Uint8Array(0);

/** Rules of execution by fork; forks that changed only difficulty or headers share those before them. */
const RULES: Readonly<Record<Hardfork, EvmForkName>> = {
  chainstart: 'frontier',
  homestead: 'homestead',
  dao: 'homestead',
  tangerineWhistle: 'tangerineWhistle',
  spuriousDragon: 'spuriousDragon',
  byzantium: 'byzantium',
  constantinople: 'constantinople',
  petersburg: 'petersburg',
  istanbul: 'istanbul',
  muirGlacier: 'istanbul',
  berlin: 'berlin',
  london: 'london',
  arrowGlacier: 'london',
  grayGlacier: 'london',
  paris: 'paris',
  mergeNetsplitBlock: 'paris',
  shanghai: 'shanghai',
  cancun: 'cancun',
  prague: 'prague',
  osaka: 'osaka',
  bpo1: 'osaka',
  bpo2: 'osaka',
};

/** EIP-7594. */
const MAX_BLOBS_OF_TRANSACTION = 6;

/** Plans a checked block. @throws InvalidTransactionError for a transaction of another chain */
export function planEvmBlock(context: EvmBlockContext): EvmPlan {
  const { hardfork, block } = context;
  const before = stepsBefore(context);
  const transactions = block.transactions.map((transaction, index) => transactionOf(transaction, index, context));
  const post = before.length + transactions.length;
  const funds = hasPostStep(hardfork, block) ? fundsAfter(context) : [];
  const calls = isAtLeast(hardfork, 'prague') ? REQUEST_CONTRACTS : [];
  return {
    environment: environmentOf(context),
    transactions: [
      ...before,
      ...transactions,
      ...funds,
      ...calls.map(({ address }) => systemCall(address, NO_BYTES, 'required')),
    ],
    firstTransaction: before.length,
    post,
    requests: calls.map(({ type }, i) => ({ at: post + funds.length + i, type })),
  };
}

function environmentOf({ chainId, hardfork, block, blockHashes }: EvmBlockContext): EvmBlockInput {
  const blobs = blobRulesAt(hardfork);
  const number = BigInt(block.number);
  const hashes: Uint8Array[] = [];
  for (let back = 1n; back <= BLOCK_HASH_WINDOW && back <= number; back++) {
    const hash = blockHashes.get(number - back);
    hashes.push(hash === undefined ? new Uint8Array(32) : bytesFromHex(hash));
  }
  const maxBlobs = blobs?.maximum ?? 0;
  return {
    fork: RULES[hardfork],
    number,
    timestamp: BigInt(block.timestamp),
    gasLimit: BigInt(block.gasLimit),
    coinbase: bytesFromHex(block.miner),
    randao: BigInt((isAtLeast(hardfork, 'paris') ? block.mixHash : block.difficulty) ?? '0x0'),
    baseFeePerGas: isAtLeast(hardfork, 'london') ? BigInt(block.baseFeePerGas ?? '0x0') : 0n,
    blobBaseFee: blobs === undefined ? 0n : blobBaseFee(BigInt(block.excessBlobGas ?? '0x0'), blobs.updateFraction),
    chainId: BigInt(chainId),
    maxBlobs: isAtLeast(hardfork, 'osaka') ? Math.min(MAX_BLOBS_OF_TRANSACTION, maxBlobs) : maxBlobs,
    blockHashes: hashes,
    // From then on only where the state is known to hold some.
    emptyAccounts: !isAtLeast(hardfork, 'spuriousDragon'),
  };
}

/** `fake_exponential` of EIP-4844 with factor 1; at most 2^256 - 1, which nobody can pay. */
export function blobBaseFee(excessBlobGas: bigint, updateFraction: bigint): bigint {
  const most = (1n << 256n) - 1n;
  // e^178 > 2^256
  if (excessBlobGas >= 178n * updateFraction) return most;
  let sum = 0n;
  let term = updateFraction;
  for (let i = 1n; term > 0n; i++) {
    sum += term;
    term = (term * excessBlobGas) / (updateFraction * i);
  }
  const fee = sum / updateFraction;
  return fee > most ? most : fee;
}

function stepsBefore({ chainId, hardfork, block }: EvmBlockContext): EvmTransactionInput[] {
  if (isDaoBlock(chainId, hardfork, BigInt(block.number))) {
    return DAO_ACCOUNTS.map((account) => systemStep('sweep', account, DAO_REFUND_CONTRACT, 0n));
  }
  const steps: EvmTransactionInput[] = [];
  if (isAtLeast(hardfork, 'cancun')) {
    steps.push(systemCall(BEACON_ROOTS, bytesFromHex(block.parentBeaconBlockRoot ?? `0x${'00'.repeat(32)}`), true));
  }
  if (isAtLeast(hardfork, 'prague')) steps.push(systemCall(BLOCK_HASHES, bytesFromHex(block.parentHash), true));
  return steps;
}

/** Withdrawals (EIP-4895), or the rewards of proof of work (yellow paper, section 11.3; EIP-649, EIP-1234). */
function fundsAfter({ hardfork, block }: EvmBlockContext): EvmTransactionInput[] {
  const credit = (to: Hex, amount: bigint) => systemStep('credit', SYSTEM_ADDRESS, to, amount);
  if (isAtLeast(hardfork, 'paris')) {
    return (block.withdrawals ?? []).map(({ address, amount }) => credit(address, BigInt(amount) * GWEI));
  }
  const reward = ETHER * (isAtLeast(hardfork, 'constantinople') ? 2n : isAtLeast(hardfork, 'byzantium') ? 3n : 5n);
  const uncles = block.uncleHeaders ?? [];
  const number = BigInt(block.number);
  return [
    ...uncles.map((uncle) => credit(uncle.miner, ((8n + BigInt(uncle.number) - number) * reward) / 8n)),
    credit(block.miner, reward + (reward / 32n) * BigInt(uncles.length)),
  ];
}

function systemCall(to: Hex, data: Uint8Array, step: EvmSystemStep): EvmTransactionInput {
  return { ...systemStep(step, SYSTEM_ADDRESS, to, 0n), data, gasLimit: SYSTEM_GAS };
}

function systemStep(step: EvmSystemStep, from: Hex, to: Hex, value: bigint): EvmTransactionInput {
  return {
    type: 0,
    sender: bytesFromHex(from),
    to: bytesFromHex(to),
    nonce: 0n,
    gasLimit: 0n,
    value,
    data: NO_BYTES,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    system: step,
  };
}

function transactionOf(
  input: TransactionInput,
  index: number,
  { chainId, hardfork, senders }: Pick<EvmBlockContext, 'chainId' | 'hardfork' | 'senders'>,
): EvmTransactionInput {
  const type = Number(input.type ?? '0x0');
  if (type !== 0 && input.chainId !== undefined && BigInt(input.chainId) !== BigInt(chainId)) {
    throw new InvalidTransactionError(index, `made for chain ${BigInt(input.chainId)}, not for ${chainId}`);
  }
  const signature = senders === 'recover' ? signatureOf(input, { chainId: BigInt(chainId), hardfork }) : undefined;
  if (senders === 'recover' && signature === undefined) {
    throw new InvalidTransactionError(index, 'the sender is to be recovered, but there is no signature');
  }
  if (senders === 'trust' && input.from === undefined) {
    throw new InvalidTransactionError(index, 'the sender is to be trusted, but is not given');
  }
  const price = type < 2 ? BigInt(input.gasPrice ?? '0x0') : undefined;
  return {
    type,
    sender: input.from === undefined ? undefined : bytesFromHex(input.from),
    signature,
    to: input.to === undefined ? undefined : bytesFromHex(input.to),
    nonce: BigInt(input.nonce),
    gasLimit: BigInt(input.gas),
    value: BigInt(input.value),
    data: bytesFromHex(input.input),
    maxFeePerGas: price ?? BigInt(input.maxFeePerGas ?? '0x0'),
    maxPriorityFeePerGas: price ?? BigInt(input.maxPriorityFeePerGas ?? '0x0'),
    ...(type === 0 ? {} : { accessList: (input.accessList ?? []).map(accessOf) }),
    ...(type === 3
      ? {
          maxFeePerBlobGas: BigInt(input.maxFeePerBlobGas ?? '0x0'),
          blobVersionedHashes: (input.blobVersionedHashes ?? []).map((hash) => bytesFromHex(hash)),
        }
      : {}),
    ...(type === 4 ? { authorizationList: (input.authorizationList ?? []).map(authorizationOf) } : {}),
  };
}

function accessOf({ address, storageKeys }: NonNullable<TransactionInput['accessList']>[number]) {
  return { address: bytesFromHex(address), storageKeys: storageKeys.map((key) => bytesFromHex(key)) };
}

function authorizationOf(item: NonNullable<TransactionInput['authorizationList']>[number]) {
  return {
    chainId: BigInt(item.chainId),
    address: bytesFromHex(item.address),
    nonce: BigInt(item.nonce),
    yParity: BigInt(item.yParity ?? item.v ?? '0x0'),
    r: BigInt(item.r),
    s: BigInt(item.s),
  };
}
