// The consensus encoding of a block's parts, out of their JSON shape, and the roots that a header has of its lists.

import { RLP } from '@ethereumjs/rlp';
import { type Hex, hexFromBytes, quantityFromNumber } from '../base/hex.ts';
import { keccak256 } from '../base/keccak256.ts';
import type { BlockInput, HeaderInput, TransactionInput, WithdrawalInput } from './block-input.ts';
import {
  ACCESS,
  AUTHORIZATION,
  type FieldKind,
  type FieldTable,
  HEADER,
  LEGACY,
  SHORTEST_HEADER,
  TYPED,
  WITHDRAWAL,
} from './consensus-fields.ts';
import { orderedRoot } from './ordered-root.ts';
import { RlpWriter } from './rlp-writer.ts';

type Encodable = Uint8Array | Encodable[];
type Fields = Readonly<Record<string, unknown>>;
/** Whatever has fields: interfaces say which, and so are no {@link Fields}. */
type Given = object;

/** Fields at the end of a transaction: v or yParity, r and s. */
const SIGNATURE_FIELDS = 3;
/** What of a legacy transaction is signed; for one chain alone, that is said where the signature will be (EIP-155). */
const SIGNED: FieldTable = LEGACY.slice(0, -SIGNATURE_FIELDS);
const SIGNED_FOR_CHAIN: FieldTable = [...SIGNED, ['chainId', 'quantity'], ['r', 'quantity'], ['s', 'quantity']];

/** Checked values, as `readBlock` returns them: lower-case hex, quantities minimal. A list's items come last to first. */
const WRITE: Readonly<Record<FieldKind, (writer: RlpWriter, value: unknown) => void>> = {
  quantity: (writer, value) => writer.quantity(value as Hex),
  bytes: (writer, value) => writer.hex(value as Hex),
  recipient: (writer, value) => writer.hex((value as Hex | undefined) ?? '0x'),
  bytesList: (writer, value) => writeList(writer, value as readonly Hex[], (hash) => writer.hex(hash)),
  accessList: (writer, value) =>
    writeList(writer, (value ?? []) as readonly Fields[], (entry) => writeFields(writer, entry, ACCESS)),
  authorizationList: (writer, value) =>
    writeList(writer, value as readonly Fields[], (entry) => writeFields(writer, signed(entry), AUTHORIZATION)),
};

const writer = new RlpWriter();

function writeList<T>(to: RlpWriter, items: readonly T[], write: (item: T) => void): void {
  const before = to.length;
  for (let at = items.length - 1; at >= 0; at--) write(items[at]!);
  to.list(before);
}

/** `otherwise`: what stands for fields that are missing. */
function writeFields(to: RlpWriter, given: Given, table: FieldTable, otherwise?: Fields): void {
  const fields = given as Fields;
  const before = to.length;
  for (let at = table.length - 1; at >= 0; at--) {
    const [name, kind] = table[at]!;
    WRITE[kind](to, fields[name] ?? otherwise?.[name]);
  }
  to.list(before);
}

/** The bytes of which a transaction's hash is made, and the trie of transactions; `undefined` without a signature. */
export function encodeTransaction(transaction: TransactionInput, chainId: number): Uint8Array | undefined {
  if (!hasSignature(transaction)) return undefined;
  writer.begin();
  writeTransaction(transaction, chainId);
  return writer.written;
}

/** The same of each; the index of the first one that has no signature. The bytes are parts of one array. */
export function encodeTransactions(transactions: readonly TransactionInput[], chainId: number): Uint8Array[] | number {
  const unsigned = transactions.findIndex((transaction) => !hasSignature(transaction));
  if (unsigned !== -1) return unsigned;
  // From each to the end of the last one.
  const lengths = new Uint32Array(transactions.length + 1);
  writer.begin();
  for (let at = transactions.length - 1; at >= 0; at--) {
    writeTransaction(transactions[at]!, chainId);
    lengths[at] = writer.length;
  }
  const all = writer.written;
  return transactions.map((_, at) => all.subarray(all.length - lengths[at]!, all.length - lengths[at + 1]!));
}

function hasSignature({ r, s }: TransactionInput): boolean {
  return r !== undefined && s !== undefined;
}

