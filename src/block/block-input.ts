// What the engine accepts as a block: the JSON shape of `eth_getBlockByNumber(…, true)`, checked field by field.

import { InputError } from '../errors.ts';
import { type Hardfork, isAtLeast } from './hardfork.ts';
import type { Hex } from './hex.ts';
import {
  address,
  bytes,
  describe,
  hash,
  isMap,
  list,
  optional,
  plainObject,
  quantity,
  type Read,
  type Reader,
  record,
  required,
} from './reader.ts';

const extraData = bytes(undefined, 1 << 16);

const ACCESS_LIST_ITEM = { address: required(address), storageKeys: required(list(hash)) };

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
};

const TRANSACTION = {
  hash: optional(hash),
  type: optional(quantity(8)),
  chainId: optional(quantity(256)),
  nonce: required(quantity(64)),
  from: optional(address),
  /** Missing or null: a contract creation. */
  to: optional(address),
  value: required(quantity(256)),
  gas: required(quantity(64)),
  gasPrice: optional(quantity(256)),
  maxFeePerGas: optional(quantity(256)),
  maxPriorityFeePerGas: optional(quantity(256)),
  maxFeePerBlobGas: optional(quantity(256)),
  input: required(bytes()),
  accessList: optional(list(record(ACCESS_LIST_ITEM))),
  blobVersionedHashes: optional(list(hash)),
  authorizationList: optional(list(record(AUTHORIZATION))),
  yParity: optional(quantity(8)),
  v: optional(quantity(256)),
  r: optional(quantity(256)),
  s: optional(quantity(256)),
};

const HEADER = {
  hash: optional(hash),
  parentHash: required(hash),
  sha3Uncles: optional(hash),
  miner: required(address),
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
  mixHash: optional(hash),
  nonce: optional(bytes(8)),
  baseFeePerGas: optional(quantity(256)),
  withdrawalsRoot: optional(hash),
  blobGasUsed: optional(quantity(64)),
  excessBlobGas: optional(quantity(64)),
  parentBeaconBlockRoot: optional(hash),
  requestsHash: optional(hash),
};

const WITHDRAWAL = {
  index: required(quantity(64)),
  validatorIndex: required(quantity(64)),
  address: required(address),
  /** In Gwei. */
  amount: required(quantity(64)),
};

const BLOCK = {
  ...HEADER,
  uncles: optional(list(hash, 2)),
  /** The headers of `uncles`, which JSON-RPC gives apart; without them rewards cannot be paid. */
  uncleHeaders: optional(list(record(HEADER), 2)),
  withdrawals: optional(list(record(WITHDRAWAL))),
  transactions: required(list(readTransaction)),
};

/** A block header in the shape of JSON-RPC. Numbers are hex quantities. */
export type HeaderInput = Read<typeof HEADER>;
/** A transaction in the shape of JSON-RPC. */
export type TransactionInput = Read<typeof TRANSACTION>;
/** A withdrawal (EIP-4895) in the shape of JSON-RPC; `amount` is in Gwei. */
export type WithdrawalInput = Read<typeof WITHDRAWAL>;
/**
 * A block with full transactions, in the shape of `eth_getBlockByNumber(…, true)`. Header fields that only describe the
 * result (gasUsed, receiptsRoot, logsBloom, requestsHash) are optional: what is given can be verified.
 */
export type BlockInput = Omit<Read<typeof BLOCK>, 'transactions'> & { transactions: TransactionInput[] };

/**
 * Gas of one transaction that is accepted without being asked for: a transaction with more could fill memory, whose cost
 * grows with the square of its size (this much buys 100 MB), and run for minutes. No chain allows a thousandth of it.
 */
const MAXIMUM_TRANSACTION_GAS = 1n << 34n;

/** What each transaction type needs beyond the common fields, and since which fork it exists. */
const TYPES: readonly { since: Hardfork; needs: readonly (keyof TransactionInput)[] }[] = [
  { since: 'chainstart', needs: ['gasPrice'] },
  { since: 'berlin', needs: ['gasPrice'] },
  { since: 'london', needs: ['maxFeePerGas', 'maxPriorityFeePerGas'] },
  { since: 'cancun', needs: ['maxFeePerGas', 'maxPriorityFeePerGas', 'maxFeePerBlobGas', 'blobVersionedHashes', 'to'] },
  { since: 'prague', needs: ['maxFeePerGas', 'maxPriorityFeePerGas', 'authorizationList', 'to'] },
];

