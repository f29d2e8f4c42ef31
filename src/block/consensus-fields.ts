// The fields of headers, transactions and withdrawals in their consensus encoding: in order, and how each is written.

/** A number without leading zeros, bytes as they are, nothing for no recipient, or a list. */
export type FieldKind = 'quantity' | 'bytes' | 'recipient' | 'bytesList' | 'accessList' | 'authorizationList';
export type FieldTable = readonly (readonly [name: string, kind: FieldKind])[];

export const HEADER: FieldTable = [
  ['parentHash', 'bytes'],
  ['sha3Uncles', 'bytes'],
  ['miner', 'bytes'],
  ['stateRoot', 'bytes'],
  ['transactionsRoot', 'bytes'],
  ['receiptsRoot', 'bytes'],
  ['logsBloom', 'bytes'],
  ['difficulty', 'quantity'],
  ['number', 'quantity'],
  ['gasLimit', 'quantity'],
  ['gasUsed', 'quantity'],
  ['timestamp', 'quantity'],
  ['extraData', 'bytes'],
  ['mixHash', 'bytes'],
  ['nonce', 'bytes'],
  ['baseFeePerGas', 'quantity'],
  ['withdrawalsRoot', 'bytes'],
  ['blobGasUsed', 'quantity'],
  ['excessBlobGas', 'quantity'],
  ['parentBeaconBlockRoot', 'bytes'],
  ['requestsHash', 'bytes'],
  ['blockAccessListHash', 'bytes'],
  ['slotNumber', 'quantity'],
];
/** Every header has so many; later forks added the others behind them. */
export const SHORTEST_HEADER = HEADER.findIndex(([name]) => name === 'baseFeePerGas');

const CALL: FieldTable = [
  ['gas', 'quantity'],
  ['to', 'recipient'],
  ['value', 'quantity'],
  ['input', 'bytes'],
];
const SIGNATURE: FieldTable = [
  ['yParity', 'quantity'],
  ['r', 'quantity'],
  ['s', 'quantity'],
];
const FEES: FieldTable = [
  ['maxPriorityFeePerGas', 'quantity'],
  ['maxFeePerGas', 'quantity'],
];
const START: FieldTable = [
  ['chainId', 'quantity'],
  ['nonce', 'quantity'],
];
const ACCESSES: FieldTable = [['accessList', 'accessList']];
const BLOBS: FieldTable = [
  ['maxFeePerBlobGas', 'quantity'],
  ['blobVersionedHashes', 'bytesList'],
];
const AUTHORIZATIONS: FieldTable = [['authorizationList', 'authorizationList']];

export const LEGACY: FieldTable = [
  ['nonce', 'quantity'],
  ['gasPrice', 'quantity'],
  ...CALL,
  ['v', 'quantity'],
  ['r', 'quantity'],
  ['s', 'quantity'],
];

/** The fields of each typed transaction (EIP-2718), by type. */
export const TYPED: readonly (FieldTable | undefined)[] = [
  undefined,
  [...START, ['gasPrice', 'quantity'], ...CALL, ...ACCESSES, ...SIGNATURE],
  [...START, ...FEES, ...CALL, ...ACCESSES, ...SIGNATURE],
  [...START, ...FEES, ...CALL, ...ACCESSES, ...BLOBS, ...SIGNATURE],
  [...START, ...FEES, ...CALL, ...ACCESSES, ...AUTHORIZATIONS, ...SIGNATURE],
];

export const ACCESS: FieldTable = [
  ['address', 'bytes'],
  ['storageKeys', 'bytesList'],
];

export const AUTHORIZATION: FieldTable = [
  ['chainId', 'quantity'],
  ['address', 'bytes'],
  ['nonce', 'quantity'],
  ['yParity', 'quantity'],
  ['r', 'quantity'],
  ['s', 'quantity'],
];

export const WITHDRAWAL: FieldTable = [
  ['index', 'quantity'],
  ['validatorIndex', 'quantity'],
  ['address', 'bytes'],
  ['amount', 'quantity'],
];
