// What the core's EVM says about a transaction (layout.ts: EvmResult, EvmLog, EvmTransfer), as JavaScript values.
import {
  BLOOM_SIZE,
  EvmHalt,
  EvmInvalid,
  EvmLog,
  EvmMet,
  EvmMetKind,
  EvmResult,
  EvmSender,
  EvmSignature,
  EvmStatus,
  EvmTransaction,
  EvmTransfer,
  EvmTransferKind,
} from '../../../assembly/layout.ts';
import { numberFromBytes } from '../../base/hex.ts';
import type { HaltReason } from '../../chain/halt-reasons.ts';

export interface EvmLogOutput {
  address: Uint8Array;
  topics: Uint8Array[];
  data: Uint8Array;
}

/** Value that moved with a call, a creation or a SELFDESTRUCT. Fees, refunds and withdrawals are not among them. */
export interface EvmTransferOutput {
  from: Uint8Array;
  /** `selfdestruct`: the account itself when the value is burnt. */
  to: Uint8Array;
  /** In wei. */
  value: bigint;
  /** Of the frame that received it, 0 for the outermost; `selfdestruct`: of the frame that ended so. */
  depth: number;
  kind: 'call' | 'creation' | 'selfdestruct';
}

export interface EvmTransactionOutput {
  status: 'success' | 'reverted' | 'halted' | 'invalid';
  /** Why an invalid transaction cannot be part of the block. */
  invalid?: EvmInvalidReason;
  /** Why the outermost frame of a halted transaction stopped. */
  halt?: HaltReason;
  gasUsed: bigint;
  /** Gas that the outermost frame used: without the price of the transaction itself, and before refunds. */
  executionGas: bigint;
  /** Refund counter at the end, before it is bounded. */
  refundCounter: bigint;
  /** What the block's gas grows by: before refunds where state gas is apart (EIP-7778), else `gasUsed`. */
  blockGas: bigint;
  /** What its state gas grows by (EIP-8037). */
  stateGas: bigint;
  /** What of it was given back. */
  gasRefunded: bigint;
  /** What the sender paid per unit of gas. */
  gasPrice: bigint;
  /** Address of the contract that the transaction itself created. */
  created?: Uint8Array;
  returnData: Uint8Array;
  logs: EvmLogOutput[];
  /** Of the logs, 256 bytes; absent where there are none. */
  logsBloom?: Uint8Array;
  /** In the order in which value moved, none of frames that failed; only of blocks that ask for them. */
  transfers?: EvmTransferOutput[];
}

const statuses = new Map<number, EvmTransactionOutput['status']>([
  [EvmStatus.SUCCESS, 'success'],
  [EvmStatus.REVERTED, 'reverted'],
  [EvmStatus.HALTED, 'halted'],
  [EvmStatus.INVALID, 'invalid'],
]);

const reasons = new Map<number, EvmInvalidReason>([
  [EvmInvalid.TYPE_NOT_ACTIVE, 'type not active'],
  [EvmInvalid.NONCE_TOO_LOW, 'nonce too low'],
  [EvmInvalid.NONCE_TOO_HIGH, 'nonce too high'],
  [EvmInvalid.NONCE_AT_MAXIMUM, 'nonce at maximum'],
  [EvmInvalid.INSUFFICIENT_FUNDS, 'insufficient funds'],
  [EvmInvalid.INTRINSIC_GAS, 'intrinsic gas too low'],
  [EvmInvalid.FLOOR_GAS, 'floor gas too low'],
  [EvmInvalid.GAS_ABOVE_BLOCK, 'gas limit above that of the block'],
  [EvmInvalid.GAS_ABOVE_CAP, 'gas limit above the cap'],
  [EvmInvalid.FEE_BELOW_BASE, 'fee below the base fee'],
  [EvmInvalid.PRIORITY_ABOVE_FEE, 'priority fee above the fee'],
  [EvmInvalid.SENDER_NOT_EOA, 'sender is a contract'],
  [EvmInvalid.INIT_CODE_TOO_LARGE, 'init code too large'],
  [EvmInvalid.BLOB_FEE_TOO_LOW, 'blob fee too low'],
  [EvmInvalid.NO_BLOBS, 'no blobs'],
  [EvmInvalid.TOO_MANY_BLOBS, 'too many blobs'],
  [EvmInvalid.BLOB_VERSION, 'unknown blob version'],
  [EvmInvalid.CREATION_NOT_ALLOWED, 'creation not allowed'],
  [EvmInvalid.NO_AUTHORIZATIONS, 'no authorizations'],
  [EvmInvalid.SYSTEM_CONTRACT_MISSING, 'system contract without code'],
  [EvmInvalid.SYSTEM_CONTRACT_FAILED, 'system contract failed'],
  [EvmInvalid.BAD_SIGNATURE, 'bad signature'],
  [EvmInvalid.WRONG_SENDER, 'signed by another sender'],
]);

