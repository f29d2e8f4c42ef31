// A call's request as callers write it, checked, and as the transaction that the core runs.

import { CallRejectedError, InputError } from '../base/errors.ts';
import { type Hex, quantityFromNumber, ZERO_ADDRESS } from '../base/hex.ts';
import {
  address,
  amount,
  bytes,
  hash,
  list,
  type OtherNames,
  optional,
  plainObject,
  type Read,
  record,
  required,
} from '../base/reader.ts';
import { OTHER_NAMES_OF_REQUEST } from '../block/block-input.ts';
import { type ContradictionKind, contradictionsIn } from '../block/contradictions.ts';
import { refuseOtherChains } from '../block/foreign-fields.ts';
import type { Hardfork } from '../chain/hardfork.ts';
import { rulesOf } from '../chain/rules.ts';
import type { EvmTransactionFields } from '../core/evm/evm-encode.ts';

const readParity = amount(8);
const AUTHORIZATION = {
  chainId: required(amount(256)),
  address: required(address),
  nonce: required(amount(64)),
  yParity: optional(amount(8)),
  r: required(amount(256)),
  s: required(amount(256)),
};

const readSignedShape = record(AUTHORIZATION);

/** viem gives the parity twice: as `yParity`, and as `v`, to which 27 is added. */
function readSigned(value: unknown, field: string): Read<typeof AUTHORIZATION> {
  const { v, ...rest } = plainObject(value, field);
  const { yParity } = rest;
  if (v === undefined || v === null || (yParity !== undefined && yParity !== null)) return readSignedShape(rest, field);
  const parity = readParity(v, `${field}.v`);
  return readSignedShape({ ...rest, yParity: parity >= 27n ? parity - 27n : parity }, field);
}

const REQUEST = {
  from: optional(address),
  to: optional(address),
  gas: optional(amount(64), 'gasLimit'),
  gasPrice: optional(amount(256)),
  maxFeePerGas: optional(amount(256)),
  maxPriorityFeePerGas: optional(amount(256)),
  maxFeePerBlobGas: optional(amount(256)),
  value: optional(amount(256)),
  input: optional(bytes(), 'data'),
  nonce: optional(amount(64)),
  chainId: optional(amount(256)),
  accessList: optional(list(record({ address: required(address), storageKeys: required(list(hash)) }))),
  blobVersionedHashes: optional(list(hash)),
  authorizationList: optional(list(readSigned)),
};

const OTHER_NAMES: OtherNames<keyof typeof REQUEST> = {
  ...OTHER_NAMES_OF_REQUEST,
  from: ['sender', 'fromAddress'],
};

const readShape = record(REQUEST, OTHER_NAMES);

/** Not signed yet. */
const readUnsigned = record({
  authority: required(address),
  address: required(address),
  chainId: optional(amount(256)),
  nonce: optional(amount(64)),
});

const readUnsignedShape = record({ ...REQUEST, authorizationList: optional(list(readAuthorization)) }, OTHER_NAMES);

/** A checked authorization; of one that nobody has signed, the authority is known, and perhaps not the nonce. */
export interface ReadAuthorization extends Omit<Read<typeof AUTHORIZATION>, 'nonce'> {
  readonly nonce: bigint | undefined;
  readonly authority?: Hex;
}

/** A checked request. */
export interface ReadRequest extends Omit<Read<typeof REQUEST>, 'authorizationList'> {
  readonly authorizationList?: readonly ReadAuthorization[] | undefined;
}

/** As geth caps what calls may use. */
export const GAS_CAP = 50_000_000n;

/** @throws InputError naming the field; CallRejectedError for what contradicts itself */
export function readRequest(value: unknown, field: string): ReadRequest {
  const request = readShape(value, field);
  refuseOtherChains(value as Readonly<Record<string, unknown>>, field);
  return checked(request, field);
}

/** The same, whose authorizations may be unsigned. */
export function readUnsignedRequest(value: unknown, field: string): ReadRequest {
  const request = readUnsignedShape(value, field);
  refuseOtherChains(value as Readonly<Record<string, unknown>>, field);
  return checked(request, field);
}

function readAuthorization(value: unknown, field: string): ReadAuthorization {
  const { authority } = plainObject(value, field);
  if (authority === undefined || authority === null) return readSigned(value, field);
  const { chainId = 0n, nonce, ...rest } = readUnsigned(value, field);
  return { ...rest, chainId, nonce, yParity: 0n, r: 0n, s: 0n };
}

