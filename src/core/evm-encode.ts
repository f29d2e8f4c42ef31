// Ethereum transactions and block environments as the records that the core's EVM reads (layout.ts: EvmTransaction, EvmBlock).
import {
  EvmAccess,
  EvmAuthorization,
  EvmBlock,
  EvmBlockFlag,
  EvmFork,
  EvmSender,
  EvmSignature,
  EvmSignatureFlag,
  EvmTransaction,
  EvmTransactionFlag,
} from '../../assembly/layout.ts';
import { InputError } from '../errors.ts';

/** A transaction of EIP-2718 types 0 to 4. Addresses are 20 bytes, hashes and slots 32 bytes. */
export interface EvmTransactionInput {
  type: number;
  /** With a signature: the only sender that the transaction may have; absent: whoever signed it. */
  sender?: Uint8Array | undefined;
  /** Absent: the sender is trusted. Otherwise the workers recover it, and a bad signature makes the transaction invalid. */
  signature?: EvmSignatureInput | undefined;
  /** Absent for a contract creation. */
  to?: Uint8Array | undefined;
  nonce: bigint;
  gasLimit: bigint;
  value: bigint;
  data: Uint8Array;
  /** gasPrice for types 0 and 1. */
  maxFeePerGas: bigint;
  /** gasPrice for types 0 and 1. */
  maxPriorityFeePerGas: bigint;
  accessList?: readonly { address: Uint8Array; storageKeys: readonly Uint8Array[] }[];
  maxFeePerBlobGas?: bigint;
  blobVersionedHashes?: readonly Uint8Array[];
  authorizationList?: readonly EvmAuthorizationInput[];
  /** A step of the protocol's own: no nonce, no fee, no intrinsic gas. */
  system?: EvmSystemStep;
}

/**
 * `true`: a call; `required`: a call whose failure, or lack of code, makes the block invalid; `credit`: adds `value` to the
 * balance of `to`; `sweep`: moves all of the sender's balance to `to`.
 */
export type EvmSystemStep = boolean | 'required' | 'credit' | 'sweep';

/**
 * What a transaction was signed with; `signatureOf` of src/block/signature.ts makes one of a transaction in the shape of
 * JSON-RPC. What is signed, the core builds by itself from the transaction's fields and the block's chain id.
 */
export interface EvmSignatureInput {
  r: bigint;
  s: bigint;
  /** Parity of the nonce point's y: 0 or 1. Anything else stands for a signature that cannot be right. */
  yParity: number;
  /** Type 0: the signature covers the chain id (EIP-155). */
  protected?: boolean;
}

/** An EIP-7702 authorisation. */
export interface EvmAuthorizationInput {
  chainId: bigint;
  address: Uint8Array;
  nonce: bigint;
  yParity: bigint;
  r: bigint;
  s: bigint;
}

/** The environment that all transactions of a block share. */
export interface EvmBlockInput {
  fork: EvmForkName;
  number: bigint;
  timestamp: bigint;
  gasLimit: bigint;
  coinbase: Uint8Array;
  /** Difficulty, or prevRandao from Paris on. */
  randao: bigint;
  baseFeePerGas: bigint;
  blobBaseFee: bigint;
  chainId: bigint;
  /** Most blobs in one transaction. */
  maxBlobs: number;
  /** Hashes of the blocks before, nearest first; up to 256. All zero: not known, and asked for when it is needed. */
  blockHashes: readonly Uint8Array[];
  /** Whether the state may hold empty accounts. */
  emptyAccounts: boolean;
  /** Whether results list the value that moved; no unless given. */
  recordTransfers?: boolean;
}

/** Forks with rules of execution of their own, oldest first. */
export const evmForks = {
  frontier: EvmFork.FRONTIER,
  homestead: EvmFork.HOMESTEAD,
  tangerineWhistle: EvmFork.TANGERINE_WHISTLE,
  spuriousDragon: EvmFork.SPURIOUS_DRAGON,
  byzantium: EvmFork.BYZANTIUM,
  constantinople: EvmFork.CONSTANTINOPLE,
  petersburg: EvmFork.PETERSBURG,
  istanbul: EvmFork.ISTANBUL,
  berlin: EvmFork.BERLIN,
  london: EvmFork.LONDON,
  paris: EvmFork.PARIS,
  shanghai: EvmFork.SHANGHAI,
  cancun: EvmFork.CANCUN,
  prague: EvmFork.PRAGUE,
  osaka: EvmFork.OSAKA,
} as const;