export type EvmInvalidReason =
  | 'type not active'
  | 'nonce too low'
  | 'nonce too high'
  | 'nonce at maximum'
  | 'insufficient funds'
  | 'intrinsic gas too low'
  | 'floor gas too low'
  | 'gas limit above that of the block'
  | 'gas limit above the cap'
  | 'fee below the base fee'
  | 'priority fee above the fee'
  | 'sender is a contract'
  | 'init code too large'
  | 'blob fee too low'
  | 'no blobs'
  | 'too many blobs'
  | 'unknown blob version'
  | 'creation not allowed'
  | 'no authorizations'
  | 'system contract without code'
  | 'system contract failed'
  | 'bad signature'
  | 'signed by another sender';

const haltTexts: Readonly<Record<number, HaltReason>> = {
  [EvmHalt.OUT_OF_GAS]: 'out of gas',
  [EvmHalt.STACK_UNDERFLOW]: 'stack underflow',
  [EvmHalt.STACK_OVERFLOW]: 'stack overflow',
  [EvmHalt.INVALID_JUMP]: 'invalid jump destination',
  [EvmHalt.INVALID_OPCODE]: 'invalid opcode',
  [EvmHalt.STATIC_WRITE]: 'write in static context',
  [EvmHalt.RETURN_DATA_BOUNDS]: 'return data out of bounds',
  [EvmHalt.ADDRESS_COLLISION]: 'address collision',
  [EvmHalt.CODE_TOO_LARGE]: 'code too large',
  [EvmHalt.CODE_PREFIX]: 'code begins with 0xef',
  [EvmHalt.INIT_CODE_TOO_LARGE]: 'init code too large',
  [EvmHalt.PRECOMPILE_FAILURE]: 'precompile failure',
  [EvmHalt.CALL_DEPTH]: 'call depth',
  [EvmHalt.INSUFFICIENT_BALANCE]: 'insufficient balance',
  [EvmHalt.NONCE_AT_MAXIMUM]: 'nonce at maximum',
};

/** The reason in words; `undefined` for EvmHalt.NONE. */
export function haltText(reason: number): HaltReason | undefined {
  return haltTexts[reason];
}

const transferKinds = new Map<number, EvmTransferOutput['kind']>([
  [EvmTransferKind.CALL, 'call'],
  [EvmTransferKind.CREATION, 'creation'],
  [EvmTransferKind.SELFDESTRUCT, 'selfdestruct'],
]);