/** Header fields that execution itself needs, and since which fork. */
const NEEDED: readonly { field: keyof BlockInput; since: Hardfork }[] = [
  { field: 'baseFeePerGas', since: 'london' },
  { field: 'mixHash', since: 'paris' },
  { field: 'withdrawals', since: 'shanghai' },
  { field: 'excessBlobGas', since: 'cancun' },
  { field: 'parentBeaconBlockRoot', since: 'cancun' },
];

const readBlockShape = record(BLOCK);
const readTransactionShape = record(TRANSACTION);

/**
 * Checks a block of unknown origin against the shape, and against what its fork needs. Returns a copy with the known fields
 * only, lower-case hex, minimal quantities; it cannot be changed, and need not be checked again.
 * @throws InputError naming the field, as in `block.transactions[3].gas`
 */
export function readBlock(
  value: unknown,
  hardfork: Hardfork,
  field = 'block',
  { maximumTransactionGas = MAXIMUM_TRANSACTION_GAS }: { maximumTransactionGas?: bigint } = {},
): BlockInput {
  const known = checkedBlocks.get(value as object);
  if (known?.hardfork === hardfork && known.maximumTransactionGas <= maximumTransactionGas) return value as BlockInput;
  const block: BlockInput = readBlockShape(value, field);
  for (const { field: name, since } of NEEDED) {
    if (isAtLeast(hardfork, since) && block[name] === undefined) {
      throw new InputError(`${field}.${name}`, `missing, and needed from ${since} on`);
    }
  }
  if (block.withdrawals !== undefined && !isAtLeast(hardfork, 'shanghai')) {
    throw new InputError(`${field}.withdrawals`, `not known before shanghai; the hardfork is ${hardfork}`);
  }
  if (isAtLeast(hardfork, 'paris') && (block.uncles?.length ?? block.uncleHeaders?.length ?? 0) > 0) {
    throw new InputError(`${field}.uncles`, `there are none from paris on (EIP-3675); the hardfork is ${hardfork}`);
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
    if (BigInt(transaction.gas) > maximumTransactionGas) {
      throw new InputError(`${field}.transactions[${i}].gas`, `at most ${maximumTransactionGas} allowed`);
    }
    const type = Number(transaction.type ?? '0x0');
    const since = TYPES[type]?.since ?? 'chainstart';
    if (!isAtLeast(hardfork, since)) {
      throw new InputError(
        `${field}.transactions[${i}].type`,
        `type ${type} exists from ${since} on; the hardfork is ${hardfork}`,
      );
    }
  });
  freeze(block);
  checkedBlocks.set(block, { hardfork, maximumTransactionGas });
  return block;
}

/** Blocks that were checked before, and how. */
const checkedBlocks = new WeakMap<object, { hardfork: Hardfork; maximumTransactionGas: bigint }>();

function freeze(value: object): void {
  for (const item of Object.values(value)) if (typeof item === 'object' && item !== null) freeze(item);
  Object.freeze(value);
}

function readTransaction(value: unknown, field: string): TransactionInput {
  const transaction = readTransactionShape(value, field);
  const type = Number(transaction.type ?? '0x0');
  const rules = TYPES[type];
  if (rules === undefined) throw new InputError(`${field}.type`, `unknown transaction type ${type}`);
  for (const name of rules.needs) {
    if (transaction[name] === undefined)
      throw new InputError(`${field}.${name}`, `missing, and needed by type ${type}`);
  }
  const signature = [transaction.v ?? transaction.yParity, transaction.r, transaction.s];
  const given = signature.filter((part) => part !== undefined).length;
  if (given !== 0 && given !== 3) throw new InputError(`${field}.v`, 'a signature needs v (or yParity), r and s');
  if (given === 0 && transaction.from === undefined) {
    throw new InputError(`${field}.from`, 'missing, and there is no signature to recover it from');
  }
  return transaction;
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
