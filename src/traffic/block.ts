// Builds the traffic block: chooses kinds and conflicts, signs the transactions, and writes the block file.
import { createBlock, genTransactionsTrieRoot, genWithdrawalsTrieRoot } from '@ethereumjs/block';
import { type Common, createCustomCommon, Mainnet } from '@ethereumjs/common';
import { createTx, type TypedTransaction } from '@ethereumjs/tx';
import { bytesToHex, createWithdrawal } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { InputError } from '../base/errors.ts';
import { kinds, Scene, type TrafficKind, type TransactionRequest } from './kinds.ts';
import type { TrafficProduct } from './product.ts';
import { Random } from './random.ts';
import { type AllocAccount, type Hex, type StateLocation, World } from './world.ts';

export interface TrafficOptions {
  /** Number of transactions, 1 to 100,000; 200 if left out. */
  transactions?: number;
  /**
   * Share of the transactions that use what the others use too, 0 to 1; 0.2 if left out. At 0 every transaction has its
   * own sender, recipient, token, pair, pool or collection, and nothing that one writes is read by another, besides the
   * fees; at 1 all meet at one exchange wallet, one token, one pair, one pool and one collection.
   */
  conflictRate?: number;
  /** Equal seeds and options give equal blocks; 1 if left out. */
  seed?: number | string;
  /** Weights of the kinds in relation to each other; what is left out keeps its own weight. */
  mix?: Partial<Record<TrafficKind, number>>;
  hardfork?: 'prague' | 'osaka';
}

/** The result of a block as far as its header tells it. */
export interface BlockOutcome {
  readonly gasUsed: bigint;
  readonly receiptsRoot: Hex;
  readonly logsBloom: Hex;
  /** EIP-7685; that of an empty list if left out. */
  readonly requestsHash?: Hex;
}

/** What a transaction was made to do. */
export interface PlannedTransaction {
  readonly kind: TrafficKind;
  readonly label: string;
  readonly hot: boolean;
  /** The status that its receipt must have. */
  readonly status: 0 | 1;
}

export type JsonTransaction = Record<string, unknown>;

/** The JSON of a block file: a block as `eth_getBlockByNumber` gives it, and the state before it. */
export interface TrafficFile {
  chainId: number;
  hardfork: string;
  block: Record<string, unknown> & { number: Hex; hash: Hex; transactions: JsonTransaction[] };
  blockHashes: Record<string, Hex>;
  pre: Record<Hex, AllocAccount>;
}

export interface Traffic {
  /** The block; its header lacks the outcome until {@link sealTraffic} fills it in. */
  readonly file: TrafficFile;
  readonly plan: readonly PlannedTransaction[];
  /** Names a place in the state for people, where it can. */
  describe(location: StateLocation): string | undefined;
}

const chainId = 31_337;
const blockNumber = 1_000_000n;
/** 30 days after the markets were set up. */
const timestamp = 1_702_592_000n;
const gwei = 10n ** 9n;
const baseFee = 1_200_000_000n;
const smallestGasLimit = 36_000_000n;

