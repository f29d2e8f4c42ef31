// Edits of a block's list of transactions: drop, replace, insert.

import { InputError } from '../base/errors.ts';
import { type Hex, quantityFromNumber } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import { checkTransaction, readTransaction, type TransactionInput } from '../block/block-input.ts';
import type { BlockContext } from '../job/block-encoding.ts';
import type { Edit } from '../types.ts';

/** A transaction that is not in the block. */
export interface NewTransaction {
  readonly transaction: TransactionInput;
  /** Its nonce is to be the sender's next. */
  readonly wantsNonce: boolean;
}

/** The transactions of a block after edits. */
export class EditedList {
  /** Of each its place in the block; -1: it is new. */
  readonly origins: Int32Array;
  /** By place in the list, in order. */
  readonly added: ReadonlyMap<number, NewTransaction>;
  readonly #before: readonly TransactionInput[];

  constructor(before: readonly TransactionInput[], origins: Int32Array, added: ReadonlyMap<number, NewTransaction>) {
    this.#before = before;
    this.origins = origins;
    this.added = added;
  }

  get length(): number {
    return this.origins.length;
  }

  /** As it was given. */
  at(place: number): TransactionInput {
    return this.added.get(place)?.transaction ?? this.#before[this.origins[place]!]!;
  }
}

/** Gas of an inserted transaction that says nothing of it: what any transaction may have from Osaka on (EIP-7825). */
const DEFAULT_GAS = 1n << 24n;

/**
 * The list after the edits, whose places are those of the list before. Several insertions at one place keep their order.
 * @throws InputError naming the edit and its field
 */
export function editedList(
  edits: unknown,
  context: BlockContext,
  maximumTransactionGas: bigint | undefined,
): EditedList {
  const before = context.block.transactions;
  if (!Array.isArray(edits)) throw new InputError('edits', `expected an array, got ${describe(edits)}`);
  const inserted = new Map<number, NewTransaction[]>();
  const replaced = new Map<number, NewTransaction | undefined>();
  for (const [index, edit] of edits.entries()) {
    const field = `edits[${index}]`;
    const { at, kind, given } = readEdit(edit, field, before.length);
    const made = kind === 'drop' ? undefined : readNew(given, `${field}.${kind}`, context, maximumTransactionGas);
    if (kind === 'insert') {
      inserted.set(at, [...(inserted.get(at) ?? []), made!]);
      continue;
    }
    if (replaced.has(at)) throw new InputError(`${field}.at`, `transaction ${at} is dropped or replaced already`);
    replaced.set(at, made);
  }
  return arranged(before, inserted, replaced);
}

function arranged(
  before: readonly TransactionInput[],
  inserted: ReadonlyMap<number, readonly NewTransaction[]>,
  replaced: ReadonlyMap<number, NewTransaction | undefined>,
): EditedList {
  let length = before.length;
  for (const made of inserted.values()) length += made.length;
  for (const made of replaced.values()) if (made === undefined) length--;
  const origins = new Int32Array(length);
  const added = new Map<number, NewTransaction>();
  let to = 0;
  let next = 0;
  const keepUpTo = (end: number) => {
    while (next < end) origins[to++] = next++;
  };
  const add = (made: NewTransaction) => {
    added.set(to, made);
    origins[to++] = -1;
  };
  for (const at of [...new Set([...inserted.keys(), ...replaced.keys()])].sort((left, right) => left - right)) {
    keepUpTo(at);
    inserted.get(at)?.forEach(add);
    if (!replaced.has(at)) continue;
    const made = replaced.get(at);
    if (made !== undefined) add(made);
    next++;
  }
  keepUpTo(before.length);
  return new EditedList(before, origins, added);
}

function readEdit(edit: unknown, field: string, count: number) {
  if (typeof edit !== 'object' || edit === null) {
    throw new InputError(field, `expected { at, drop | insert | replace }, got ${describe(edit)}`);
  }
  const { at, drop, insert, replace, ...rest } = edit as Partial<
    Record<keyof Edit | 'drop' | 'insert' | 'replace', unknown>
  >;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined)
    throw new InputError(`${field}.${unknown}`, 'unknown; an edit has at, and drop, insert or replace');
  const given = [drop === true ? 'drop' : undefined, insert && 'insert', replace && 'replace'].filter(Boolean);
  if (given.length !== 1) {
    throw new InputError(field, 'expected one of drop: true, insert: a transaction, replace: a transaction');
  }
  const kind = given[0] as 'drop' | 'insert' | 'replace';
  const last = kind === 'insert' ? count : count - 1;
  if (!Number.isSafeInteger(at) || (at as number) < 0 || (at as number) > last) {
    throw new InputError(`${field}.at`, `expected a place from 0 to ${last}, got ${describe(at)}`);
  }
  return { at: at as number, kind, given: insert ?? replace };
}

/** What is missing of a request is filled by the rules. */
function readNew(
  value: unknown,
  field: string,
  { block, hardfork }: BlockContext,
  maximumTransactionGas: bigint | undefined,
): NewTransaction {
  if (typeof value !== 'object' || value === null) {
    throw new InputError(field, `expected a transaction, got ${describe(value)}`);
  }
  const given = Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined && part !== null));
  const hasFee = ['gasPrice', 'maxFeePerGas'].some((name) => name in given);
  const limit = BigInt(block.gasLimit);
  const transaction = readTransaction(
    {
      nonce: '0x0',
      value: '0x0',
      gas: given.gasLimit ?? quantityFromNumber(limit < DEFAULT_GAS ? limit : DEFAULT_GAS),
      input: given.data ?? '0x',
      ...(hasFee ? {} : ({ gasPrice: block.baseFeePerGas ?? '0x0' } satisfies { gasPrice: Hex })),
      ...given,
    },
    field,
  );
  checkTransaction(transaction, hardfork, field, { maximumTransactionGas });
  return { transaction, wantsNonce: !('nonce' in given) };
}
