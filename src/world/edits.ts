// Edits of a block's list of transactions: drop, replace, insert.

import { InputError } from '../base/errors.ts';
import { type Hex, quantityFromNumber } from '../base/hex.ts';
import { describe } from '../base/reader.ts';
import { checkTransaction, readTransaction, type TransactionInput } from '../block/block-input.ts';
import type { BlockContext } from '../job/block-encoding.ts';
import type { Edit } from '../types.ts';

/** One transaction of an edited list. */
export interface EditedTransaction {
  readonly transaction: TransactionInput;
  /** Its place in the block; `undefined`: it is new. */
  readonly origin: number | undefined;
  /** It is new, and its nonce is to be the sender's next. */
  readonly wantsNonce: boolean;
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
): EditedTransaction[] {
  const before = context.block.transactions;
  if (!Array.isArray(edits)) throw new InputError('edits', `expected an array, got ${describe(edits)}`);
  const inserted = new Map<number, EditedTransaction[]>();
  const replaced = new Map<number, EditedTransaction | undefined>();
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
  const kept = keptOf(context);
  const places = [...new Set([...inserted.keys(), ...replaced.keys()])].sort((left, right) => left - right);
  const parts: (readonly EditedTransaction[])[] = [];
  let next = 0;
  for (const at of places) {
    parts.push(kept.slice(next, at), inserted.get(at) ?? []);
    next = replaced.has(at) ? at + 1 : at;
    const made = replaced.get(at);
    if (made !== undefined) parts.push([made]);
  }
  return parts.concat([kept.slice(next)]).flat();
}

const keptOnes = new WeakMap<BlockContext, readonly EditedTransaction[]>();

/** The transactions of a block as lists have those that are not edited: the same for all questions. */
function keptOf(context: BlockContext): readonly EditedTransaction[] {
  const known = keptOnes.get(context);
  if (known !== undefined) return known;
  const { transactions } = context.block;
  const kept = transactions.map((transaction, origin) => ({ transaction, origin, wantsNonce: false }));
  keptOnes.set(context, kept);
  return kept;
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
): EditedTransaction {
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
  return { transaction, origin: undefined, wantsNonce: !('nonce' in given) };
}
