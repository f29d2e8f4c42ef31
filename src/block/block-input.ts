// What the engine accepts as a block: the JSON shape of `eth_getBlockByNumber(…, true)`, and what libraries make of it, checked field by field.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import {
  address,
  bytes,
  describe,
  hash,
  isMap,
  list,
  type OtherNames,
  optional,
  plainObject,
  quantity,
  type Reader,
  record,
  required,
  type ShapeOf,
} from '../base/reader.ts';
import { HARDFORKS, type Hardfork } from '../chain/hardfork.ts';
import { firstForkWhere, type Rules, rulesOf } from '../chain/rules.ts';
import { type BlockAccessList, readBlockAccessList } from './block-access-list.ts';
import { refuseOtherChains } from './foreign-fields.ts';

/** An account of an access list (EIP-2930), and slots of it. */
export interface AccessListItem {
  address: Hex;
  storageKeys: Hex[];
}

/** A signed authorization (EIP-7702). Numbers are hex quantities. */
export interface AuthorizationInput {
  chainId: Hex;
  /** The code that the account hands itself over to. */
  address: Hex;
  nonce: Hex;
  yParity?: Hex;
  v?: Hex;
  r: Hex;
  s: Hex;
}

/** A transaction in the shape of JSON-RPC. Numbers are hex quantities, amounts in wei. */
export interface TransactionInput {
  hash?: Hex;
  /** Default: what its fields say. */
  type?: Hex;
  chainId?: Hex;
  nonce: Hex;
  /** Needed unless senders are recovered. */
  from?: Hex;
  /** Missing or null: a contract creation. */
  to?: Hex;
  value: Hex;
  /** The gas limit. */
  gas: Hex;
  gasPrice?: Hex;
  maxFeePerGas?: Hex;
  maxPriorityFeePerGas?: Hex;
  maxFeePerBlobGas?: Hex;
  /** The call data, or the code that creates. */
  input: Hex;
  accessList?: AccessListItem[];
  blobVersionedHashes?: Hex[];
  authorizationList?: AuthorizationInput[];
  yParity?: Hex;
  v?: Hex;
  r?: Hex;
  s?: Hex;
}

/** A withdrawal (EIP-4895) in the shape of JSON-RPC. Numbers are hex quantities. */
export interface WithdrawalInput {
  index: Hex;
  validatorIndex: Hex;
  address: Hex;
  /** In Gwei. */
  amount: Hex;
}

/** A block header in the shape of JSON-RPC. Numbers are hex quantities. */
export interface HeaderInput {
  hash?: Hex;
  parentHash: Hex;
  sha3Uncles?: Hex;
  /** The beneficiary of fees and rewards. */
  miner: Hex;
  stateRoot?: Hex;
  transactionsRoot?: Hex;
  receiptsRoot?: Hex;
  logsBloom?: Hex;
  difficulty?: Hex;
  number: Hex;
  gasLimit: Hex;
  gasUsed?: Hex;
  /** Seconds. */
  timestamp: Hex;
  extraData?: Hex;
  /** From the merge on: what PREVRANDAO gives. */
  mixHash?: Hex;
  nonce?: Hex;
  baseFeePerGas?: Hex;
  withdrawalsRoot?: Hex;
  blobGasUsed?: Hex;
  excessBlobGas?: Hex;
  parentBeaconBlockRoot?: Hex;
  requestsHash?: Hex;
  blockAccessListHash?: Hex;
  slotNumber?: Hex;
}

/**
 * A block with full transactions, in the shape of `eth_getBlockByNumber(…, true)`. Header fields that only describe the
 * result (gasUsed, receiptsRoot, logsBloom, requestsHash) are optional: what is given can be verified.
 */
export interface BlockInput extends HeaderInput {
  /** Hashes of the uncles' headers. */
  uncles?: Hex[];
  /** The headers of `uncles`, which JSON-RPC gives apart; without them rewards cannot be paid. */
  uncleHeaders?: HeaderInput[];
  withdrawals?: WithdrawalInput[];
  transactions: TransactionInput[];
  /** EIP-7928, which the block's body does not hold: to be compared with what the block does. */
  blockAccessList?: BlockAccessList;
}

const extraData = bytes(undefined, 1 << 16);

const ACCESS_LIST_ITEM = {
  address: required(address),
  storageKeys: required(list(hash)),
} satisfies ShapeOf<AccessListItem>;
const readAccessListItem = record(ACCESS_LIST_ITEM);

