// Access lists of blocks (EIP-7928) that are wrong in one known place, many thousands of them: each is refused, as JSON or as
// bytes, and the place is the one that is named; by the reader where no block could have the list, else by the verification.
import { expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import {
  type AccountAccess,
  type BlockAccessList,
  blockAccessListHash,
  encodeBlockAccessList,
  readBlockAccessList,
} from '../../../src/block/block-access-list.ts';
import type { BlockInput } from '../../../src/block/block-input.ts';
import { verifyBlock } from '../../../src/block/verify.ts';
import { corpusFiles, quickList } from '../../conformance/corpus.ts';
import { count } from '../../support/effort.ts';
import { withoutShared } from '../../support/shared.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

const ROUNDS = count('access-lists', { ci: 12_000, long: 200_000 });
/** Above all indexes of the lists here, which must be allowed to name what comes behind their transactions. */
const TRANSACTIONS = 300;
const BOUNDS = { transactionCount: TRANSACTIONS, gasLimit: 1_000_000_000n };

type Mutable<T> = T extends readonly (infer U)[]
  ? Mutable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;
type List = Mutable<BlockAccessList>;
type Random = () => number;

const quantity = (value: bigint): Hex => `0x${value.toString(16)}`;
const below = (random: Random, limit: number) => Math.floor(random() * limit);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)]!;

function randomWord(random: Random): bigint {
  const digits = Array.from({ length: 1 + below(random, 64) }, () => below(random, 16).toString(16)).join('');
  return BigInt(`0x${digits}`);
}

function sortedWords(random: Random, most: number): bigint[] {
  const words = new Set(Array.from({ length: below(random, most + 1) }, () => randomWord(random)));
  return [...words].sort((left, right) => (left < right ? -1 : 1));
}

/** A list that some block could have. */
function randomList(random: Random): BlockAccessList {
  const indexes = (): Hex[] => {
    const found = new Set(Array.from({ length: below(random, 4) }, () => below(random, TRANSACTIONS + 2)));
    return [...found].sort((left, right) => left - right).map((at) => quantity(BigInt(at)));
  };
  const addresses = sortedWords(random, 8).map((word): Hex => `0x${word.toString(16).padStart(64, '0').slice(24)}`);
  return [...new Set(addresses)].sort().map((address): AccountAccess => {
    const slots = sortedWords(random, 6).map((slot) => ({ slot: quantity(slot), isRead: random() < 0.5 }));
    return {
      address,
      storageChanges: slots
        .filter(({ isRead }) => !isRead)
        .map(({ slot }) => {
          const found = indexes();
          const at: Hex[] = found.length > 0 ? found : ['0x1'];
          return {
            slot,
            slotChanges: at.map((blockAccessIndex) => ({ blockAccessIndex, postValue: quantity(randomWord(random)) })),
          };
        }),
      storageReads: slots.filter(({ isRead }) => isRead).map(({ slot }) => slot),
      balanceChanges: indexes().map((blockAccessIndex) => ({
        blockAccessIndex,
        postBalance: quantity(randomWord(random)),
      })),
      nonceChanges: indexes().map((blockAccessIndex) => ({
        blockAccessIndex,
        postNonce: quantity(BigInt.asUintN(64, randomWord(random))),
      })),
      codeChanges: indexes().map((blockAccessIndex) => ({ blockAccessIndex, newCode: `0x${'5b'.repeat(3)}` })),
    };
  });
}

const CHANGES = ['balanceChanges', 'nonceChanges', 'codeChanges'] as const;
const VALUES = { balanceChanges: 'postBalance', nonceChanges: 'postNonce', codeChanges: 'newCode' } as const;

/**
 * Changes a list in one place, and says what must be named: `list[…]` by the reader, `0x…` by the verification. `undefined`:
 * there is no such place in this list.
 */
type Lie = (list: List, random: Random) => string | undefined;

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

const lies: Record<string, Lie> = {
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
    if (index === BigInt(TRANSACTIONS) + 1n) return `${found.path}[${found.changes.length - 1}].blockAccessIndex`;
    return `${found.entry} at ${index}`;
  },
  'an index beyond the block'(list, random) {
    const found = someChanges(list, random);
    if (found === undefined) return undefined;
    found.changes.at(-1)!.blockAccessIndex = quantity(BigInt(TRANSACTIONS + 2 + below(random, 1000)));
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
    return `${account.address}.storageChanges[${gone!.slot}] at ${BigInt(gone!.slotChanges[0]!.blockAccessIndex)}`;
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
};

