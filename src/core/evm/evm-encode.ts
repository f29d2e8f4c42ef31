// Ethereum transactions and block environments as the records that the core's EVM reads (layout.ts: EvmTransaction, EvmBlock).
import {
  EvmAccess,
  EvmAuthorization,
  EvmBlock,
  EvmBlockFlag,
  EvmPrecompile,
  EvmRules,
  EvmSignature,
  EvmSignatureFlag,
  EvmTransaction,
  EvmTransactionFlag,
} from '../../../assembly/layout.ts';
import { InputError, MemoryLimitError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import { HARDFORKS, type Hardfork } from '../../chain/hardfork.ts';
import { rulesOf } from '../../chain/rules.ts';
import { encodedRules } from './rules-encode.ts';

/**
 * A transaction of EIP-2718 types 0 to 4 in the shape of JSON-RPC, checked: addresses of 20 bytes, hashes and slots of 32,
 * quantities that fit. What its type does not know is left out.
 */
export interface EvmTransactionFields {
  /** Absent: 0. */
  readonly type?: Hex | undefined;
  /** With a signature: the only sender that the transaction may have; absent: whoever signed it. */
  readonly from?: Hex | undefined;
  /** Absent for a contract creation. */
  readonly to?: Hex | undefined;
  readonly nonce: Hex;
  readonly gas: Hex;
  readonly value: Hex;
  readonly input: Hex;
  /** Types 0 and 1. */
  readonly gasPrice?: Hex | undefined;
  /** From type 2 on. */
  readonly maxFeePerGas?: Hex | undefined;
  readonly maxPriorityFeePerGas?: Hex | undefined;
  readonly maxFeePerBlobGas?: Hex | undefined;
  readonly accessList?: readonly { readonly address: Hex; readonly storageKeys: readonly Hex[] }[] | undefined;
  readonly blobVersionedHashes?: readonly Hex[] | undefined;
  readonly authorizationList?: readonly EvmAuthorizationFields[] | undefined;
  /** Count only with an {@link EvmSignatureForm}. */
  readonly r?: Hex | undefined;
  readonly s?: Hex | undefined;
  /** A step of the protocol's own: no nonce, no fee, no intrinsic gas. */
  readonly system?: EvmSystemStep;
  /** What is not asked of a transaction that only might be one. */
  readonly waived?: EvmWaivers;
}

/** Rules that do not hold for a call from outside. */
export interface EvmWaivers {
  /** The nonce is the sender's, whatever is given. */
  readonly nonce?: boolean;
  /** The sender may have code, and the gas limit knows neither the block's nor that of EIP-7825. */
  readonly limits?: boolean;
  /** Gas costs nothing, whatever the base fee is: only where no fee is given. */
  readonly fee?: boolean;
}

/** A precompiled contract that is not where the fork has it. */
export interface EvmPrecompilePlace {
  readonly address: Hex;
  /** Which one is there; 0: none. */
  readonly number: number;
}

/** An EIP-7702 authorisation. */
export interface EvmAuthorizationFields {
  readonly chainId: Hex;
  readonly address: Hex;
  readonly nonce: Hex;
  readonly yParity?: Hex | undefined;
  /** Some nodes call the parity so. */
  readonly v?: Hex | undefined;
  readonly r: Hex;
  readonly s: Hex;
  /** Who is going to sign: taken for the one who has, whatever the signature is. */
  readonly authority?: Hex | undefined;
}

/**
 * `true`: a call; `required`: a call whose failure, or lack of code, makes the block invalid; `credit`: adds `value` to the
 * balance of `to`; `sweep`: moves all of the sender's balance to `to`.
 */
export type EvmSystemStep = boolean | 'required' | 'credit' | 'sweep';

/**
 * What a transaction's v says about its r and s; src/job/signature.ts reads it. What is signed, the core builds by itself
 * from the transaction's fields and the block's chain id.
 */
export interface EvmSignatureForm {
  /** Parity of the nonce point's y: 0 or 1. Anything else stands for a signature that cannot be right. */
  readonly yParity: number;
  /** Type 0: the signature covers the chain id (EIP-155). */
  readonly protected?: boolean;
}

/** The transactions of a block as the core reads them, and what is known of each before it runs. Structured-cloneable. */
export interface EvmTransactions {
  /** EvmTransaction records at multiples of 8 bytes; they name their parts by distance, so that they can be moved. */
  readonly records: Uint8Array;
  /** Where each record begins; behind the last one, their end. */
  readonly offsets: Uint32Array;
  /** Gas limits as the core takes costs, 32 bits; 0 for steps of the protocol. */
  readonly costs: Uint32Array;
  /** The transaction of the same sender before it, which probably has to run first; -1 for none. */
  readonly previous: Int32Array;
}

/** What may be different for single transactions of a block. */
export type EvmFees = Pick<EvmBlockInput, 'baseFeePerGas' | 'blobBaseFee'>;

/** The environment that all transactions of a block share. */
export interface EvmBlockInput {
  /** Whose rules hold. */
  fork: Hardfork;
  number: bigint;
  timestamp: bigint;
  /** Of the beacon chain (EIP-7843); 0 unless given. */
  slotNumber?: bigint;
  gasLimit: bigint;
  coinbase: Uint8Array;
  /** Difficulty, or prevRandao from Paris on. */
  randao: bigint;
  baseFeePerGas: bigint;
  blobBaseFee: bigint;
  chainId: bigint;
  /** Hashes of the blocks before, nearest first; up to 256. Undefined: not known, and asked for when it is needed. */
  blockHashes: readonly (Hex | undefined)[];
  /** How many of them, nearest first, are of blocks that are not there yet, and zero; none unless given. */
  hashesToCome?: number;
  /** Whether the state may hold empty accounts. */
  emptyAccounts: boolean;
  /** Whether results list the value that moved; no unless given. */
  recordTransfers?: boolean;
  /** Whether results list what of the state was met (EIP-7928); no unless given. */
  recordAccess?: boolean;
  /** The first of an address counts. */
  precompiles?: readonly EvmPrecompilePlace[];
}

/**
 * Encodes transactions straight from their digits.
 * @param signatureOf the form of a transaction's signature, of which the workers recover the sender (a bad one makes the
 *   transaction invalid); undefined: the sender is trusted. Called twice for each
 * @throws InputError naming bytes that are not as many as their place has, or where there is neither a sender nor a signature
 * @throws MemoryLimitError where they take more than `limit` bytes, before anything is written
 */
export function encodeEvmTransactions(
  transactions: readonly EvmTransactionFields[],
  signatureOf: (index: number) => EvmSignatureForm | undefined = trusted,
  limit = MOST,
): EvmTransactions {
  const count = transactions.length;
  const offsets = new Uint32Array(count + 1);
  let size = 0;
  for (let index = 0; index < count; index++) {
    size += sizeOf(transactions[index]!, signatureOf(index) !== undefined);
    if (size > limit) {
      throw new MemoryLimitError(`transactions 0 to ${index} do not fit into ${limit} bytes of memory`);
    }
    offsets[index + 1] = size;
  }
  const encoder = new TransactionEncoder(size);
  const costs = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    const transaction = transactions[index]!;
    const signature = signatureOf(index);
    const { from, gas, system = false } = transaction;
    if (from === undefined && signature === undefined) {
      throw new InputError(`transactions[${index}].from`, 'missing, and there is no signature');
    }
    try {
      encoder.write(offsets[index]!, transaction, signature);
    } catch (error) {
      throw error instanceof InputError ? errorWithin(`transactions[${index}]`, error) : error;
    }
    if (system === false) costs[index] = Math.min(Number(gas), 0xffffffff);
  }
  const senders = transactions.map(({ from, system = false }) => (system === false ? from : undefined));
  return { records: encoder.bytes, offsets, costs, previous: previousOf(senders) };
}