function writeTransaction(transaction: TransactionInput, chainId: number): void {
  const { type = '0x0', v, yParity } = transaction;
  const table = TYPED[Number(type)];
  if (table === undefined) {
    writeFields(writer, transaction, LEGACY, v === undefined ? { v: yParity } : undefined);
    return;
  }
  const isWhole = transaction.chainId !== undefined && yParity !== undefined;
  const otherwise = isWhole ? undefined : { chainId: quantityFromNumber(chainId), yParity: v };
  writeTyped(transaction, table, type, otherwise);
}

function writeTyped(given: Given, table: FieldTable, type: Hex, otherwise?: Fields): void {
  writeFields(writer, given, table, otherwise);
  writer.byte(Number(type));
}

function typed(given: Given, table: FieldTable, type: Hex): Uint8Array {
  writer.begin();
  writeTyped(given, table, type);
  return writer.written;
}

/** The bytes that a transaction's sender signs the hash of; a legacy one says in v whether it is for one chain alone (EIP-155). */
export function signedBytes(transaction: TransactionInput, chainId: number): Uint8Array {
  const { type = '0x0', v = '0x0' } = transaction;
  const table = TYPED[Number(type)];
  if (table === undefined) {
    writer.begin();
    const isOfOneChain = BigInt(v) >= 35n;
    const of = quantityFromNumber(isOfOneChain ? (BigInt(v) - 35n) / 2n : 0n);
    writeFields(writer, { ...transaction, chainId: of, r: '0x0', s: '0x0' }, isOfOneChain ? SIGNED_FOR_CHAIN : SIGNED);
    return writer.written;
  }
  const named = { chainId: quantityFromNumber(chainId), ...transaction };
  return typed(named, table.slice(0, -SIGNATURE_FIELDS), type);
}

export function encodeWithdrawal(withdrawal: WithdrawalInput): Uint8Array {
  writer.begin();
  writeFields(writer, withdrawal, WITHDRAWAL);
  return writer.written;
}

/** `undefined` where a field is missing that every header has, or one before another that is there. */
export function headerFields(header: HeaderInput): Encodable[] | undefined {
  const given = { ...header } as Fields;
  const length = HEADER.findLastIndex(([name]) => given[name] !== undefined) + 1;
  const table = HEADER.slice(0, Math.max(length, SHORTEST_HEADER));
  return table.some(([name]) => given[name] === undefined) ? undefined : values(given, table);
}

/** The bytes of which a block's hash is made. `undefined` where a field is missing. */
export function encodeHeader(header: HeaderInput): Uint8Array | undefined {
  const fields = headerFields(header);
  return fields === undefined ? undefined : RLP.encode(fields);
}

/** A block as clients exchange and export it. `undefined` where its header or a signature lacks something. */
export function encodeBlock(block: BlockInput, chainId: number): Uint8Array | undefined {
  const header = headerFields(block);
  const uncles = (block.uncleHeaders ?? []).map(headerFields);
  const transactions = block.transactions.map((transaction) => encodeTransaction(transaction, chainId));
  if (header === undefined || uncles.includes(undefined) || transactions.includes(undefined)) return undefined;
  const items = transactions.map((bytes) => (bytes![0]! >= 0xc0 ? (RLP.decode(bytes!) as Encodable) : bytes!));
  const withdrawals = block.withdrawals?.map((withdrawal) => values(withdrawal, WITHDRAWAL));
  return RLP.encode([header, items, uncles as Encodable[], ...(withdrawals === undefined ? [] : [withdrawals])]);
}

export function headerHash(fields: Encodable[]): Hex {
  return hexFromBytes(keccak256(RLP.encode(fields)));
}

/** `uncles`: the fields of their headers. */
export function unclesHash(uncles: Encodable[][]): Hex {
  return hexFromBytes(keccak256(RLP.encode(uncles)));
}

export function withdrawalsRoot(withdrawals: NonNullable<BlockInput['withdrawals']>): Hex {
  return hexFromBytes(orderedRoot(withdrawals.map(encodeWithdrawal)));
}

function values(given: Given, table: FieldTable): Encodable[] {
  writer.begin();
  writeFields(writer, given, table);
  return RLP.decode(writer.written) as Encodable[];
}

/** Nodes give the parity as yParity, as v, or as both. */
function signed(given: Given): Given {
  const { yParity, v } = given as Fields;
  return yParity === undefined ? { ...given, yParity: v } : given;
}
