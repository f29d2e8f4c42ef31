// The questions that a source asks about blocks and state, and how their answers are read.

import { InputError } from '../../base/errors.ts';
import type { Hex } from '../../base/hex.ts';
import { bytes, describe, hash, plainObject, quantity, type Reader } from '../../base/reader.ts';
import { type HeaderInput, readHeader } from '../../block/block-input.ts';
import { PINNED, type RpcRequest } from './json-rpc.ts';

/** A block as it may be named: by number, by hash (32 bytes), or by what it is to the chain. */
export type BlockId = bigint | number | Hex | 'latest' | 'safe' | 'finalized' | 'earliest';

/** A header with the hash that the node gave. */
export type RemoteHeader = HeaderInput & { readonly hash: Hex; readonly stateRoot: Hex };

const TAGS: readonly string[] = ['latest', 'safe', 'finalized', 'earliest'];
const readBalance = hexNumber(256);
const readNonce = hexNumber(64);
const readCode = bytes();
const readChainId = hexNumber(64);

/** A checked {@link BlockId}. */
export type CheckedBlockId = { readonly hash: Hex } | { readonly number: Hex } | { readonly tag: string };

export const readBlockId: Reader<CheckedBlockId> = (value, field) => {
  if (typeof value === 'string' && TAGS.includes(value)) return { tag: value };
  if (typeof value === 'string' && value.length === 66) return { hash: hash(value, field) };
  if (typeof value === 'string' && !value.startsWith('0x')) {
    const pending = value === 'pending' ? '; a pending block has no hash to be pinned to' : '';
    throw new InputError(field, `unknown block ${describe(value)}; there are ${TAGS.join(', ')}${pending}`);
  }
  return { number: quantity(64)(value, field) };
};

/** A question whose answer is read as `result`. */
function ask<T>(method: string, params: readonly unknown[], read: Reader<T>): RpcRequest<T> {
  return { method, params, read: (result) => read(result, 'result') };
}

export function chainIdRequest(): RpcRequest<bigint> {
  return ask('eth_chainId', [], readChainId);
}

/** A number as nodes write it: hex in a string, without leading zeros, so that nothing cut off or filled up passes. */
export function hexNumber(bits: number): Reader<bigint> {
  const read = quantity(bits);
  return (value, field) => {
    if (typeof value !== 'string') throw new InputError(field, `expected a hex quantity, got ${describe(value)}`);
    if (/^0x0./.test(value)) throw new InputError(field, `leading zeros: ${describe(value)}`);
    return BigInt(read(value, field));
  };
}

/** The header of a block; `null` where there is none. */
export function headerRequest(id: CheckedBlockId): RpcRequest<RemoteHeader | null> {
  return blockQuestion(id, false, (value, field) => readRemoteHeader(value, id, field));
}

/** A block with its transactions, as the node writes it; `null` where there is none. */
export function blockRequest(id: CheckedBlockId): RpcRequest<Record<string, unknown> | null> {
  return blockQuestion(id, true, (value, field) => {
    if (value === null) return null;
    readRemoteHeader(value, id, field);
    return plainObject(value, field);
  });
}

/** The header of an uncle, which a block names by hash only. */
export function uncleRequest(blockHash: Hex, at: number): RpcRequest<Record<string, unknown>> {
  return ask('eth_getUncleByBlockHashAndIndex', [blockHash, `0x${at.toString(16)}`], plainObject);
}

function blockQuestion<T>(id: CheckedBlockId, full: boolean, read: Reader<T>): RpcRequest<T> {
  if ('hash' in id) return ask('eth_getBlockByHash', [id.hash, full], read);
  return ask('eth_getBlockByNumber', ['tag' in id ? id.tag : id.number, full], read);
}

/** @throws InputError also where it is another block than was asked for */
function readRemoteHeader(value: unknown, id: CheckedBlockId, field: string): RemoteHeader | null {
  if (value === null) return null;
  const header = readHeader(value, field);
  const { hash: own, stateRoot, number } = header;
  if (own === undefined) throw new InputError(`${field}.hash`, 'missing');
  if (stateRoot === undefined) throw new InputError(`${field}.stateRoot`, 'missing');
  if ('hash' in id && own !== id.hash) throw new InputError(`${field}.hash`, `another block's: ${own}`);
  if ('number' in id && number !== id.number) throw new InputError(`${field}.number`, `another block's: ${number}`);
  return { ...header, hash: own, stateRoot };
}

export function balanceRequest(address: Hex): RpcRequest<bigint> {
  return ask('eth_getBalance', [address, PINNED], readBalance);
}

export function nonceRequest(address: Hex): RpcRequest<bigint> {
  return ask('eth_getTransactionCount', [address, PINNED], readNonce);
}

export function codeRequest(address: Hex): RpcRequest<Hex> {
  return ask('eth_getCode', [address, PINNED], readCode);
}

export function storageRequest(address: Hex, slot: Hex): RpcRequest<Hex> {
  return ask('eth_getStorageAt', [address, slot, PINNED], hash);
}