/** Transactions that follow each other in a list that is encoded: those from `first` to before `end`. */
export interface EncodedRange {
  readonly from: EvmTransactions;
  readonly first: number;
  readonly end: number;
}

/**
 * Encoded transactions in another order, with some left out and others between them, without encoding any anew.
 * @param previous of each the one of the same sender before it, -1 for none
 */
export function arrangeEvmTransactions(ranges: readonly EncodedRange[], previous: Int32Array): EvmTransactions {
  let [count, size] = [0, 0];
  for (const { from, first, end } of ranges) {
    count += end - first;
    size += from.offsets[end]! - from.offsets[first]!;
  }
  const offsets = new Uint32Array(count + 1);
  const records = new Uint8Array(size);
  const costs = new Uint32Array(count);
  let [index, at] = [0, 0];
  for (const { from, first, end } of ranges) {
    records.set(from.records.subarray(from.offsets[first]!, from.offsets[end]!), at);
    costs.set(from.costs.subarray(first, end), index);
    for (let next = first; next < end; next++) {
      at += from.offsets[next + 1]! - from.offsets[next]!;
      offsets[++index] = at;
    }
  }
  return { records, offsets, costs, previous };
}

/** For each sender the one before it that is the same, -1 for none. */
export function previousOf(senders: readonly (Hex | undefined)[]): Int32Array {
  const lastOf = new Map<Hex, number>();
  return Int32Array.from(senders, (sender, index) => {
    if (sender === undefined) return -1;
    const last = lastOf.get(sender) ?? -1;
    lastOf.set(sender, index);
    return last;
  });
}