/** An access list: records, or the pairs of address and keys that ethers and RLP have. */
const accessList = list((value, field): AccessListItem => {
  if (!Array.isArray(value) || value.length !== 2) return readAccessListItem(value, field);
  return readAccessListItem({ address: value[0], storageKeys: value[1] }, field);
});

/** Names of viem for types of transactions. */
const TYPE_NAMES: readonly string[] = ['legacy', 'eip2930', 'eip1559', 'eip4844', 'eip7702'];

const transactionType: Reader<Hex> = (value, field) => {
  const named = typeof value === 'string' ? TYPE_NAMES.indexOf(value) : -1;
  if (named >= 0) return `0x${named}`;
  if (typeof value === 'string' && !value.startsWith('0x')) {
    throw new InputError(field, `unknown type ${describe(value)}; there are ${TYPE_NAMES.join(', ')}`);
  }
  return quantity(8)(value, field);
};

/** Some nodes pass the byte strings of the RLP on as they are: no bytes for 0. */
const rlpQuantity =
  (bits: number): Reader<Hex> =>
  (value, field) =>
    value === '0x' ? '0x0' : quantity(bits)(value, field);

const AUTHORIZATION = {
  chainId: required(rlpQuantity(256)),
  address: required(address),
  nonce: required(rlpQuantity(64)),
  yParity: optional(rlpQuantity(8)),
  v: optional(rlpQuantity(256)),
  r: required(rlpQuantity(256)),
  s: required(rlpQuantity(256)),
} satisfies ShapeOf<AuthorizationInput>;

/** An authorization, its signature apart as in ethers too. */
const authorization: Reader<AuthorizationInput> = (value, field) =>
  readAuthorizationShape(withSignature(value, field), field);

const TRANSACTION = {
  hash: optional(hash),
  type: optional(transactionType, 'typeHex'),
  chainId: optional(quantity(256)),
  nonce: required(quantity(64)),
  from: optional(address),
  to: optional(address),
  value: required(quantity(256)),
  gas: required(quantity(64), 'gasLimit'),
  gasPrice: optional(quantity(256)),
  maxFeePerGas: optional(quantity(256)),
  maxPriorityFeePerGas: optional(quantity(256)),
  maxFeePerBlobGas: optional(quantity(256)),
  input: required(bytes(), 'data'),
  accessList: optional(accessList),
  blobVersionedHashes: optional(list(hash)),
  authorizationList: optional(list(authorization)),
  yParity: optional(quantity(8)),
  v: optional(quantity(256)),
  r: optional(quantity(256)),
  s: optional(quantity(256)),
} satisfies ShapeOf<TransactionInput>;

/** Names of other tools that mean a field of what is asked for, signed or not: without it, it would be another transaction. */
export const OTHER_NAMES_OF_REQUEST = {
  to: ['toAddress', 'recipient', 'receiver', 'destination', 'dest', 'target'],
  value: ['amount'],
  input: ['callData', 'payload'],
  blobVersionedHashes: ['blobHashes', 'versionedHashes'],
  authorizationList: ['authorizations', 'authorisations'],
} as const;

const OTHER_NAMES_OF_TRANSACTION: OtherNames<keyof typeof TRANSACTION> = {
  ...OTHER_NAMES_OF_REQUEST,
  hash: ['transactionHash', 'txHash'],
  type: ['txType', 'transactionType'],
  gas: ['startGas'],
};

const HEADER = {
  hash: optional(hash),
  parentHash: required(hash),
  sha3Uncles: optional(hash),
  miner: required(address, 'coinbase', 'feeRecipient'),
  stateRoot: optional(hash),
  transactionsRoot: optional(hash),
  receiptsRoot: optional(hash),
  logsBloom: optional(bytes(256)),
  difficulty: optional(quantity(256)),
  number: required(quantity(64)),
  gasLimit: required(quantity(64)),
  gasUsed: optional(quantity(64)),
  timestamp: required(quantity(64)),
  extraData: optional(extraData),
  mixHash: optional(hash, 'prevRandao'),
  nonce: optional(bytes(8)),
  baseFeePerGas: optional(quantity(256)),
  withdrawalsRoot: optional(hash),
  blobGasUsed: optional(quantity(64)),
  excessBlobGas: optional(quantity(64)),
  parentBeaconBlockRoot: optional(hash),
  requestsHash: optional(hash),
  blockAccessListHash: optional(hash),
  slotNumber: optional(quantity(64)),
} satisfies ShapeOf<HeaderInput>;

