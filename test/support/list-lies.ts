// Lies about access lists of blocks (EIP-7928): each makes a list wrong in one place, and says how that place is named.
import type { Hex } from '../../src/base/hex.ts';
import type { BlockAccessList } from '../../src/block/block-access-list.ts';

type Mutable<T> = T extends readonly (infer U)[]
  ? Mutable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;
export type List = Mutable<BlockAccessList>;
export type Random = () => number;

export const quantity = (value: bigint): Hex => `0x${value.toString(16)}`;
export const below = (random: Random, limit: number) => Math.floor(random() * limit);
export const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

export function randomWord(random: Random): bigint {
  const digits = Array.from({ length: 1 + below(random, 64) }, () => below(random, 16).toString(16)).join('');
  return BigInt(`0x${digits}`);
}

const CHANGES = ['balanceChanges', 'nonceChanges', 'codeChanges'] as const;
const VALUES = { balanceChanges: 'postBalance', nonceChanges: 'postNonce', codeChanges: 'newCode' } as const;

/**
 * Changes a list in one place, and says what must be named: `list[…]` by the reader, `0x…` by the verification. `undefined`:
 * there is no such place in this list.
 */
export type Lie = (list: List, random: Random) => string | undefined;

const accountWhere = (list: List, random: Random, has: (account: List[number]) => boolean) => {
  const places = list.flatMap((account, at) => (has(account) ? [at] : []));
  const at = places.length > 0 ? pick(random, places) : -1;
  return at < 0 ? undefined : { at, account: list[at]! };
};

/** A list of changes, and the name of its place for either kind of refusal. */
function someChanges(list: List, random: Random, least = 1) {
  const isLong = (items: readonly unknown[]) => items.length >= least;
  const found = accountWhere(
    list,
    random,
    ({ storageChanges, ...account }) =>
      storageChanges.some(({ slotChanges }) => isLong(slotChanges)) || CHANGES.some((kind) => isLong(account[kind])),
  );
  if (found === undefined) return undefined;
  const { at, account } = found;
  const slots = account.storageChanges.flatMap(({ slot, slotChanges }, place) => ({
    changes: slotChanges as { blockAccessIndex: Hex }[],
    value: 'postValue',
    path: `list[${at}].storageChanges[${place}].slotChanges`,
    entry: `${account.address}.storageChanges[${slot}]`,
  }));
  const fields = CHANGES.map((kind) => ({
    changes: account[kind] as { blockAccessIndex: Hex }[],
    value: VALUES[kind] as string,
    path: `list[${at}].${kind}`,
    entry: `${account.address}.${kind}`,
  }));
  return pick(
    random,
    [...slots, ...fields].filter(({ changes }) => isLong(changes)),
  );
}

