// Mutated plans through everything that the host writes into the core's memory for them: what oracles say, access lists of blocks,
// free-form keys and values. What is no prediction is left out, what is one is announced as it was said, and no byte outside of a
// record is touched.
import { describe, expect, test } from 'vitest';
import { ABSENT_LENGTH, BaseEntry, Kind, Scratch } from '../../../assembly/layout.ts';
import type { AccessOracle } from '../../../src/access/access-oracle.ts';
import { InputError } from '../../../src/base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, isBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import { type BlockAccessList, readBlockAccessList } from '../../../src/block/block-access-list.ts';
import { FreeValues } from '../../../src/core/host/free-values.ts';
import { type AnnouncedWrites, ImageLoader } from '../../../src/core/host/state-image.ts';
import { announceList } from '../../../src/job/list-plan.ts';
import { planTasks } from '../../../src/job/oracle-plan.ts';
import { count } from '../../support/effort.ts';
import { fuzz, refusal, same } from '../../support/encoder-fuzz.ts';
import { baseEntry } from '../../support/encoder-oracle.ts';
import type { Random } from '../../support/fuzz-random.ts';
import { GuardedMemory } from '../../support/guarded-memory.ts';
import { mutate } from '../../support/mutation.ts';

const memory = new GuardedMemory();
memory.firstStray();

const TASKS = 4;
/** Number of the first task: what plans say of it is shifted. */
const FIRST = 0;
const HEX_20 = /^0x[0-9a-fA-F]{40}$/;
const HEX_32 = /^0x[0-9a-fA-F]{64}$/;
const isHex = (value: unknown, pattern: RegExp) => typeof value === 'string' && pattern.test(value);
const hex = (random: Random, bytes: number): Hex => hexFromBytes(random.bytes(bytes));
const NUMBERS: Readonly<Record<string, number>> = { balance: Kind.BALANCE, nonce: Kind.NONCE, storage: Kind.STORAGE };

/** A write as an oracle says it, whatever has become of it. */
interface Said {
  readonly kind: string;
  readonly address: Hex;
  readonly slot: Hex;
  readonly key: string;
  readonly value: unknown;
}

function write(random: Random): Record<string, unknown> {
  const address = `0x${'a'.repeat(39)}${random.below(4)}`;
  const number = random.bits(256);
  return random.pick<() => Record<string, unknown>>([
    () => ({ kind: 'balance', address, value: number }),
    () => ({ kind: 'nonce', address, value: random.bits(64) }),
    () => ({ kind: 'storage', address, slot: hex(random, 32), value: number }),
    () => ({ kind: 'code', address, value: random.bytes(random.below(40)) }),
    () => ({ kind: 'data', key: random.pick(['k', 'é', 'a longer key']), value: random.bytes(random.below(20)) }),
    () => ({ kind: 'number', key: random.pick(['n', 'another']), value: number }),
    () => ({ kind: 'balance', address }),
  ])();
}

/** The record, or what it says, of a write that can be announced. */
function announcedAs({ kind, address, slot, key, value }: Said): string | undefined {
  const isWord = typeof value === 'bigint' && value >= 0n && value >> 256n === 0n;
  if (typeof kind !== 'string') return undefined;
  if (kind === 'data') return isBytes(value) && typeof key === 'string' ? `${key} ${hexFromBytes(value)}` : undefined;
  if (kind === 'number') return isWord && typeof key === 'string' ? `${key} ${value}` : undefined;
  if (!isHex(address, HEX_20)) return undefined;
  const place = { address: bytesFromHex(address) };
  if (kind === 'code') {
    if (!isBytes(value)) return undefined;
    const hash = value.length === 0 ? new Uint8Array(32) : keccak256(value);
    return hexFromBytes(baseEntry(Kind.CODE, place, hash));
  }
  if (!isWord || NUMBERS[kind] === undefined) return undefined;
  if (kind !== 'storage') return hexFromBytes(baseEntry(NUMBERS[kind], place, value as bigint));
  if (!isHex(slot, HEX_32)) return undefined;
  return hexFromBytes(baseEntry(Kind.STORAGE, { ...place, slot: bytesFromHex(slot) }, value as bigint));
}