const OTHER_NAMES_OF_HEADER: OtherNames<keyof typeof HEADER> = {
  hash: ['blockHash'],
  sha3Uncles: ['uncleHash', 'unclesHash', 'ommersHash'],
  miner: ['author', 'beneficiary'],
  transactionsRoot: ['transactionsTrie', 'txRoot'],
  receiptsRoot: ['receiptTrie', 'receiptsTrie'],
  number: ['blockNumber'],
  mixHash: ['mixDigest', 'random'],
  baseFeePerGas: ['baseFee'],
  parentBeaconBlockRoot: ['parentBeaconRoot'],
  requestsHash: ['requestsRoot'],
};

const WITHDRAWAL = {
  index: required(quantity(64)),
  validatorIndex: required(quantity(64)),
  address: required(address),
  amount: required(quantity(64)),
} satisfies ShapeOf<WithdrawalInput>;

const BLOCK = {
  ...HEADER,
  uncles: optional(list(hash, 2)),
  uncleHeaders: optional(list(record(HEADER, OTHER_NAMES_OF_HEADER), 2)),
  withdrawals: optional(list(record(WITHDRAWAL))),
  transactions: required(list(readTransaction)),
  blockAccessList: optional((value, field) => readBlockAccessList(value, field)),
} satisfies ShapeOf<BlockInput>;

/** A block as viem, ethers or web3 give it: numbers as they are, and their names for fields. */
export interface LibraryBlock {
  readonly transactions: readonly (object | string)[];
}

/**
 * Gas of one transaction that is accepted without being asked for: a transaction with more could fill memory, whose cost
 * grows with the square of its size (this much buys 100 MB), and run for minutes. No chain allows a thousandth of it.
 */
const MAXIMUM_TRANSACTION_GAS = 1n << 34n;

/** What each transaction type needs beyond the common fields. */
const NEEDS_OF_TYPE: readonly (readonly (keyof TransactionInput)[])[] = [
  ['gasPrice'],
  ['gasPrice'],
  ['maxFeePerGas', 'maxPriorityFeePerGas'],
  ['maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas', 'blobVersionedHashes', 'to'],
  ['maxFeePerGas', 'maxPriorityFeePerGas', 'authorizationList', 'to'],
];

/** What only some types have: in others it would be lost. Nodes write empty lists and no fee all the same. */
const HELD_BY_TYPES: readonly { field: keyof TransactionInput; types: readonly number[] }[] = [
  { field: 'accessList', types: [1, 2, 3, 4] },
  { field: 'maxFeePerBlobGas', types: [3] },
  { field: 'blobVersionedHashes', types: [3] },
  { field: 'authorizationList', types: [4] },
];

/** Header fields that execution itself needs, and under which rules. */
const NEEDED: readonly { field: keyof BlockInput; needed: (rules: Rules) => boolean }[] = [
  { field: 'difficulty', needed: ({ hasProofOfStake }) => !hasProofOfStake },
  { field: 'baseFeePerGas', needed: ({ hasBaseFee }) => hasBaseFee },
  { field: 'mixHash', needed: ({ hasProofOfStake }) => hasProofOfStake },
  { field: 'withdrawals', needed: ({ hasWithdrawals }) => hasWithdrawals },
  { field: 'excessBlobGas', needed: ({ maxBlobs }) => maxBlobs > 0 },
  { field: 'parentBeaconBlockRoot', needed: ({ hasBeaconRoot }) => hasBeaconRoot },
  { field: 'slotNumber', needed: ({ hasSlotNumber }) => hasSlotNumber },
];

/** What no block has before its fork. What `verify` compares with the header is compared there. */
const LATER: readonly { field: keyof BlockInput; known: (rules: Rules) => boolean }[] = [
  { field: 'withdrawals', known: ({ hasWithdrawals }) => hasWithdrawals },
  { field: 'slotNumber', known: ({ hasSlotNumber }) => hasSlotNumber },
];

/** Checks a header alone, as it stands in a block of JSON-RPC. @throws InputError naming the field */
export const readHeader: Reader<HeaderInput> = record(HEADER, OTHER_NAMES_OF_HEADER);
const readBlockShape = record(BLOCK, {
  ...OTHER_NAMES_OF_HEADER,
  uncles: ['ommers'],
  uncleHeaders: ['ommerHeaders', 'uncleBlocks'],
  transactions: ['txs'],
});
const readTransactionShape = record(TRANSACTION, OTHER_NAMES_OF_TRANSACTION);
const readAuthorizationShape = record(AUTHORIZATION);