/** Decodes the record at `at`; `bytes` is the core's memory. */
export function readEvmResult(bytes: Uint8Array, at: number): EvmTransactionOutput {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const returnLength = view.getUint32(EvmResult.RETURN_LENGTH, true);
  const logs = at + EvmResult.SIZE + returnLength;
  const logsEnd = logs + view.getUint32(EvmResult.LOGS_LENGTH, true);
  const logCount = view.getUint32(EvmResult.LOG_COUNT, true);
  const output: EvmTransactionOutput = {
    status: statuses.get(view.getUint32(EvmResult.STATUS, true))!,
    gasUsed: view.getBigUint64(EvmResult.GAS_USED, true),
    executionGas: view.getBigUint64(EvmResult.EXECUTION_GAS, true),
    refundCounter: view.getBigUint64(EvmResult.REFUND, true),
    blockGas: view.getBigUint64(EvmResult.BLOCK_GAS, true),
    stateGas: view.getBigUint64(EvmResult.STATE_GAS, true),
    gasRefunded: view.getBigUint64(EvmResult.GAS_REFUNDED, true),
    gasPrice: getWord(view, EvmResult.GAS_PRICE),
    returnData: bytes.slice(at + EvmResult.SIZE, at + EvmResult.SIZE + returnLength),
    logs: readLogs(bytes, logs, logCount),
  };
  const bloomEnd = logsEnd + (logCount > 0 ? BLOOM_SIZE : 0);
  if (logCount > 0) output.logsBloom = bytes.slice(logsEnd, bloomEnd);
  const created = bytes.slice(at + EvmResult.CREATED, at + EvmResult.CREATED + 20);
  if (created.some((byte) => byte !== 0)) output.created = created;
  if (output.status === 'invalid') {
    output.invalid = reasons.get(view.getUint32(EvmResult.REASON, true))!;
  }
  if (output.status === 'halted') output.halt = haltText(view.getUint32(EvmResult.REASON, true))!;
  const count = view.getUint32(EvmResult.TRANSFER_COUNT, true);
  if (count > 0) {
    output.transfers = Array.from({ length: count }, (_, index) =>
      readEvmTransfer(bytes, bloomEnd + index * EvmTransfer.SIZE),
    );
  }
  return output;
}

/** What a transaction has met of the state (EIP-7928). */
export type EvmMetOutput = { readonly address: Uint8Array } & (
  | { readonly kind: 'account' }
  | { readonly kind: 'slot-read'; readonly slot: bigint }
  | { readonly kind: 'slot'; readonly slot: bigint; readonly value: bigint }
  /** `credit`: what was added to a balance that nobody read. */
  | { readonly kind: 'balance' | 'credit' | 'nonce'; readonly value: bigint }
  | { readonly kind: 'code'; readonly code: Uint8Array }
);

/** What the transaction of a record (EvmResult) has met; nothing where its block has not asked. */
export function readEvmMet(record: Uint8Array): EvmMetOutput[] {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const logCount = view.getUint32(EvmResult.LOG_COUNT, true);
  const logs = EvmResult.SIZE + view.getUint32(EvmResult.RETURN_LENGTH, true);
  const bloomEnd = logs + view.getUint32(EvmResult.LOGS_LENGTH, true) + (logCount > 0 ? BLOOM_SIZE : 0);
  const start = bloomEnd + view.getUint32(EvmResult.TRANSFER_COUNT, true) * EvmTransfer.SIZE;
  const count = view.getUint32(EvmResult.ACCESS_COUNT, true);
  let codes = start + count * EvmMet.SIZE;
  return Array.from({ length: count }, (_, index): EvmMetOutput => {
    const at = start + index * EvmMet.SIZE;
    const address = record.slice(at + EvmMet.ADDRESS, at + EvmMet.ADDRESS + 20);
    const slot = () => numberFromBytes(record.subarray(at + EvmMet.SLOT, at + EvmMet.SLOT + 32));
    const value = () => getWord(view, at + EvmMet.VALUE);
    switch (view.getUint32(at + EvmMet.KIND, true)) {
      case EvmMetKind.SLOT_READ:
        return { kind: 'slot-read', address, slot: slot() };
      case EvmMetKind.SLOT:
        return { kind: 'slot', address, slot: slot(), value: value() };
      case EvmMetKind.BALANCE:
        return { kind: 'balance', address, value: value() };
      case EvmMetKind.CREDIT:
        return { kind: 'credit', address, value: value() };
      case EvmMetKind.NONCE:
        return { kind: 'nonce', address, value: value() };
      case EvmMetKind.CODE: {
        const from = codes;
        codes += view.getUint32(at + EvmMet.SLOT, true);
        return { kind: 'code', address, code: record.slice(from, codes) };
      }
      default:
        return { kind: 'account', address };
    }
  });
}