export type EvmForkName = keyof typeof evmForks;

/** Bytes of the record of a transaction. */
export function evmTransactionSize(transaction: EvmTransactionInput): number {
  return (
    EvmTransaction.SIZE +
    (transaction.signature === undefined ? 0 : EvmSignature.SIZE) +
    accessLines(transaction) * EvmAccess.SIZE +
    (transaction.blobVersionedHashes?.length ?? 0) * 32 +
    (transaction.authorizationList?.length ?? 0) * EvmAuthorization.SIZE +
    transaction.data.length
  );
}

function accessLines(transaction: EvmTransactionInput): number {
  return (transaction.accessList ?? []).reduce((lines, entry) => lines + 1 + entry.storageKeys.length, 0);
}

/**
 * Writes the record of a transaction to `at`; `bytes` is the core's memory.
 * @throws InputError where there is neither a sender nor a signature
 */
export function writeEvmTransaction(bytes: Uint8Array, at: number, transaction: EvmTransactionInput): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  bytes.fill(0, at, at + EvmTransaction.SIZE);
  const { to, system = false, data } = transaction;
  const flags = (to === undefined ? EvmTransactionFlag.CREATION : 0) | systemFlags(system);
  view.setUint32(EvmTransaction.TYPE, transaction.type, true);
  view.setUint32(EvmTransaction.FLAGS, flags, true);
  view.setBigUint64(EvmTransaction.NONCE, transaction.nonce, true);
  view.setBigUint64(EvmTransaction.GAS_LIMIT, transaction.gasLimit, true);
  const { sender, signature } = transaction;
  if (sender !== undefined) bytes.set(sender, at + EvmTransaction.SENDER);
  else if (signature === undefined) throw new InputError('transaction.sender', 'missing, and there is no signature');
  if (to !== undefined) bytes.set(to, at + EvmTransaction.TO);
  setWord(view, EvmTransaction.VALUE, transaction.value);
  setWord(view, EvmTransaction.MAX_FEE, transaction.maxFeePerGas);
  setWord(view, EvmTransaction.MAX_PRIORITY_FEE, transaction.maxPriorityFeePerGas);
  setWord(view, EvmTransaction.MAX_BLOB_FEE, transaction.maxFeePerBlobGas ?? 0n);

  let end: number = EvmTransaction.SIZE;
  const list = (offsetField: number, countField: number, count: number, size: number) => {
    view.setUint32(offsetField, end, true);
    view.setUint32(countField, count, true);
    const start = end;
    end += count * size;
    return start;
  };
  const { accessList = [], blobVersionedHashes = [], authorizationList = [] } = transaction;
  if (signature !== undefined) {
    view.setUint32(EvmTransaction.SIGNATURE, end, true);
    writeSignature(view, end, signature, sender !== undefined);
    end += EvmSignature.SIZE;
  }
  let line = list(EvmTransaction.ACCESS_LIST, EvmTransaction.ACCESS_COUNT, accessLines(transaction), EvmAccess.SIZE);
  for (const { address, storageKeys } of accessList) {
    bytes.fill(0, at + line, at + line + EvmAccess.SIZE);
    bytes.set(address, at + line + EvmAccess.ADDRESS);
    line += EvmAccess.SIZE;
    for (const key of storageKeys) {
      bytes.set(address, at + line + EvmAccess.ADDRESS);
      view.setUint32(line + EvmAccess.HAS_SLOT, 1, true);
      bytes.set(key, at + line + EvmAccess.SLOT);
      line += EvmAccess.SIZE;
    }
  }
  const hashes = list(EvmTransaction.BLOB_HASHES, EvmTransaction.BLOB_COUNT, blobVersionedHashes.length, 32);
  blobVersionedHashes.forEach((hash, index) => {
    bytes.set(hash, at + hashes + index * 32);
  });
  const { AUTHORIZATIONS, AUTHORIZATION_COUNT } = EvmTransaction;
  let record = list(AUTHORIZATIONS, AUTHORIZATION_COUNT, authorizationList.length, EvmAuthorization.SIZE);
  for (const authorization of authorizationList) {
    bytes.set(authorization.address, at + record + EvmAuthorization.ADDRESS);
    const parity = authorization.yParity > 255n ? 255 : Number(authorization.yParity);
    view.setUint32(record + EvmAuthorization.Y_PARITY, parity, true);
    view.setBigUint64(record + EvmAuthorization.NONCE, authorization.nonce, true);
    setWord(view, record + EvmAuthorization.CHAIN_ID, authorization.chainId);
    setBytes(view, record + EvmAuthorization.R, authorization.r);
    setBytes(view, record + EvmAuthorization.S, authorization.s);
    record += EvmAuthorization.SIZE;
  }
  bytes.set(data, at + list(EvmTransaction.DATA, EvmTransaction.DATA_LENGTH, data.length, 1));
}