/** What the memory of a core has at most. */
const MOST = 0x7fff_ffff;
const trusted = () => undefined;
const NONE: readonly never[] = [];
/** EIP-7702's. */
const LAST_TYPE = 4;

/** Bytes of a transaction's record, a multiple of 8. */
function sizeOf(transaction: EvmTransactionFields, isSigned: boolean): number {
  const type = typeOf(transaction);
  const size =
    EvmTransaction.SIZE +
    (isSigned ? EvmSignature.SIZE : 0) +
    linesOf(accessListOf(type, transaction)) * EvmAccess.SIZE +
    blobHashesOf(type, transaction).length * 32 +
    authorizationsOf(type, transaction).length * EvmAuthorization.SIZE +
    lengthOf(transaction.input);
  // Not by bits: 2^31 bytes and more have to be refused, not become few.
  return Math.ceil(size / 8) * 8;
}

function typeOf({ type }: EvmTransactionFields): number {
  return type === undefined ? 0 : Number(type);
}

function accessListOf(type: number, { accessList = NONE }: EvmTransactionFields) {
  return type === 0 ? NONE : accessList;
}

function blobHashesOf(type: number, { blobVersionedHashes = NONE }: EvmTransactionFields) {
  return type === 3 ? blobVersionedHashes : NONE;
}

function authorizationsOf(type: number, { authorizationList = NONE }: EvmTransactionFields) {
  return type === 4 ? authorizationList : NONE;
}

function linesOf(accessList: NonNullable<EvmTransactionFields['accessList']>): number {
  let lines = accessList.length;
  // Checked lists are frozen, which makes their iterators slow.
  for (let i = 0; i < accessList.length; i++) lines += accessList[i]!.storageKeys.length;
  return lines;
}

/** Bytes that hex stands for. */
function lengthOf(hex: Hex): number {
  return (hex.length - 2) >>> 1;
}