interface Vector {
  blocks: { blockHeader?: unknown; blockAccessList?: BlockAccessList }[];
}

/** Lists of valid blocks, as go-ethereum made them. */
async function vectorLists(): Promise<BlockAccessList[]> {
  const lists: BlockAccessList[] = [];
  const quick = quickList('amsterdam');
  const wanted = (path: string) => quick.has(path) && path.startsWith('chain/');
  for await (const { text } of corpusFiles(wanted, 'amsterdam')) {
    for (const { blocks } of Object.values(JSON.parse(text) as Record<string, Vector>)) {
      for (const { blockHeader, blockAccessList } of blocks) {
        if (blockHeader !== undefined && blockAccessList !== undefined) {
          lists.push(readBlockAccessList(blockAccessList, 'list', BOUNDS));
        }
      }
    }
  }
  return lists;
}

/** What names the fault of `given`, as of a block that really has met `met`. */
function refusalOf(given: unknown, met: BlockAccessList): string | undefined {
  let read: BlockAccessList;
  try {
    read = readBlockAccessList(given, 'list', BOUNDS);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.field;
  }
  const block = { gasLimit: '0x3b9aca00', blockAccessList: read, blockAccessListHash: blockAccessListHash(read) };
  const { mismatches } = verifyBlock(
    {
      ...{ chainId: 1, hardfork: 'amsterdam', block: block as unknown as BlockInput },
      output: {
        ...{ gasUsed: 0n, logsBloom: '0x', receiptsRoot: undefined, requestsHash: undefined },
        ...{ blockAccessList: met, blockAccessListHash: blockAccessListHash(met) },
      },
    },
    (check) => check === 'blockAccessListHash',
  );
  if (mismatches.length === 0) return undefined;
  // The hash, and the entry.
  expect(mismatches.map(({ name }) => name)[0]).toBe('blockAccessListHash');
  expect(mismatches).toHaveLength(2);
  return mismatches[1]!.name.replace(/^blockAccessList\./, '');
}

test(`${ROUNDS} lists that are wrong in one place are refused by the name of that place`, async () => {
  const random = randomFrom(7928);
  const vectors = withoutShared('vectors-amsterdam') ? [] : await vectorLists();
  const told = new Map<string, number>();
  let accepted = 0;
  for (let round = 0; round < ROUNDS; ) {
    const met = vectors.length === 0 || random() < 0.5 ? randomList(random) : pick(random, vectors);
    const [name, lie] = pick(random, Object.entries(lies));
    const list = structuredClone(met) as List;
    const place = lie(list, random);
    if (place === undefined) continue;
    round++;
    const form = pick(random, ['JSON', 'bytes', 'hex'] as const);
    const encoded = form === 'JSON' ? undefined : encodeBlockAccessList(list);
    const given = encoded === undefined ? list : form === 'bytes' ? encoded : hexFromBytes(encoded);
    const refusal = refusalOf(given, met);
    if (refusal === undefined) accepted++;
    if (refusal !== place)
      expect({ name, form, refusal, met, list }).toEqual({ name, form, refusal: place, met, list });
    told.set(name, (told.get(name) ?? 0) + 1);
    if (round % 100 === 0) expect(refusalOf(met, met)).toBeUndefined();
  }
  expect(accepted).toBe(0);
  expect([...told.keys()].sort()).toEqual(Object.keys(lies).sort());
}, 120_000);

test('bytes that are read are the only ones of their list', () => {
  const random = randomFrom(79_28);
  const rounds = Math.floor(ROUNDS / 4);
  for (let round = 0; round < rounds; round++) {
    const bytes = encodeBlockAccessList(randomList(random));
    const changed = Uint8Array.from(bytes);
    for (let many = 1 + below(random, 3); many > 0; many--) changed[below(random, bytes.length)] = below(random, 256);
    let read: BlockAccessList;
    try {
      read = readBlockAccessList(changed);
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      continue;
    }
    expect(encodeBlockAccessList(read)).toEqual(changed);
  }
}, 60_000);