/** The records of an image as they would be announced, those of free-form keys in words. */
function recordsOf({ image }: AnnouncedWrites): string[] {
  expect(image.entries.length).toBe(image.count * BaseEntry.SIZE);
  const text = (start: number, length: number) => {
    if (start + length > image.pool.length) throw new Error(`${start} + ${length} is beyond the pool`);
    return image.pool.subarray(start, start + length);
  };
  return Array.from({ length: image.count }, (_, at) => {
    const entry = image.entries.slice(at * BaseEntry.SIZE, (at + 1) * BaseEntry.SIZE);
    const words = new Uint32Array(entry.buffer);
    const kind = words[BaseEntry.KIND >>> 2]!;
    if (kind !== Kind.DATA && kind !== Kind.NUMBER) return hexFromBytes(entry);
    const key = new TextDecoder().decode(text(words[BaseEntry.ADDRESS >>> 2]!, words[(BaseEntry.ADDRESS >>> 2) + 1]!));
    const [start, length] = [words[BaseEntry.VALUE >>> 2]!, words[(BaseEntry.VALUE >>> 2) + 1]!];
    if (kind === Kind.DATA) return `${key} ${hexFromBytes(text(start, length === ABSENT_LENGTH ? 0 : length))}`;
    const limbs = new BigUint64Array(entry.buffer, BaseEntry.VALUE, 4);
    return `${key} ${limbs.reduceRight((sum, limb) => (sum << 64n) | limb, 0n)}`;
  });
}