/** Writes records into a buffer of zeros. */
class TransactionEncoder {
  readonly bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.#words = new Uint32Array(this.bytes.buffer);
  }

  write(at: number, transaction: EvmTransactionFields, signature: EvmSignatureForm | undefined): void {
    const { bytes } = this;
    const { from, to, input, system = false, gasPrice = '0x0' } = transaction;
    const { maxFeePerGas = '0x0', maxPriorityFeePerGas = '0x0', maxFeePerBlobGas } = transaction;
    const type = typeOf(transaction);
    if (!(type <= LAST_TYPE)) throw new InputError('type', `there is no type ${type}`);
    this.#set(at + EvmTransaction.TYPE, type);
    const creation = to === undefined ? EvmTransactionFlag.CREATION : 0;
    this.#set(at + EvmTransaction.FLAGS, creation | systemFlags(system) | waivedFlags(transaction.waived));
    writeQuantity(bytes, at + EvmTransaction.NONCE, 8, transaction.nonce);
    writeQuantity(bytes, at + EvmTransaction.GAS_LIMIT, 8, transaction.gas);
    if (from !== undefined) writeBytes(bytes, at + EvmTransaction.SENDER, 20, from, 'from');
    if (to !== undefined) writeBytes(bytes, at + EvmTransaction.TO, 20, to, 'to');
    writeQuantity(bytes, at + EvmTransaction.VALUE, 32, transaction.value);
    writeQuantity(bytes, at + EvmTransaction.MAX_FEE, 32, type < 2 ? gasPrice : maxFeePerGas);
    writeQuantity(bytes, at + EvmTransaction.MAX_PRIORITY_FEE, 32, type < 2 ? gasPrice : maxPriorityFeePerGas);
    if (type === 3 && maxFeePerBlobGas !== undefined) {
      writeQuantity(bytes, at + EvmTransaction.MAX_BLOB_FEE, 32, maxFeePerBlobGas);
    }
    let end = at + EvmTransaction.SIZE;
    if (signature !== undefined) {
      this.#set(at + EvmTransaction.SIGNATURE, end - at);
      end = this.#signature(end, transaction, signature);
    }
    end = this.#accessList(at, end, accessListOf(type, transaction));
    end = this.#blobHashes(at, end, blobHashesOf(type, transaction));
    end = this.#authorizations(at, end, authorizationsOf(type, transaction));
    this.#set(at + EvmTransaction.DATA, end - at);
    this.#set(at + EvmTransaction.DATA_LENGTH, lengthOf(input));
    writeBytes(bytes, end, lengthOf(input), input, 'input');
  }

  /** Nobody has recovered a sender yet (EvmSender.UNKNOWN is 0). */
  #signature(at: number, { from, r = '0x0', s = '0x0' }: EvmTransactionFields, form: EvmSignatureForm): number {
    const { yParity } = form;
    // What does not fit 256 bits is no signature either.
    const fits = r.length <= WORD_DIGITS && s.length <= WORD_DIGITS && (yParity === 0 || yParity === 1);
    writeBigEndian(this.bytes, at + EvmSignature.R, r);
    writeBigEndian(this.bytes, at + EvmSignature.S, s);
    this.#set(at + EvmSignature.Y_PARITY, fits ? yParity : 2);
    this.#set(
      at + EvmSignature.FLAGS,
      (form.protected === true ? EvmSignatureFlag.PROTECTED : 0) | (from === undefined ? 0 : EvmSignatureFlag.EXPECTED),
    );
    return at + EvmSignature.SIZE;
  }

  #accessList(at: number, start: number, list: NonNullable<EvmTransactionFields['accessList']>): number {
    this.#set(at + EvmTransaction.ACCESS_LIST, start - at);
    this.#set(at + EvmTransaction.ACCESS_COUNT, linesOf(list));
    let line = start;
    for (let i = 0; i < list.length; i++) {
      const { address, storageKeys } = list[i]!;
      writeBytes(this.bytes, line + EvmAccess.ADDRESS, 20, address, 'accessList.address');
      line += EvmAccess.SIZE;
      for (let k = 0; k < storageKeys.length; k++) {
        writeBytes(this.bytes, line + EvmAccess.ADDRESS, 20, address, 'accessList.address');
        this.#set(line + EvmAccess.HAS_SLOT, 1);
        writeBytes(this.bytes, line + EvmAccess.SLOT, 32, storageKeys[k]!, 'accessList.storageKeys');
        line += EvmAccess.SIZE;
      }
    }
    return line;
  }

  #blobHashes(at: number, start: number, hashes: readonly Hex[]): number {
    this.#set(at + EvmTransaction.BLOB_HASHES, start - at);
    this.#set(at + EvmTransaction.BLOB_COUNT, hashes.length);
    let end = start;
    for (const hash of hashes) {
      writeBytes(this.bytes, end, 32, hash, 'blobVersionedHashes');
      end += 32;
    }
    return end;
  }

  #authorizations(at: number, start: number, list: readonly EvmAuthorizationFields[]): number {
    const { bytes } = this;
    this.#set(at + EvmTransaction.AUTHORIZATIONS, start - at);
    this.#set(at + EvmTransaction.AUTHORIZATION_COUNT, list.length);
    let record = start;
    for (const { address, nonce, chainId, r, s, yParity, v, authority } of list) {
      writeBytes(bytes, record + EvmAuthorization.ADDRESS, 20, address, 'authorizationList.address');
      writeQuantity(bytes, record + EvmAuthorization.NONCE, 8, nonce);
      writeQuantity(bytes, record + EvmAuthorization.CHAIN_ID, 32, chainId);
      writeBigEndian(bytes, record + EvmAuthorization.R, r);
      writeBigEndian(bytes, record + EvmAuthorization.S, s);
      this.#set(record + EvmAuthorization.Y_PARITY, Math.min(255, Number(yParity ?? v ?? '0x0')));
      if (authority !== undefined) {
        this.#set(record + EvmAuthorization.Y_PARITY, EvmAuthorization.GIVEN);
        writeBytes(bytes, record + EvmAuthorization.R, 20, authority, 'authorizationList.authority');
      }
      record += EvmAuthorization.SIZE;
    }
    return record;
  }

  #set(at: number, value: number): void {
    this.#words[at >>> 2] = value;
  }
}

