// Checks how a state source describes itself.

import { InputError, messageOf } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { address, describe, isMap, list, plainObject } from '../base/reader.ts';
import { readBlockHashes } from '../block/block-input.ts';
import type { StateDescription, StateSource } from './state-source.ts';

/** A description, checked but for the accounts themselves. */
export interface CheckedDescription {
  readonly accounts: StateDescription['accounts'];
  readonly blockHashes: ReadonlyMap<bigint, Hex>;
  /** `undefined`: nobody knows. */
  readonly emptyAccounts: boolean | undefined;
  /** `undefined`: nobody said. */
  readonly storageOnly: readonly Hex[] | undefined;
}

const readAddresses = list(address);

/** What a source says of its state; of one that says nothing, nothing is known. @throws InputError naming the field */
export function readDescription(source: StateSource, field: string): CheckedDescription {
  const given = descriptionOf(source, field);
  if (given === undefined) {
    return { accounts: undefined, blockHashes: new Map(), emptyAccounts: undefined, storageOnly: undefined };
  }
  const { accounts, blockHashes = new Map(), emptyAccounts, storageOnly, answerable } = plainObject(given, field);
  if (accounts !== undefined && !isMap(accounts)) {
    throw new InputError(`${field}.accounts`, `expected a Map, got ${describe(accounts)}`);
  }
  if (emptyAccounts !== undefined && typeof emptyAccounts !== 'boolean') {
    throw new InputError(`${field}.emptyAccounts`, `expected true or false, got ${describe(emptyAccounts)}`);
  }
  if (answerable !== undefined && typeof answerable !== 'function') {
    throw new InputError(`${field}.answerable`, `expected a function, got ${describe(answerable)}`);
  }
  return {
    accounts: accounts as StateDescription['accounts'],
    blockHashes: readBlockHashes(blockHashes, `${field}.blockHashes`),
    emptyAccounts,
    storageOnly: storageOnly === undefined ? undefined : readAddresses(storageOnly, `${field}.storageOnly`),
  };
}

function descriptionOf(source: StateSource, field: string): StateSource['description'] {
  try {
    return source.description;
  } catch (cause) {
    throw new InputError(field, `cannot be read: ${messageOf(cause)}`, { cause });
  }
}