const zeroHash: Hex = `0x${'00'.repeat(32)}`;
const emptyTrieRoot: Hex = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421';
const emptyUncles: Hex = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
/** EIP-7685: sha256 of nothing. */
const emptyRequests: Hex = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** Builds the block from a product (virtual:pevm/traffic, or `scripts/traffic.mjs`). `onProgress` gets counts done. */
export async function buildTrafficBlock(
  product: TrafficProduct,
  options: TrafficOptions = {},
  onProgress?: (transactions: number) => void,
): Promise<Traffic> {
  const { transactions: count, conflictRate, seed, mix, hardfork } = checked(options);
  const random = new Random(`pevm traffic ${seed}`);
  const world = new World(product, String(seed));
  const scene = new Scene(world, random);
  const common = createCustomCommon({ chainId }, Mainnet, { hardfork });

  const transactions: JsonTransaction[] = [];
  const signed: TypedTransaction[] = [];
  const plan: PlannedTransaction[] = [];
  let gasLimit = 0n;
  for (const kind of random.shuffled(apportion(count, mix))) {
    const hot = random.chance(conflictRate);
    const request = kinds[kind].make(scene, hot);
    const transaction = sign(request, random, common);
    signed.push(transaction);
    transactions.push(toJson(transaction, request, transactions.length));
    plan.push({ kind, hot, label: request.label, status: request.status });
    gasLimit += request.gasLimit;
    onProgress?.(plan.length);
    // signing takes a millisecond or two: let a page breathe
    if (plan.length % 16 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  placePredeploys(world);

  const withdrawals = Array.from({ length: 4 }, (_, index) => ({
    index: toHex(BigInt(index)),
    validatorIndex: toHex(BigInt(random.below(1_000_000))),
    address: `0x${world.address()}` as Hex,
    amount: toHex(random.between(10_000_000n, 20_000_000n)),
  }));
  const parentHash = digest(`parent of ${seed}`);
  const coinbase = `0x${world.address()}` as const;
  // a builder's account is never new: its fees are credits to an account that exists
  world.fund(coinbase.slice(2), 10n ** 18n, 'fee recipient');
  const file: TrafficFile = {
    chainId,
    hardfork,
    block: {
      number: toHex(blockNumber),
      hash: zeroHash,
      parentHash,
      sha3Uncles: emptyUncles,
      miner: coinbase,
      // the state root of a whole chain that this block is not part of
      stateRoot: zeroHash,
      transactionsRoot: bytesToHex(await genTransactionsTrieRoot(signed)),
      receiptsRoot: emptyTrieRoot,
      logsBloom: `0x${'00'.repeat(256)}`,
      difficulty: '0x0',
      gasLimit: toHex(gasLimit > smallestGasLimit ? gasLimit : smallestGasLimit),
      gasUsed: '0x0',
      timestamp: toHex(timestamp),
      extraData: bytesToHex(new TextEncoder().encode('pevm traffic')),
      mixHash: digest(`randomness of ${seed}`),
      nonce: '0x0000000000000000',
      baseFeePerGas: toHex(baseFee),
      withdrawalsRoot: bytesToHex(await genWithdrawalsTrieRoot(withdrawals.map(createWithdrawal))),
      blobGasUsed: '0x0',
      excessBlobGas: '0x0',
      parentBeaconBlockRoot: digest(`beacon root of ${seed}`),
      requestsHash: emptyRequests,
      uncles: [],
      withdrawals,
      transactions,
    },
    blockHashes: { [String(blockNumber - 1n)]: parentHash },
    pre: world.pre,
  };
  return { file: rehashed(file), plan, describe: (location) => world.describe(location) };
}

/** A copy of the file whose header tells the outcome, as found by a sequential run. */
export function sealTraffic(file: TrafficFile, outcome: BlockOutcome): TrafficFile {
  const { gasUsed, receiptsRoot, logsBloom, requestsHash = emptyRequests } = outcome;
  const sealed = {
    ...file,
    block: { ...file.block, gasUsed: toHex(gasUsed), receiptsRoot, logsBloom, requestsHash },
  };
  return rehashed(sealed);
}

function checked(options: TrafficOptions) {
  const { transactions = 200, conflictRate = 0.2, seed = 1, mix = {}, hardfork = 'osaka' } = options;
  if (!Number.isInteger(transactions) || transactions < 1 || transactions > 100_000) {
    throw new InputError('transactions', `must be an integer from 1 to 100000, not ${transactions}`);
  }
  if (!(conflictRate >= 0 && conflictRate <= 1)) {
    throw new InputError('conflictRate', `must be a number from 0 to 1, not ${conflictRate}`);
  }
  if (hardfork !== 'prague' && hardfork !== 'osaka') {
    throw new InputError('hardfork', `must be prague or osaka, not ${hardfork}`);
  }
  for (const [kind, weight] of Object.entries(mix)) {
    if (!Object.hasOwn(kinds, kind)) {
      throw new InputError(`mix.${kind}`, `there is no such kind; the kinds are ${Object.keys(kinds).join(', ')}`);
    }
    if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new InputError(`mix.${kind}`, `must be a number, 0 or more, not ${weight}`);
    }
  }
  const weights = Object.entries(kinds).map(([kind, row]) => {
    return [kind as TrafficKind, mix[kind as TrafficKind] ?? row.weight] as const;
  });
  if (weights.every(([, weight]) => weight === 0)) throw new InputError('mix', 'all weights are 0');
  return { transactions, conflictRate, seed, mix: weights, hardfork };
}

/** Divides the block among the kinds in proportion to their weights; the largest remainders get what is left over. */
function apportion(count: number, weights: readonly (readonly [TrafficKind, number])[]): TrafficKind[] {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  const shares = weights.map(([kind, weight]) => {
    const exact = (count * weight) / total;
    return { kind, whole: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  let left = count - shares.reduce((sum, { whole }) => sum + whole, 0);
  for (const share of [...shares].sort((one, other) => other.rest - one.rest)) {
    if (left === 0) break;
    share.whole++;
    left--;
  }
  return shares.flatMap(({ kind, whole }) => Array.from({ length: whole }, () => kind));
}

function sign(request: TransactionRequest, random: Random, common: Common): TypedTransaction {
  const { sender, to, value = 0n, data = '', gasLimit, accessList } = request;
  const tip = random.between(gwei / 100n, 2n * gwei);
  const fields = {
    chainId: BigInt(chainId),
    nonce: sender.nonce++,
    to: `0x${to}`,
    value,
    data: `0x${data}`,
    gasLimit,
  } as const;
  const envelope =
    accessList === undefined && random.chance(0.15)
      ? { type: 0, gasPrice: baseFee + tip }
      : {
          type: 2,
          maxFeePerGas: 3n * gwei + tip,
          maxPriorityFeePerGas: tip,
          accessList: (accessList ?? []).map(({ address, slots }) => ({
            address: `0x${address}` as const,
            storageKeys: slots.map((slot) => `0x${slot}` as const),
          })),
        };
  return createTx({ ...fields, ...envelope }, { common }).sign(sender.key);
}

/** The transaction as `eth_getBlockByNumber` shows it. */
function toJson(transaction: TypedTransaction, request: TransactionRequest, index: number): JsonTransaction {
  const { type, chainId: _, nonce, gasLimit, to, value, data, v, r, s, yParity, ...rest } = transaction.toJSON();
  return {
    hash: bytesToHex(transaction.hash()),
    blockNumber: toHex(blockNumber),
    transactionIndex: toHex(BigInt(index)),
    type: toHex(BigInt(transaction.type)),
    from: `0x${request.sender.address}`,
    to,
    nonce,
    value,
    input: data,
    gas: gasLimit,
    chainId: toHex(BigInt(chainId)),
    ...rest,
    v,
    r,
    s,
    ...(yParity !== undefined && { yParity }),
  };
}

/** EIP-4788, EIP-2935, EIP-7002 and EIP-7251 want contracts at these addresses. */
function placePredeploys(world: World): void {
  world.predeploy('000f3df6d732807ef1319fb7b8bb8522d0beac02', 'beaconRoots');
  world.predeploy('0000f90827f1c53a10cb7a02335b175320002935', 'blockHashes');
  world.predeploy('00000961ef480eb55e80d19ad83579a64c007002', 'requestQueue');
  world.predeploy('0000bbddc7ce488642fb579f8b00f3a590007251', 'requestQueue');
}

/** The file with the block hash that follows from the header. */
function rehashed(file: TrafficFile): TrafficFile {
  const common = createCustomCommon({ chainId }, Mainnet, { hardfork: file.hardfork });
  const { miner, sha3Uncles, transactionsRoot, receiptsRoot, transactions, ...same } = file.block;
  const header = {
    ...same,
    coinbase: miner,
    uncleHash: sha3Uncles,
    transactionsTrie: transactionsRoot,
    receiptTrie: receiptsRoot,
  };
  const complete = createBlock({ header } as Parameters<typeof createBlock>[0], { common });
  const hash = bytesToHex(complete.hash());
  const hashed = transactions.map((transaction) => ({ ...transaction, blockHash: hash }));
  return { ...file, block: { ...file.block, hash, transactions: hashed } };
}

function digest(text: string): Hex {
  return bytesToHex(keccak_256(new TextEncoder().encode(`pevm traffic ${text}`)));
}

function toHex(value: bigint): Hex {
  return `0x${value.toString(16)}`;
}