/**
 * Checks a block of unknown origin against the shape, and against what its fork needs. Returns a copy with the known fields
 * only, lower-case hex, minimal quantities; it cannot be changed, and need not be checked again.
 * @param read the transactions, where they are known to be what `readTransaction` returns: those of the block do not count then
 * @throws InputError naming the field, as in `block.transactions[3].gas`
 */
export function readBlock(
  value: unknown,
  hardfork: Hardfork,
  field = 'block',
  { maximumTransactionGas = MAXIMUM_TRANSACTION_GAS }: { maximumTransactionGas?: bigint } = {},
  read?: TransactionInput[],
): BlockInput {
  const known = checkedBlocks.get(value as object);
  if (known?.hardfork === hardfork && known.maximumTransactionGas <= maximumTransactionGas) return value as BlockInput;
  const block: BlockInput = readBlockShape(value, field);
  if (read !== undefined) block.transactions = read;
  const rules = rulesOf(hardfork);
  for (const { field: name, needed } of NEEDED) {
    if (block[name] !== undefined || !needed(rules)) continue;
    const from = firstForkWhere(needed);
    const when = from === HARDFORKS[0] ? `before ${firstForkWhere((later) => !needed(later))}` : `from ${from} on`;
    throw new InputError(`${field}.${name}`, `missing, and needed ${when}`);
  }
  for (const { field: name, known } of LATER) {
    if (block[name] === undefined || known(rules)) continue;
    throw new InputError(`${field}.${name}`, `not known before ${firstForkWhere(known)}; the hardfork is ${hardfork}`);
  }
  if (rules.hasProofOfStake && (block.uncles?.length ?? block.uncleHeaders?.length ?? 0) > 0) {
    const from = firstForkWhere(({ hasProofOfStake }) => hasProofOfStake);
    throw new InputError(`${field}.uncles`, `there are none from ${from} on (EIP-3675); the hardfork is ${hardfork}`);
  }
  if (
    block.uncleHeaders !== undefined &&
    block.uncleHeaders.length !== (block.uncles?.length ?? block.uncleHeaders.length)
  ) {
    throw new InputError(
      `${field}.uncleHeaders`,
      `${block.uncleHeaders.length} headers for ${block.uncles?.length} uncles`,
    );
  }
  if (BigInt(block.gasLimit) >> 63n !== 0n) throw new InputError(`${field}.gasLimit`, 'must be below 2^63');
  block.transactions.forEach((transaction, i) => {
    checkTransaction(transaction, hardfork, `${field}.transactions[${i}]`, { maximumTransactionGas });
  });
  // Those that were read before are frozen, but for a few.
  if (read !== undefined) for (const transaction of read) if (!Object.isFrozen(transaction)) freeze(transaction);
  freeze(block, read);
  checkedBlocks.set(block, { hardfork, maximumTransactionGas });
  return block;
}

/** Checks a transaction against what its fork knows, and the gas that one may have. @throws InputError naming the field */
export function checkTransaction(
  transaction: TransactionInput,
  hardfork: Hardfork,
  field: string,
  { maximumTransactionGas = MAXIMUM_TRANSACTION_GAS }: { maximumTransactionGas?: bigint | undefined } = {},
): void {
  if (BigInt(transaction.gas) > maximumTransactionGas) {
    throw new InputError(`${field}.gas`, `at most ${maximumTransactionGas} allowed`);
  }
  const type = Number(transaction.type ?? '0x0');
  if (type <= rulesOf(hardfork).lastTransactionType) return;
  const from = firstForkWhere(({ lastTransactionType }) => lastTransactionType >= type);
  throw new InputError(`${field}.type`, `type ${type} exists from ${from} on; the hardfork is ${hardfork}`);
}

/** Blocks that were checked before, and how. */
const checkedBlocks = new WeakMap<object, { hardfork: Hardfork; maximumTransactionGas: bigint }>();

/** Freezes a value and all that it holds; what `frozen` holds is frozen already. */
function freeze(value: object, frozen?: object): void {
  for (const item of Object.values(value)) {
    if (item === frozen) Object.freeze(item);
    else if (typeof item === 'object' && item !== null) freeze(item);
  }
  Object.freeze(value);
}