function systemFlags(step: EvmSystemStep): number {
  if (step === false) return 0;
  const { SYSTEM, REQUIRED, CREDIT, SWEEP } = EvmTransactionFlag;
  return SYSTEM | (step === 'required' ? REQUIRED : step === 'credit' ? CREDIT : step === 'sweep' ? SWEEP : 0);
}

function waivedFlags({ nonce, limits, fee }: EvmWaivers = {}): number {
  const { ANY_NONCE, UNBOUND, FREE } = EvmTransactionFlag;
  return (nonce === true ? ANY_NONCE : 0) | (limits === true ? UNBOUND : 0) | (fee === true ? FREE : 0);
}

/** Behind the record of a block are its rules, and behind those the hashes. */
const RULES = EvmBlock.SIZE;
const HASHES = RULES + EvmRules.SIZE;

/** Bytes of the record of a block, and of what is behind it. */
export function evmBlockSize({ blockHashes, precompiles = NONE }: EvmBlockInput): number {
  return HASHES + blockHashes.length * 32 + precompiles.length * EvmPrecompile.SIZE;
}

/**
 * Writes the record of a block to `at`; `bytes` is the core's memory.
 * @throws InputError naming the field that does not fit its place
 */
export function writeEvmBlock(bytes: Uint8Array, at: number, block: EvmBlockInput): void {
  const encoded = encodedBlocks.get(block) ?? new Uint8Array(evmBlockSize(block));
  if (!encodedBlocks.has(block)) {
    encodeEvmBlock(encoded, block);
    encodedBlocks.set(block, encoded);
  }
  bytes.set(encoded, at);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, EvmBlock.SIZE);
  for (const part of [EvmBlock.RULES, EvmBlock.HASHES, EvmBlock.PRECOMPILES]) {
    view.setUint32(part, at + view.getUint32(part, true), true);
  }
}

/** Records of environments, whose parts are where they are from the record's beginning on: calls see the same again and again. */
const encodedBlocks = new WeakMap<EvmBlockInput, Uint8Array>();

function encodeEvmBlock(bytes: Uint8Array, block: EvmBlockInput): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, EvmBlock.SIZE);
  const { coinbase, blockHashes } = block;
  if (!HARDFORKS.includes(block.fork)) throw new InputError('block.fork', `there is no fork ${block.fork}`);
  bytes.set(encodedRules(rulesOf(block.fork)), RULES);
  view.setUint32(EvmBlock.RULES, RULES, true);
  const empty = block.emptyAccounts ? EvmBlockFlag.EMPTY_ACCOUNTS : 0;
  const transfers = block.recordTransfers === true ? EvmBlockFlag.RECORD_TRANSFERS : 0;
  const access = block.recordAccess === true ? EvmBlockFlag.RECORD_ACCESS : 0;
  view.setUint32(EvmBlock.FLAGS, empty | transfers | access, true);
  setQuantity(view, EvmBlock.NUMBER, block.number, 'number');
  setQuantity(view, EvmBlock.TIMESTAMP, block.timestamp, 'timestamp');
  setQuantity(view, EvmBlock.SLOT_NUMBER, block.slotNumber ?? 0n, 'slotNumber');
  setQuantity(view, EvmBlock.GAS_LIMIT, block.gasLimit, 'gasLimit');
  if (coinbase.length !== 20) throw new InputError('block.coinbase', `${coinbase.length} bytes for a place of 20`);
  bytes.set(coinbase, EvmBlock.COINBASE);
  setQuantity(view, EvmBlock.RANDAO, block.randao, 'randao', 4);
  setQuantity(view, EvmBlock.BASE_FEE, block.baseFeePerGas, 'baseFeePerGas', 4);
  setQuantity(view, EvmBlock.BLOB_BASE_FEE, block.blobBaseFee, 'blobBaseFee', 4);
  setQuantity(view, EvmBlock.CHAIN_ID, block.chainId, 'chainId', 4);
  if (blockHashes.length > MOST_HASHES) {
    throw new InputError('block.blockHashes', `${blockHashes.length}, at most ${MOST_HASHES} allowed`);
  }
  view.setUint32(EvmBlock.HASHES, HASHES, true);
  view.setUint32(EvmBlock.HASH_COUNT, blockHashes.length, true);
  view.setUint32(EvmBlock.HASHES_TO_COME, block.hashesToCome ?? 0, true);
  blockHashes.forEach((hash, index) => {
    if (hash !== undefined) writeBytes(bytes, HASHES + index * 32, 32, hash, 'block.blockHashes');
  });
  const { precompiles = NONE } = block;
  const places = HASHES + blockHashes.length * 32;
  view.setUint32(EvmBlock.PRECOMPILES, places, true);
  view.setUint32(EvmBlock.PRECOMPILE_COUNT, precompiles.length, true);
  precompiles.forEach(({ address, number }, index) => {
    const place = places + index * EvmPrecompile.SIZE;
    writeBytes(bytes, place + EvmPrecompile.ADDRESS, 20, address, 'block.precompiles');
    bytes[place + EvmPrecompile.NUMBER] = number & 255;
    bytes[place + EvmPrecompile.NUMBER + 1] = number >>> 8;
  });
}