/** Which of several is told. */
const ORDER: readonly ContradictionKind[] = [
  'both-fees',
  'tip-above-fee',
  'no-blobs',
  'blobs-without-recipient',
  'no-authorizations',
  'authorizations-without-recipient',
];

function checked(request: ReadRequest, field: string): ReadRequest {
  const found = contradictionsIn(request);
  const kind = found.size === 0 ? undefined : ORDER.find((each) => found.has(each));
  if (kind === undefined) return request;
  const { name, message } = found.get(kind)!;
  // What each by itself may be, and together they may not.
  if (kind === 'tip-above-fee') throw new CallRejectedError(`${field}.${name}: ${message}`);
  throw new InputError(`${field}.${name}`, message);
}

/** Whether no fee is given, so that none is asked for. */
export function isFree({ gasPrice = 0n, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n }: ReadRequest): boolean {
  return gasPrice === 0n && maxFeePerGas === 0n && maxPriorityFeePerGas === 0n;
}

/** What holds of the rules of transactions. */
export interface Strictness {
  /** Default false: the nonce is the sender's. */
  readonly nonce?: boolean;
  /** Default false: what gives no fee pays none. */
  readonly fee?: boolean;
  /** Default false: the sender may have code, and the gas limit knows no bounds. */
  readonly limits?: boolean;
  /** Code of the error for what the fork does not know yet; as {@link CallRejectedError} where it is left out. */
  readonly refused?: number;
}

/**
 * The request as the core takes it.
 * @throws CallRejectedError for what only transactions of later forks have, but for fees, which mean nothing then
 */
export function transactionOf(
  request: ReadRequest,
  hardfork: Hardfork,
  gas: bigint,
  { nonce = false, fee = false, limits = false, refused }: Strictness = {},
): EvmTransactionFields {
  refuseUnknown(request, hardfork, refused);
  const { gasPrice, maxFeePerGas = 0n, maxPriorityFeePerGas = 0n, accessList, authorizationList } = request;
  const type = Math.min(typeOf(request), rulesOf(hardfork).lastTransactionType);
  const price = quantityFromNumber(gasPrice ?? (type < 2 ? maxFeePerGas : 0n));
  return {
    type: quantityFromNumber(type),
    from: request.from ?? ZERO_ADDRESS,
    to: request.to,
    nonce: quantityFromNumber(request.nonce ?? 0n),
    gas: quantityFromNumber(gas),
    value: quantityFromNumber(request.value ?? 0n),
    input: request.input ?? '0x',
    gasPrice: price,
    maxFeePerGas: quantityFromNumber(gasPrice ?? maxFeePerGas),
    maxPriorityFeePerGas: quantityFromNumber(gasPrice ?? maxPriorityFeePerGas),
    maxFeePerBlobGas: quantityFromNumber(request.maxFeePerBlobGas ?? 0n),
    accessList,
    blobVersionedHashes: request.blobVersionedHashes,
    authorizationList: authorizationList?.map(({ address: target, authority, ...rest }) => ({
      address: target,
      authority,
      chainId: quantityFromNumber(rest.chainId),
      nonce: quantityFromNumber(rest.nonce ?? 0n),
      yParity: quantityFromNumber(rest.yParity ?? 0n),
      r: quantityFromNumber(rest.r),
      s: quantityFromNumber(rest.s),
    })),
    waived: { nonce: !nonce, limits: !limits, fee: !fee && isFree(request) },
  };
}

/** @throws CallRejectedError for what only transactions of later forks have, but for fees */
function refuseUnknown(request: ReadRequest, hardfork: Hardfork, code?: number): void {
  const { lastTransactionType: last } = rulesOf(hardfork);
  if (last >= 4) return;
  const { accessList, blobVersionedHashes, maxFeePerBlobGas, authorizationList } = request;
  const refuse = (name: string) => {
    throw new CallRejectedError(`transaction type not supported: ${name}, and the block is of ${hardfork}`, code);
  };
  if (last < 1 && accessList !== undefined) refuse('accessList');
  if (last < 3 && blobVersionedHashes !== undefined) refuse('blobVersionedHashes');
  if (last < 3 && maxFeePerBlobGas !== undefined) refuse('maxFeePerBlobGas');
  if (authorizationList !== undefined) refuse('authorizationList');
}

/** The least type that can hold what is given. */
export function typeOf(request: ReadRequest): number {
  if (request.authorizationList !== undefined) return 4;
  if (request.blobVersionedHashes !== undefined) return 3;
  if (request.maxFeePerGas !== undefined || request.maxPriorityFeePerGas !== undefined) return 2;
  return request.accessList === undefined ? 0 : 1;
}