/** Decodes the EvmTransfer at `at`. */
export function readEvmTransfer(bytes: Uint8Array, at: number): EvmTransferOutput {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  return {
    from: bytes.slice(at + EvmTransfer.FROM, at + EvmTransfer.FROM + 20),
    to: bytes.slice(at + EvmTransfer.TO, at + EvmTransfer.TO + 20),
    value: getWord(view, EvmTransfer.VALUE),
    depth: view.getUint32(EvmTransfer.DEPTH, true),
    kind: transferKinds.get(view.getUint32(EvmTransfer.KIND, true))!,
  };
}

/**
 * The sender of the transaction whose record (EvmTransaction) is at `at`, 20 bytes; undefined where it is to be recovered
 * and has not been, or cannot be. `bytes` is the core's memory; no worker need have stopped.
 */
export function readEvmSender(bytes: Uint8Array, at: number): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const signature = view.getUint32(EvmTransaction.SIGNATURE, true);
  if (signature === 0) return bytes.slice(at + EvmTransaction.SENDER, at + EvmTransaction.SENDER + 20);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset);
  const sender = Atomics.load(words, (at + signature + EvmSignature.SENDER) >>> 2) >>> 0;
  if (sender === EvmSender.UNKNOWN || sender === EvmSender.NOBODY) return undefined;
  return bytes.slice(sender, sender + 20);
}

/** Why the transaction of a record (EvmResult) did not succeed; `undefined` where it did. */
export function evmErrorOf(record: Uint8Array): string | undefined {
  const view = new DataView(record.buffer, record.byteOffset);
  switch (statuses.get(view.getUint32(EvmResult.STATUS, true))) {
    case 'success':
      return undefined;
    case 'invalid':
      return reasons.get(view.getUint32(EvmResult.REASON, true));
    case 'reverted':
      return 'revert';
    default:
      return haltText(view.getUint32(EvmResult.REASON, true)) ?? 'exceptional halt';
  }
}

/** How many logs a record has. */
export function logCountOf(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(EvmResult.LOG_COUNT, true);
}

/** Whether one of a record's logs is by `address`; without decoding them. */
export function hasLogBy(record: Uint8Array, address: Uint8Array): boolean {
  const view = new DataView(record.buffer, record.byteOffset);
  let at = EvmResult.SIZE + view.getUint32(EvmResult.RETURN_LENGTH, true);
  for (let left = view.getUint32(EvmResult.LOG_COUNT, true); left > 0; left--) {
    if (address.every((byte, i) => record[at + i] === byte)) return true;
    const dataLength = view.getUint32(at + EvmLog.DATA_LENGTH, true);
    at += EvmLog.SIZE + view.getUint32(at + EvmLog.TOPIC_COUNT, true) * 32 + ((dataLength + 7) & ~7);
  }
  return false;
}

function readLogs(bytes: Uint8Array, at: number, count: number): EvmLogOutput[] {
  const logs: EvmLogOutput[] = [];
  for (let index = 0; index < count; index++) {
    const log = readEvmLog(bytes, at);
    logs.push(log);
    at += EvmLog.SIZE + log.topics.length * 32 + ((log.data.length + 7) & ~7);
  }
  return logs;
}

/** Decodes the EvmLog at `at`. */
export function readEvmLog(bytes: Uint8Array, at: number): EvmLogOutput {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const topicCount = view.getUint32(EvmLog.TOPIC_COUNT, true);
  const topics = at + EvmLog.SIZE;
  const data = topics + topicCount * 32;
  return {
    address: bytes.slice(at, at + 20),
    topics: Array.from({ length: topicCount }, (_, topic) =>
      bytes.slice(topics + topic * 32, topics + topic * 32 + 32),
    ),
    data: bytes.slice(data, data + view.getUint32(EvmLog.DATA_LENGTH, true)),
  };
}

/** Four little-endian limbs. */
export function getWord(view: DataView, at: number): bigint {
  let value = 0n;
  for (let limb = 3; limb >= 0; limb--) value = (value << 64n) | view.getBigUint64(at + limb * 8, true);
  return value;
}