/**
 * Makes the record of a block at `at`, which is a copy of another, say this of fees.
 * @throws InputError naming the field that does not fit its place
 */
export function writeEvmFees(bytes: Uint8Array, at: number, { baseFeePerGas, blobBaseFee }: EvmFees): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, EvmBlock.SIZE);
  setQuantity(view, EvmBlock.BASE_FEE, baseFeePerGas, 'baseFeePerGas', 4);
  setQuantity(view, EvmBlock.BLOB_BASE_FEE, blobBaseFee, 'blobBaseFee', 4);
}

/** That BLOCKHASH sees. */
const MOST_HASHES = 256;

/** Little-endian limbs of 64 bits. */
function setQuantity(view: DataView, at: number, value: bigint, name: string, limbs = 1): void {
  if (value < 0n || value >> BigInt(64 * limbs) !== 0n) {
    throw new InputError(`block.${name}`, `does not fit ${64 * limbs} bits: ${value}`);
  }
  for (let limb = 0; limb < limbs; limb++) view.setBigUint64(at + limb * 8, value >> BigInt(limb * 64), true);
}

/** An error of a part, told of the whole. */
function errorWithin(whole: string, { field, shortMessage }: InputError): InputError {
  return new InputError(`${whole}.${field}`, shortMessage.slice(field.length + 2));
}

/** `0x` and the digits of 256 bits. */
const WORD_DIGITS = 2 + 64;

/** Value of a hex digit by its character code, of either case. */
function digitOf(code: number): number {
  return (code & 15) + 9 * (code >>> 6);
}

/**
 * Bytes as they are written, into a place of `size` bytes.
 * @throws InputError where they are more or fewer: behind the place lies something else
 */
function writeBytes(bytes: Uint8Array, at: number, size: number, hex: Hex, name: string): void {
  if (hex.length !== 2 + size * 2) throw new InputError(name, `${(hex.length - 2) / 2} bytes for a place of ${size}`);
  for (let i = 3, to = at; i < hex.length; i += 2, to++) {
    bytes[to] = (digitOf(hex.charCodeAt(i - 1)) << 4) | digitOf(hex.charCodeAt(i));
  }
}

/** A quantity as `size` bytes, lowest first; mod 2^(8 · size). */
function writeQuantity(bytes: Uint8Array, at: number, size: number, hex: Hex): void {
  writeDigits(bytes, at, size, 1, hex);
}

/** A quantity as 32 bytes, highest first; mod 2^256. */
function writeBigEndian(bytes: Uint8Array, at: number, hex: Hex): void {
  writeDigits(bytes, at + 31, 32, -1, hex);
}

/** The bytes of a quantity from the lowest on: to `at`, `at + step`, … */
function writeDigits(bytes: Uint8Array, at: number, size: number, step: 1 | -1, hex: Hex): void {
  let digit = hex.length - 1;
  let to = at;
  for (let left = size; left > 0 && digit > 1; left--) {
    const high = digit > 2 ? digitOf(hex.charCodeAt(digit - 1)) : 0;
    bytes[to] = (high << 4) | digitOf(hex.charCodeAt(digit));
    to += step;
    digit -= 2;
  }
}
