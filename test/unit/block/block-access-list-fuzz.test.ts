// Access lists of blocks (EIP-7928) that are wrong in one known place, many thousands of them: each is refused, as JSON or as
// bytes, and the place is the one that is named; by the reader where no block could have the list, else by the verification.
import { expect, test } from 'vitest';
import { InputError } from '../../../src/base/errors.ts';
import { type Hex, hexFromBytes } from '../../../src/base/hex.ts';
import { blockAccessListHash, encodeBlockAccessList } from '../../../src/block/access-list-encoding.ts';
import { type AccountAccess, type BlockAccessList, readBlockAccessList } from '../../../src/block/block-access-list.ts';
import type { BlockInput } from '../../../src/block/block-input.ts';
import { verifyBlock } from '../../../src/block/verify.ts';
import { corpusFiles, quickList } from '../../conformance/corpus.ts';
import { count } from '../../support/effort.ts';
import { below, type List, liesAbout, pick, quantity, type Random, randomWord } from '../../support/list-lies.ts';
import { withoutShared } from '../../support/shared.ts';
import { randomFrom } from '../../support/synthetic-run.ts';

const ROUNDS = count('access-lists', { ci: 12_000, long: 200_000 });
/** Above all indexes of the lists here, which must be allowed to name what comes behind their transactions. */
const TRANSACTIONS = 300;
const BOUNDS = { transactionCount: TRANSACTIONS, gasLimit: 1_000_000_000n };

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

const lies = liesAbout(TRANSACTIONS);

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