/** All of them, about blocks of so many transactions. */
export const liesAbout = (transactionCount: number): Readonly<Record<string, Lie>> => ({
  'another value'(list, random) {
    const found = someChanges(list, random);
    if (found === undefined) return undefined;
    const change = pick(random, found.changes) as Record<string, Hex> & { blockAccessIndex: Hex };
    const held = change[found.value]!;
    change[found.value] = found.value === 'newCode' ? `${held}00` : quantity(BigInt(held) ^ 1n);
    return `${found.entry} at ${BigInt(change.blockAccessIndex)}`;
  },
  'a change that is missing'(list, random) {
    const found = someChanges(list, random, 2);
    if (found === undefined) return undefined;
    const [gone] = found.changes.splice(below(random, found.changes.length), 1);
    return `${found.entry} at ${BigInt(gone!.blockAccessIndex)}`;
  },
  'a change one index later'(list, random) {
    const found = someChanges(list, random);
    if (found === undefined) return undefined;
    const last = found.changes.at(-1)!;
    const index = BigInt(last.blockAccessIndex);
    last.blockAccessIndex = quantity(index + 1n);
    if (index === BigInt(transactionCount) + 1n) return `${found.path}[${found.changes.length - 1}].blockAccessIndex`;
    return `${found.entry} at ${index}`;
  },
  'an index beyond the block'(list, random) {
    const found = someChanges(list, random);
    if (found === undefined) return undefined;
    found.changes.at(-1)!.blockAccessIndex = quantity(BigInt(transactionCount + 2 + below(random, 1000)));
    return `${found.path}[${found.changes.length - 1}].blockAccessIndex`;
  },
  'changes out of order'(list, random) {
    const found = someChanges(list, random, 2);
    if (found === undefined) return undefined;
    const at = below(random, found.changes.length - 1);
    found.changes.splice(at, 2, found.changes[at + 1]!, found.changes[at]!);
    return `${found.path}[${at + 1}].blockAccessIndex`;
  },
  'a change that is there twice'(list, random) {
    const found = someChanges(list, random);
    if (found === undefined) return undefined;
    const at = below(random, found.changes.length);
    found.changes.splice(at, 0, found.changes[at]!);
    return `${found.path}[${at + 1}].blockAccessIndex`;
  },
  'a slot without its changes'(list, random) {
    const found = accountWhere(list, random, ({ storageChanges }) => storageChanges.length > 0);
    if (found === undefined) return undefined;
    const place = below(random, found.account.storageChanges.length);
    found.account.storageChanges[place]!.slotChanges = [];
    return `list[${found.at}].storageChanges[${place}].slotChanges`;
  },
  'changed slots out of order'(list, random) {
    const found = accountWhere(list, random, ({ storageChanges }) => storageChanges.length > 1);
    if (found === undefined) return undefined;
    const slots = found.account.storageChanges;
    const place = below(random, slots.length - 1);
    slots.splice(place, 2, slots[place + 1]!, slots[place]!);
    return `list[${found.at}].storageChanges[${place + 1}].slot`;
  },
  'a changed slot that is there twice'(list, random) {
    const found = accountWhere(list, random, ({ storageChanges }) => storageChanges.length > 0);
    if (found === undefined) return undefined;
    const slots = found.account.storageChanges;
    const place = below(random, slots.length);
    slots.splice(place, 0, slots[place]!);
    return `list[${found.at}].storageChanges[${place + 1}].slot`;
  },
  'a changed slot that is read as well'(list, random) {
    const found = accountWhere(list, random, ({ storageChanges }) => storageChanges.length > 0);
    if (found === undefined) return undefined;
    const { slot } = pick(random, found.account.storageChanges);
    const reads = found.account.storageReads;
    const after = reads.findIndex((read) => BigInt(read) > BigInt(slot));
    const place = after < 0 ? reads.length : after;
    reads.splice(place, 0, slot);
    return `list[${found.at}].storageReads[${place}]`;
  },
  'a changed slot that is only read'(list, random) {
    const found = accountWhere(list, random, ({ storageChanges }) => storageChanges.length > 0);
    if (found === undefined) return undefined;
    const { account } = found;
    const [gone] = account.storageChanges.splice(below(random, account.storageChanges.length), 1);
    account.storageReads.push(gone!.slot);
    account.storageReads.sort((left, right) => (BigInt(left) < BigInt(right) ? -1 : 1));
    return `${account.address}.storageChanges[${gone!.slot}] at ${BigInt(gone!.slotChanges[0]?.blockAccessIndex ?? 0)}`;
  },
  'a read that is missing'(list, random) {
    const found = accountWhere(list, random, ({ storageReads }) => storageReads.length > 0);
    if (found === undefined) return undefined;
    const [gone] = found.account.storageReads.splice(below(random, found.account.storageReads.length), 1);
    return `${found.account.address}.storageReads[${gone}]`;
  },
  'a read that was none'(list, random) {
    const found = accountWhere(list, random, () => true);
    if (found === undefined) return undefined;
    const { storageReads, storageChanges, address } = found.account;
    const slot = quantity(randomWord(random));
    if (storageReads.includes(slot) || storageChanges.some((changed) => changed.slot === slot)) return undefined;
    storageReads.push(slot);
    storageReads.sort((left, right) => (BigInt(left) < BigInt(right) ? -1 : 1));
    return `${address}.storageReads[${slot}]`;
  },
  'reads out of order'(list, random) {
    const found = accountWhere(list, random, ({ storageReads }) => storageReads.length > 1);
    if (found === undefined) return undefined;
    const reads = found.account.storageReads;
    const place = below(random, reads.length - 1);
    reads.splice(place, 2, reads[place + 1]!, reads[place]!);
    return `list[${found.at}].storageReads[${place + 1}]`;
  },
  'a read that is there twice'(list, random) {
    const found = accountWhere(list, random, ({ storageReads }) => storageReads.length > 0);
    if (found === undefined) return undefined;
    const reads = found.account.storageReads;
    const place = below(random, reads.length);
    reads.splice(place, 0, reads[place]!);
    return `list[${found.at}].storageReads[${place + 1}]`;
  },
  'an account that is missing'(list, random) {
    const [gone] = list.splice(below(random, list.length), 1);
    return gone?.address;
  },
  'an account that was not met'(list, random) {
    const address: Hex = `0x${randomWord(random).toString(16).padStart(64, '0').slice(24)}`;
    if (list.some((account) => account.address === address)) return undefined;
    const empty = { storageChanges: [], storageReads: [], balanceChanges: [], nonceChanges: [], codeChanges: [] };
    list.push({ address, ...empty });
    list.sort((left, right) => (left.address < right.address ? -1 : 1));
    return address;
  },
  'accounts out of order'(list, random) {
    if (list.length < 2) return undefined;
    const at = below(random, list.length - 1);
    list.splice(at, 2, list[at + 1]!, list[at]!);
    return `list[${at + 1}].address`;
  },
  'an account that is there twice'(list, random) {
    if (list.length === 0) return undefined;
    const at = below(random, list.length);
    list.splice(at, 0, list[at]!);
    return `list[${at + 1}].address`;
  },
});