/** Every task is named once, in order, and has a part of the records; all of them reach the core. */
function announces(announced: AnnouncedWrites, records: readonly string[]): void {
  const { tasks, ends, image } = announced;
  expect(tasks.length).toBe(ends.length);
  let before = { task: FIRST - 1, end: 0 };
  tasks.forEach((task, at) => {
    const end = ends[at]!;
    if (task <= before.task || task >= FIRST + TASKS || end <= before.end) throw new Error(`task ${task} has ${end}`);
    before = { task, end };
  });
  expect([before.end, records.length]).toEqual([image.count, image.count]);
  const calls = memory.calls.length;
  if (!new ImageLoader(memory.instance, false).announce(announced, FIRST)) throw new Error('it does not fit');
  const told = memory.calls.slice(calls).filter(({ name }) => name === 'announce');
  expect(told.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(image.entries.length);
}

describe('a mutated prediction', () => {
  test('is left out, or announced exactly', { timeout: 120_000 }, async () => {
    const ends = await fuzz(memory, count('fuzz-predictions', { ci: 15_000, long: 500_000 }), (random) => {
      const list = <T>(most: number, one: () => T): T[] => Array.from({ length: random.below(most + 1) }, one);
      const predictions = Array.from({ length: TASKS }, (_, index) => ({
        reads: list(3, () => write(random)),
        writes: list(4, () => write(random)),
        credits: list(1, () => write(random)),
        touches: list(1, () => write(random)),
        after: list(index === 0 ? 0 : 2, () => random.below(index)),
        gas: random.bits(60),
      }));
      mutate(predictions, random);
      const said = (Array.isArray(predictions) ? predictions : []).flatMap((prediction) =>
        Array.isArray(prediction?.writes) ? (prediction.writes as unknown as Said[]) : [],
      );
      const known = new Set(said.flatMap((one) => (typeof one === 'object' && one ? [announcedAs(one)] : [])));
      const oracle: AccessOracle = { taskAccess: ({ id }) => predictions[Number(id)] as never };
      const tasks = Array.from({ length: TASKS }, (_, id) => ({ id }));
      const estimates = tasks.map(() => ({ dependencies: [], cost: 1 }));
      const { planning, facts } = planTasks(oracle, tasks, estimates as never, 2)!;
      const { dependencies, early, announced } = planning;
      for (let at = 0; at < dependencies.length; at += 2) {
        const [lower, higher] = [dependencies[at]!, dependencies[at + 1]!];
        if (lower >= higher || higher >= TASKS) throw new Error(`${lower} before ${higher}`);
      }
      if (new Set(early).size !== early.length || early.some((task) => task >= TASKS))
        throw new Error(`early ${early}`);
      if (announced !== undefined) {
        const records = recordsOf(announced);
        for (const record of records) if (!known.has(record)) throw new Error(`nobody has said ${record}`);
        announces(announced, records);
      }
      return facts.problems.length > 0 ? facts.problems : undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(1000);
  });
});

describe('a mutated access list of a block', () => {
  function accessList(random: Random): Record<string, unknown>[] {
    const changes = (name: string, value: () => unknown) =>
      Array.from({ length: random.below(2) }, () => ({
        blockAccessIndex: random.pick(['0x0', '0x1', '0x3', '0x5']),
        [name]: value(),
      }));
    return Array.from({ length: random.between(1, 3) }, (_, at) => ({
      address: `0x${String(at + 1).repeat(40)}`,
      storageChanges: Array.from({ length: random.below(2) }, () => ({
        slot: `0x${(random.bits(200) | 1n).toString(16)}`,
        slotChanges: [{ blockAccessIndex: '0x2', postValue: `0x${random.bits(256).toString(16)}` }],
      })),
      storageReads: [],
      balanceChanges: changes('postBalance', () => `0x${random.bits(random.between(1, 256)).toString(16)}`),
      nonceChanges: changes('postNonce', () => `0x${random.bits(60).toString(16)}`),
      codeChanges: changes('newCode', () => hex(random, random.below(9))),
    }));
  }

  /** Values that a list has for the transactions there are: index 0 is before them, others behind. */
  function valuesIn(list: BlockAccessList): number {
    const isTold = ({ blockAccessIndex }: { blockAccessIndex: Hex }) =>
      Number(blockAccessIndex) >= 1 && Number(blockAccessIndex) <= TASKS;
    return list
      .flatMap(({ storageChanges, balanceChanges, nonceChanges, codeChanges }) => [
        ...storageChanges.flatMap(({ slotChanges }) => slotChanges),
        ...[...balanceChanges, ...nonceChanges, ...codeChanges],
      ])
      .filter(isTold).length;
  }

  test('is refused, left to who plans, or announced exactly', { timeout: 120_000 }, async () => {
    const ends = await fuzz(memory, count('fuzz-announced-lists', { ci: 10_000, long: 300_000 }), (random) => {
      const given = accessList(random);
      mutate(given, random);
      // As an oracle may be given it, unread; and as the reader has it.
      const read = refusal(() => readBlockAccessList(given, 'list'), [InputError], /^list/);
      const unread = given as unknown as BlockAccessList;
      for (const list of 'error' in read ? [unread] : [unread, read.value]) {
        let found: ReturnType<typeof announceList>;
        try {
          found = announceList(list, { transactions: TASKS, first: FIRST, most: 1000 });
        } catch (error) {
          // Told by who asks the oracle; what the reader has let through is a list.
          if (list !== unread) throw error;
          continue;
        }
        if (found?.announced === undefined) continue;
        const records = recordsOf(found.announced);
        if (list !== unread) expect(records.length).toBe(valuesIn(list));
        announces(found.announced, records);
      }
      return 'error' in read ? read.error : undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(500);
  });
});

describe('what users of a store bring', () => {
  test('mutated keys and values are refused by name, or written exactly', async () => {
    const ends = await fuzz(memory, count('fuzz-free-values', { ci: 10_000, long: 300_000 }), (random) => {
      const values = new FreeValues(memory.instance);
      const given = {
        key: random.pick<string | Uint8Array>(['a key', random.bytes(9), random.bytes(0)]),
        bytes: random.pick([random.bytes(random.below(60)), undefined]),
        number: random.bits(256),
      };
      mutate(given, random);
      const { key, bytes, number } = given;
      const at = memory.scratch + Scratch.VALUE;
      const word = (offset: number) => new Uint32Array(Uint8Array.from(memory.read(offset, 4)).buffer)[0]!;
      const calls: Record<string, () => void> = {
        locate: () => {
          values.locate(random.pick(['data', 'number']), key);
          const from = memory.scratch + Scratch.ADDRESS;
          const [start, length] = [word(from), word(from + 4)];
          same('the key', memory.read(start, length), typeof key === 'string' ? new TextEncoder().encode(key) : key);
        },
        setBytes: () => {
          values.setBytes(bytes);
          if (bytes === undefined) expect(word(at + 4)).toBe(ABSENT_LENGTH);
          else same('the bytes', memory.read(word(at), word(at + 4)), bytes);
        },
        setNumber: () => {
          values.setNumber(number);
          same(
            'the number',
            memory.read(at, 32),
            baseEntry(0, { address: new Uint8Array(20) }, number).slice(BaseEntry.VALUE),
          );
        },
      };
      const result = refusal(calls[random.pick(Object.keys(calls))]!, [InputError], /^(key|value)$/);
      return 'error' in result ? result.error : undefined;
    });
    expect(Math.min(ends.refused, ends.encoded)).toBeGreaterThan(500);
  });
});