/** A transaction by itself. @throws InputError naming the field */
export function readTransaction(value: unknown, field: string): TransactionInput {
  if (typeof value === 'string') {
    const isHash = /^0x[0-9a-fA-F]{64}$/.test(value);
    throw new InputError(
      field,
      `expected a transaction, got ${isHash ? 'a hash' : describe(value)}; the block is needed with full transactions: eth_getBlockByNumber(…, true), includeTransactions: true in viem, prefetchedTransactions in ethers`,
    );
  }
  const transaction = readTransactionShape(withSignature(value, field), field);
  refuseOtherChains(value as Readonly<Record<string, unknown>>, field);
  const implied = transaction.type ?? impliedType(transaction);
  if (implied !== undefined) transaction.type = implied;
  const type = Number(transaction.type ?? '0x0');
  // Of no chain: ethers says so of what was signed without EIP-155.
  if (type === 0 && transaction.chainId === '0x0') delete transaction.chainId;
  const needs = NEEDS_OF_TYPE[type];
  if (needs === undefined) throw new InputError(`${field}.type`, `unknown transaction type ${type}`);
  for (const name of needs) {
    if (transaction[name] === undefined)
      throw new InputError(`${field}.${name}`, `missing, and needed by type ${type}`);
  }
  checkHeld(transaction, type, field);
  const signature = [transaction.v ?? transaction.yParity, transaction.r, transaction.s];
  const given = signature.filter((part) => part !== undefined).length;
  if (given !== 0 && given !== 3) throw new InputError(`${field}.v`, 'a signature needs v (or yParity), r and s');
  if (given === 0 && transaction.from === undefined) {
    throw new InputError(`${field}.from`, 'missing, and there is no signature to recover it from');
  }
  return transaction;
}

/** @throws InputError naming what the type has no place for */
function checkHeld(transaction: TransactionInput, type: number, field: string): void {
  for (const { field: name, types } of HELD_BY_TYPES) {
    const given = transaction[name];
    const isNothing = given === undefined || (Array.isArray(given) ? given.length === 0 : given === '0x0');
    if (isNothing || types.includes(type)) continue;
    throw new InputError(`${field}.${name}`, `a transaction of type ${type} has none; type ${types[0]} does`);
  }
  if (type >= 2) return;
  // Some nodes give the price of such a transaction under the names of EIP-1559 too.
  for (const name of ['maxFeePerGas', 'maxPriorityFeePerGas'] as const) {
    const given = transaction[name] ?? '0x0';
    if (given === '0x0' || BigInt(given) <= BigInt(transaction.gasPrice ?? '0x0')) continue;
    throw new InputError(`${field}.${name}`, `a transaction of type ${type} has none, and pays its gasPrice`);
  }
}

/** Which type a transaction without one has: what only later types have would be lost in an older one. */
function impliedType(transaction: TransactionInput): Hex | undefined {
  if (transaction.authorizationList !== undefined) return '0x4';
  if (transaction.blobVersionedHashes !== undefined) return '0x3';
  if (transaction.maxFeePerGas !== undefined) return '0x2';
  return transaction.accessList === undefined ? undefined : '0x1';
}

/** What has its signature apart, as `signature` of ethers, with the parts of it among the others. */
function withSignature(value: unknown, field: string): unknown {
  const source = plainObject(value, field);
  const { signature } = source;
  if (typeof signature !== 'object' || signature === null || (source.r !== undefined && source.r !== null))
    return value;
  const { r, s, yParity, v, networkV } = signature as Record<string, unknown>;
  const given = Object.fromEntries(Object.keys(source).map((name) => [name, source[name]]));
  return { ...given, r, s, yParity, v: networkV ?? v };
}

/** Reads `blockHashes`: block number (decimal or hex quantity) to hash. */
export const readBlockHashes: Reader<Map<bigint, Hex>> = (value, field) => {
  const hashes = new Map<bigint, Hex>();
  const entries: Iterable<[unknown, unknown]> = isMap(value)
    ? value.entries()
    : Object.entries(plainObject(value, field));
  for (const [key, item] of entries) {
    const text = String(key);
    if (!/^(0x[0-9a-fA-F]{1,16}|[0-9]{1,20})$/.test(text)) {
      throw new InputError(`${field}[${describe(key)}]`, 'not a block number');
    }
    hashes.set(BigInt(text), hash(item, `${field}.${text}`));
  }
  return hashes;
};
