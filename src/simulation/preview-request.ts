// What is to be previewed, as callers write it, checked: transactions that nobody has signed yet, signed ones as their bytes, and
// bundles of both.

import { CallRejectedError, InputError } from '../base/errors.ts';
import { bytesFromHex, type Hex } from '../base/hex.ts';
import { bytes, list, plainObject, address as readAddress } from '../base/reader.ts';
import type { TransactionInput } from '../block/block-input.ts';
import { chainOf } from '../block/chains.ts';
import { LONGEST_RAW_TRANSACTION, parseRawTransaction } from '../block/raw-transaction.ts';
import { senderOf } from '../block/sender.ts';
import { PREVIEW_OPTIONS } from '../config/call-descriptors.ts';
import { checkOptions } from '../config/descriptor.ts';
import { type AbiErrors, readAbiErrors } from './abi-errors.ts';
import {
  type ReadBlockOverrides,
  type ReadStateOverrides,
  readBlockOverrides,
  readStateOverrides,
} from './overrides.ts';
import type { Previewable, PreviewOptions } from './preview-types.ts';
import { type ReadRequest, readUnsignedRequest } from './request.ts';

/** One transaction of a preview. */
export interface PreviewItem {
  readonly request: ReadRequest;
  /** Type of one that is signed, of which nothing is missing and all rules hold. */
  readonly signedType: number | undefined;
  /** Why no block of this chain can hold it, whatever the state is. */
  readonly rejection?: CallRejectedError;
}

export interface ReadPreview {
  readonly items: readonly PreviewItem[];
  readonly isBundle: boolean;
  readonly overrides: ReadStateOverrides;
  readonly blockOverrides: ReadBlockOverrides;
  readonly errors: AbiErrors;
  /** Whose assets and approvals are told; `undefined`: everybody's. */
  readonly accounts: ReadonlySet<Hex> | undefined;
  readonly verifiesBalances: boolean;
  /** Before which transaction of the newest block. */
  readonly transactionIndex: number | undefined;
}

/** As many as a block of 2^31 gas could hold. */
const MOST_ITEMS = 100_000;

/** {@link ReadPreview} without what is to be previewed. */
export type ReadPreviewOptions = Omit<ReadPreview, 'items' | 'isBundle'>;

const readRaw = bytes(undefined, LONGEST_RAW_TRANSACTION);
const readAccounts = list(readAddress);

/** @throws InputError naming the field; CallRejectedError for what contradicts itself */
export function readPreview(
  given: Previewable | readonly Previewable[],
  chainId: number,
  options: PreviewOptions = {},
): ReadPreview {
  return { ...readPreviewOptions(options), ...readTransactions(given, chainId, 'request') };
}

/** What is to be previewed. `recovers`: whether signatures are looked at, which takes longest. Throws as {@link readPreview}. */
export function readTransactions(
  given: Previewable | readonly Previewable[],
  chainId: number,
  field: string,
  recovers = true,
): Pick<ReadPreview, 'items' | 'isBundle'> {
  const isBundle = Array.isArray(given);
  const requests: readonly unknown[] = isBundle ? given : [given];
  if (requests.length === 0) throw new InputError(field, 'empty');
  if (requests.length > MOST_ITEMS) {
    throw new InputError(field, `${requests.length} transactions, at most ${MOST_ITEMS} allowed`);
  }
  const items = requests.map((request, i) => readItem(request, chainId, isBundle ? `${field}[${i}]` : field, recovers));
  return { items, isBundle };
}

/** How it is to be previewed. Throws as {@link readPreview}. */
export function readPreviewOptions(options: PreviewOptions): ReadPreviewOptions {
  checkOptions(options, 'options', PREVIEW_OPTIONS);
  const { stateOverrides, blockOverrides, abi, accounts, verifyBalances = false, at } = options;
  if (at !== undefined && at.transactionIndex === undefined)
    throw new InputError('options.at.transactionIndex', 'missing');
  return {
    overrides: readStateOverrides(stateOverrides, 'options.stateOverrides'),
    blockOverrides: readBlockOverrides(blockOverrides, 'options.blockOverrides'),
    errors: readAbiErrors(abi, 'options.abi'),
    accounts: accounts === undefined ? undefined : new Set(readAccounts(accounts, 'options.accounts')),
    verifiesBalances: verifyBalances,
    transactionIndex: at?.transactionIndex,
  };
}

function readItem(given: unknown, chainId: number, field: string, recovers: boolean): PreviewItem {
  if (typeof given === 'string') return readSigned(readRaw(given, field), chainId, field, recovers);
  const request = readUnsignedRequest(plainObject(given, field), field);
  return { request, signedType: undefined, ...rejectionOf(request.chainId, chainId) };
}

function rejectionOf(own: bigint | undefined, chainId: number): Pick<PreviewItem, 'rejection'> {
  if (own === undefined || own === BigInt(chainId)) return {};
  return { rejection: new CallRejectedError(`a transaction for chain ${own}, and this is chain ${chainId}`) };
}

function readSigned(raw: Hex, chainId: number, field: string, recovers: boolean): PreviewItem {
  const transaction = parseRawTransaction(bytesFromHex(raw), field);
  const { rejection } = rejectionOf(chainOf(transaction), chainId);
  const signedType = Number(transaction.type ?? '0x0');
  if (rejection !== undefined) return { request: requestOf(transaction, undefined), signedType, rejection };
  try {
    return { request: requestOf(transaction, recovers ? senderOf(transaction, chainId) : undefined), signedType };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { request: requestOf(transaction, undefined), signedType, rejection: new CallRejectedError(error.message) };
  }
}

function requestOf(transaction: TransactionInput, from: Hex | undefined): ReadRequest {
  const { type = '0x0', to, gas, gasPrice, value, input, nonce, accessList } = transaction;
  const { maxFeePerGas, maxPriorityFeePerGas, maxFeePerBlobGas, blobVersionedHashes, authorizationList } = transaction;
  const isPriced = type === '0x0' || type === '0x1';
  return {
    from,
    to,
    gas: BigInt(gas),
    ...(isPriced
      ? { gasPrice: BigInt(gasPrice ?? '0x0') }
      : { maxFeePerGas: BigInt(maxFeePerGas ?? '0x0'), maxPriorityFeePerGas: BigInt(maxPriorityFeePerGas ?? '0x0') }),
    ...(maxFeePerBlobGas === undefined ? {} : { maxFeePerBlobGas: BigInt(maxFeePerBlobGas) }),
    value: BigInt(value),
    input,
    nonce: BigInt(nonce),
    ...(type === '0x0' ? {} : { accessList }),
    blobVersionedHashes: type === '0x3' ? (blobVersionedHashes ?? []) : undefined,
    authorizationList: authorizationList?.map(({ address, ...rest }) => ({
      address,
      chainId: BigInt(rest.chainId),
      nonce: BigInt(rest.nonce),
      yParity: BigInt(rest.yParity ?? rest.v ?? '0x0'),
      r: BigInt(rest.r),
      s: BigInt(rest.s),
    })),
  } as ReadRequest;
}