/** Before workers start: nobody has recovered a sender yet. */
function writeSignature(view: DataView, at: number, signature: EvmSignatureInput, expected: boolean): void {
  const { r, s, yParity } = signature;
  const flags =
    (signature.protected === true ? EvmSignatureFlag.PROTECTED : 0) | (expected ? EvmSignatureFlag.EXPECTED : 0);
  // What does not fit 256 bits is no signature either.
  const fits = r >> 256n === 0n && s >> 256n === 0n && (yParity === 0 || yParity === 1);
  setBytes(view, at + EvmSignature.R, r);
  setBytes(view, at + EvmSignature.S, s);
  view.setUint32(at + EvmSignature.Y_PARITY, fits ? yParity : 2, true);
  view.setUint32(at + EvmSignature.FLAGS, flags, true);
  view.setUint32(at + EvmSignature.SENDER, EvmSender.UNKNOWN, true);
}

function systemFlags(step: EvmSystemStep): number {
  if (step === false) return 0;
  const { SYSTEM, REQUIRED, CREDIT, SWEEP } = EvmTransactionFlag;
  return SYSTEM | (step === 'required' ? REQUIRED : step === 'credit' ? CREDIT : step === 'sweep' ? SWEEP : 0);
}

/** Bytes of the record of a block, its hashes behind it. */
export function evmBlockSize(block: EvmBlockInput): number {
  return EvmBlock.SIZE + block.blockHashes.length * 32;
}

/** Writes the record of a block to `at`; `bytes` is the core's memory. */
export function writeEvmBlock(bytes: Uint8Array, at: number, block: EvmBlockInput): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  bytes.fill(0, at, at + EvmBlock.SIZE);
  view.setUint32(EvmBlock.FORK, evmForks[block.fork], true);
  const empty = block.emptyAccounts ? EvmBlockFlag.EMPTY_ACCOUNTS : 0;
  const transfers = block.recordTransfers === true ? EvmBlockFlag.RECORD_TRANSFERS : 0;
  view.setUint32(EvmBlock.FLAGS, empty | transfers, true);
  view.setBigUint64(EvmBlock.NUMBER, block.number, true);
  view.setBigUint64(EvmBlock.TIMESTAMP, block.timestamp, true);
  view.setBigUint64(EvmBlock.GAS_LIMIT, block.gasLimit, true);
  bytes.set(block.coinbase, at + EvmBlock.COINBASE);
  view.setUint32(EvmBlock.MAX_BLOBS, block.maxBlobs, true);
  setWord(view, EvmBlock.RANDAO, block.randao);
  setWord(view, EvmBlock.BASE_FEE, block.baseFeePerGas);
  setWord(view, EvmBlock.BLOB_BASE_FEE, block.blobBaseFee);
  setWord(view, EvmBlock.CHAIN_ID, block.chainId);
  view.setUint32(EvmBlock.HASHES, at + EvmBlock.SIZE, true);
  view.setUint32(EvmBlock.HASH_COUNT, block.blockHashes.length, true);
  block.blockHashes.forEach((hash, index) => {
    bytes.set(hash, at + EvmBlock.SIZE + index * 32);
  });
}

/** Four little-endian limbs. */
function setWord(view: DataView, at: number, value: bigint): void {
  for (let limb = 0; limb < 4; limb++) {
    view.setBigUint64(at + limb * 8, BigInt.asUintN(64, value >> BigInt(limb * 64)), true);
  }
}

/** 32 bytes, big-endian. */
function setBytes(view: DataView, at: number, value: bigint): void {
  for (let limb = 0; limb < 4; limb++) {
    view.setBigUint64(at + 24 - limb * 8, BigInt.asUintN(64, value >> BigInt(limb * 64)), false);
  }
}
