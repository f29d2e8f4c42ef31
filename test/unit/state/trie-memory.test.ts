// Tries that stay, against `@ethereumjs/mpt`: every way through small ones whose keys collide, and long random ways through
// larger ones, with earlier roots kept on the way.
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { RLP } from '@ethereumjs/rlp';
import { MapDB, ValueEncoding } from '@ethereumjs/util';
import { describe, expect, test } from 'vitest';
import { bytesFromNumber, hexFromBytes, numberFromBytes } from '../../../src/base/hex.ts';
import { keccak256 } from '../../../src/base/keccak256.ts';
import { type BlindNode, LeafKind, TrieMemory, type TrieNode } from '../../../src/state/trie/trie-memory.ts';
import { count } from '../../support/effort.ts';
import { Random } from '../../support/fuzz-random.ts';

const PRIME = 0x9e3779b1;

/** A key out of a few half bytes: they begin it, or end it, and the rest is the same for all. */
function keyOf(digits: string, where: 'start' | 'end' | 'middle', rest = '7'): Uint8Array {
  const padded =
    where === 'start'
      ? digits.padEnd(64, rest)
      : where === 'end'
        ? digits.padStart(64, rest)
        : digits.padStart(32, rest).padEnd(64, rest);
  return Uint8Array.from(padded.match(/../g)!, (byte) => Number.parseInt(byte, 16));
}

const wordOf = (value: bigint): Uint8Array => {
  const word = new Uint8Array(32);
  const minimal = bytesFromNumber(value);
  word.set(minimal, 32 - minimal.length);
  return word;
};

type Entry = readonly [key: Uint8Array, value: bigint];

/** Root by the other implementation, of what is there in the end. */
async function rootByMpt(entries: Iterable<Entry>): Promise<string> {
  const trie = new MerklePatriciaTrie({ db: new MapDB(), valueEncoding: ValueEncoding.Bytes });
  for (const [key, value] of entries) await trie.put(key, RLP.encode(bytesFromNumber(value)));
  return hexFromBytes(trie.root());
}

function done(after: TrieNode | BlindNode): TrieNode {
  if (typeof after !== 'number') throw new Error(`blind at ${after.path}`);
  return after;
}

function* orders<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [i, item] of items.entries()) {
    for (const rest of orders([...items.slice(0, i), ...items.slice(i + 1)])) yield [item, ...rest];
  }
}

/** Sets of keys that meet in branches, extensions, and nodes short enough to stand inside their parents. */
const COLLIDING: Readonly<Record<string, readonly Uint8Array[]>> = {
  'at the start': ['0', '1', '10', '123', '124', 'f'].map((digits) => keyOf(digits, 'start')),
  'with long extensions': ['0000', '0001', '00010', '1000', '1001', '10011'].map((digits) => keyOf(digits, 'middle')),
  'at the end, so that nodes stand inside others': ['00', '01', '0f', '10', '11', 'f0'].map((digits) =>
    keyOf(digits, 'end'),
  ),
  'at odd and even depths': ['1', '11', '111', '1111', '11111', '111111'].map((digits) => keyOf(digits, 'end', '2')),
  'in one branch, and one of its children': ['a', 'b', 'c', 'c1', 'c2', 'c21'].map((digits) =>
    keyOf(digits, 'middle', '0'),
  ),
};

describe('a small trie', () => {
  for (const [name, keys] of Object.entries(COLLIDING)) {
    test(`whose keys collide ${name} has the same root whatever the order in which it was filled and emptied`, async () => {
      const values = keys.map((_, i) => (i % 2 === 0 ? BigInt(i + 1) : 2n ** 255n + BigInt(i)));
      const expected: string[] = [];
      for (let chosen = 0; chosen < 1 << keys.length; chosen++) {
        const entries = keys.flatMap((key, i): Entry[] => ((chosen >> i) & 1 ? [[key, values[i]!]] : []));
        expected.push(await rootByMpt(entries));
      }
      const memory = await TrieMemory.open();
      const put = (root: TrieNode, i: number) => done(memory.putSlot(root, keys[i]!, wordOf(values[i]!)));
      const rootOf = (root: TrieNode) => hexFromBytes(memory.rootOf(root));
      /** `expect` takes longer than the trie. */
      const same = (root: TrieNode, chosen: number) => {
        if (rootOf(root) !== expected[chosen]) throw new Error(`${rootOf(root)} is the root of ${chosen.toString(2)}`);
      };
      const all = (1 << keys.length) - 1;
      for (const order of orders(keys.map((_, i) => i))) {
        let [root, chosen] = [0, 0];
        for (const i of order) {
          root = put(root, i);
          chosen |= 1 << i;
          same(root, chosen);
        }
        // Once where it is, once over a copy that stays.
        for (const isKept of [true, false]) {
          let now = isKept ? memory.retain(root) : root;
          chosen = all;
          for (const i of order) {
            now = done(memory.remove(now, keys[i]!));
            chosen &= ~(1 << i);
            same(now, chosen);
          }
          expect(now).toBe(0);
          if (isKept) same(root, all);
        }
      }
      expect(memory.bytesInUse).toBe(0);
    });

    test(`whose keys collide ${name} leads from every part of it to every other`, async () => {
      const values = keys.map((_, i) => BigInt(i + 1));
      const memory = await TrieMemory.open();
      const parts: TrieNode[] = [];
      for (let chosen = 0; chosen < 1 << keys.length; chosen++) {
        let root = 0;
        keys.forEach((key, i) => {
          if ((chosen >> i) & 1) root = done(memory.putSlot(root, key, wordOf(values[i]!)));
        });
        parts.push(root);
      }
      const roots = parts.map((part) => hexFromBytes(memory.rootOf(part)));
      for (const [from, part] of parts.entries()) {
        for (const to of parts.keys()) {
          let root = memory.retain(part);
          keys.forEach((key, i) => {
            if ((to >> i) & 1) root = done(memory.putSlot(root, key, wordOf(values[i]!)));
            else root = done(memory.remove(root, key));
          });
          if (hexFromBytes(memory.rootOf(root)) !== roots[to]) throw new Error(`from ${from} to ${to}`);
          memory.release(root);
        }
        expect(hexFromBytes(memory.rootOf(part))).toBe(roots[from]);
      }
      for (const part of parts) memory.release(part);
      expect(memory.bytesInUse).toBe(0);
    });

    test(`whose keys collide ${name} can be changed knowing only the nodes that it takes, and says which those are`, async () => {
      const memory = await TrieMemory.open();
      const put = (root: TrieNode, i: number) => done(memory.putSlot(root, keys[i]!, wordOf(BigInt(i + 1))));
      for (let chosen = 0; chosen < 1 << keys.length; chosen++) {
        const there = keys.flatMap((_, i) => ((chosen >> i) & 1 ? [i] : []));
        const full = there.reduce(put, 0);
        const nodes = new Map<string, Uint8Array>();
        for (const key of keys) {
          for (const node of memory.proof(full, key)) nodes.set(hexFromBytes(keccak256(node)), node);
        }
        for (const [i, key] of keys.entries()) {
          const after = done(memory.remove(memory.retain(full), key));
          const partial = await TrieMemory.open();
          const asked: string[] = [];
          let root = there.length === 0 ? 0 : partial.blind(memory.rootOf(full));
          for (;;) {
            const next = partial.remove(root, key);
            if (typeof next === 'number') {
              root = next;
              break;
            }
            const hash = hexFromBytes(next.hash);
            expect(asked).not.toContain(hash);
            asked.push(hash);
            root = partial.attach(root, next, nodes.get(hash)!, LeafKind.SLOT)!;
          }
          expect(hexFromBytes(partial.rootOf(root))).toBe(hexFromBytes(memory.rootOf(after)));
          // The path, and a sibling where a branch has gone.
          const onPath = there.length === 0 ? 0 : memory.proof(full, key).length;
          expect(asked.length - onPath).toBeLessThanOrEqual(there.includes(i) ? 1 : 0);
          memory.release(after);
        }
        memory.release(full);
      }
    });
  }
});

describe('a trie', () => {
  test('has the root of the other implementation after each of many random changes, and earlier ones stay', async () => {
    const random = new Random(11);
    for (let round = count('trie rounds', { ci: 6, long: 200 }); round > 0; round--) {
      const memory = await TrieMemory.open();
      // Few digits, so that keys share long ways; or hashes.
      const isDense = round % 2 === 0;
      const keys = Array.from({ length: 300 }, (_, i) => {
        if (!isDense) return keccak256(Uint8Array.of(i & 255, i >> 8, round));
        const digits = Array.from({ length: 5 }, () => '03f'[random.below(3)]).join('');
        return keyOf(digits, (['start', 'middle', 'end'] as const)[random.below(3)]!, String(random.below(2)));
      });
      const other = new MerklePatriciaTrie({ db: new MapDB(), valueEncoding: ValueEncoding.Bytes });
      const kept: { root: TrieNode; hash: string }[] = [];
      const now = new Map<string, bigint>();
      let root: TrieNode = 0;
      for (let step = 0; step < 400; step++) {
        const key = keys[random.below(keys.length)]!;
        const name = hexFromBytes(key);
        if (random.below(3) === 0) {
          root = done(memory.remove(root, key));
          await other.del(key);
          now.delete(name);
        } else {
          const value = random.below(2) === 0 ? BigInt(1 + random.below(127)) : BigInt(random.word()) ** 6n + 1n;
          root = done(memory.putSlot(root, key, wordOf(value)));
          await other.put(key, RLP.encode(bytesFromNumber(value)));
          now.set(name, value);
        }
        expect(hexFromBytes(memory.rootOf(root))).toBe(hexFromBytes(other.root()));
        const leaf = done(memory.find(root, key));
        expect(leaf === 0 ? undefined : numberFromBytes(memory.valueOf(leaf))).toBe(now.get(name));
        if (step % 50 === 0) {
          kept.push({ root: memory.retain(root), hash: hexFromBytes(memory.rootOf(root)) });
          if (kept.length > 3) memory.release(kept.splice(random.below(3), 1)[0]!.root);
        }
        for (const { root: earlier, hash } of step % 20 === 0 ? kept : []) {
          expect(hexFromBytes(memory.rootOf(earlier))).toBe(hash);
        }
      }
      for (const { root: earlier } of kept) memory.release(earlier);
      memory.release(root);
      expect(memory.bytesInUse).toBe(0);
    }
  });

  test('that does not fit into its memory says so and stays as it was', async () => {
    const memory = await TrieMemory.open(1 << 20);
    let root: TrieNode = 0;
    let before = '';
    const fill = () => {
      for (let i = 0; ; i++) {
        before = hexFromBytes(memory.rootOf(root));
        root = done(memory.putSlot(root, keccak256(bytesFromNumber(BigInt(i * PRIME + 1))), wordOf(1n)));
      }
    };
    expect(fill).toThrow('do not fit into their memory');
    expect(hexFromBytes(memory.rootOf(root))).toBe(before);
    expect(memory.bytesInUse).toBeLessThan(1 << 20);
  });
});

describe('bytes that are no node', () => {
  const key = keyOf('', 'start', '1');
  const attached = async (node: Uint8Array, kind: LeafKind = LeafKind.SLOT) => {
    const memory = await TrieMemory.open();
    const root = memory.blind(keccak256(node));
    const blind = memory.find(root, key) as BlindNode;
    return memory.attach(root, blind, node, kind);
  };
  const path = Uint8Array.of(0x20, ...key);
  const hash = keccak256(Uint8Array.of());
  const bad: Record<string, Uint8Array> = {
    nothing: Uint8Array.of(),
    'a string': RLP.encode(hash),
    'a list that ends early': Uint8Array.of(0xc2, 0x20),
    'a list with something behind it': Uint8Array.of(...RLP.encode([path, RLP.encode(1)]), 0),
    'three items': RLP.encode([path, path, path]),
    'a leaf of a short path': RLP.encode([Uint8Array.of(0x20, 0x11), RLP.encode(1)]),
    'a leaf of a long path': RLP.encode([Uint8Array.of(0x20, ...key, 0x11), RLP.encode(1)]),
    'a path of an unknown flag': RLP.encode([Uint8Array.of(0x40, ...key), RLP.encode(1)]),
    'a path whose flag hides a digit': RLP.encode([Uint8Array.of(0x21, ...key), RLP.encode(1)]),
    'a slot of zero': RLP.encode([path, RLP.encode(new Uint8Array(0))]),
    'a slot with leading zeros': RLP.encode([path, RLP.encode(Uint8Array.of(0, 1))]),
    'a slot that is too long': RLP.encode([path, RLP.encode(new Uint8Array(33).fill(1))]),
    'a slot that is a list': RLP.encode([path, RLP.encode([1])]),
    'a slot not in its shortest form': RLP.encode([path, Uint8Array.of(0x81, 0x01)]),
    'an extension without a path': RLP.encode([Uint8Array.of(0x00), hash]),
    'an extension over a leaf': RLP.encode([
      Uint8Array.of(0x11),
      [Uint8Array.of(0x20, ...key.subarray(31)), Uint8Array.of(1)],
    ]),
    'an extension over nothing': RLP.encode([Uint8Array.of(0x11), new Uint8Array(0)]),
    'a branch with one child': RLP.encode([hash, ...Array.from({ length: 16 }, () => new Uint8Array(0))]),
    'a branch without children': RLP.encode(Array.from({ length: 17 }, () => new Uint8Array(0))),
    'a branch with a value': RLP.encode([
      hash,
      hash,
      ...Array.from({ length: 14 }, () => new Uint8Array(0)),
      Uint8Array.of(1),
    ]),
    'a branch with a short hash': RLP.encode([
      hash,
      hash.subarray(1),
      ...Array.from({ length: 15 }, () => new Uint8Array(0)),
    ]),
    'a length in more bytes than it needs': Uint8Array.of(0xf8, 35, ...RLP.encode([path, RLP.encode(1)]).subarray(1)),
    'more than any node has': RLP.encode([path, new Uint8Array(600)]),
    'lists in lists': new Uint8Array(500).fill(0xc1),
  };
  for (const [name, node] of Object.entries(bad)) {
    test(`are refused: ${name}`, async () => {
      expect(await attached(node)).toBeUndefined();
    });
  }

  const fields = (change: Partial<Record<0 | 1 | 2 | 3 | 4, Uint8Array | Uint8Array[]>>) =>
    Object.values({ 0: Uint8Array.of(1), 1: Uint8Array.of(2), 2: hash, 3: hash, ...change });
  const accounts: Record<string, Uint8Array> = {
    'a number in place of an account': RLP.encode(1),
    'three fields': RLP.encode([Uint8Array.of(1), Uint8Array.of(2), hash]),
    'five fields': RLP.encode(fields({ 4: hash })),
    'a nonce of nine bytes': RLP.encode(fields({ 0: new Uint8Array(9).fill(1) })),
    'a nonce with leading zeros': RLP.encode(fields({ 0: Uint8Array.of(0, 1) })),
    'a balance of 33 bytes': RLP.encode(fields({ 1: new Uint8Array(33).fill(1) })),
    'a balance that is a list': RLP.encode(fields({ 1: [] })),
    'a short root': RLP.encode(fields({ 2: hash.subarray(1) })),
    'a long code hash': RLP.encode(fields({ 3: Uint8Array.of(1, ...hash) })),
  };
  for (const [name, value] of Object.entries(accounts)) {
    test(`are refused as an account: ${name}`, async () => {
      expect(await attached(RLP.encode([path, value]), LeafKind.ACCOUNT)).toBeUndefined();
    });
  }

  test('are told from those that are', async () => {
    expect(await attached(RLP.encode([path, RLP.encode(1)]))).not.toBeUndefined();
    expect(await attached(RLP.encode([path, RLP.encode(fields({}))]), LeafKind.ACCOUNT)).not.toBeUndefined();
    const empty = Array.from({ length: 15 }, () => new Uint8Array(0));
    expect(await attached(RLP.encode([hash, hash, ...empty]))).not.toBeUndefined();
  });

  test('are refused whatever they are, without a trap', async () => {
    const random = new Random(12);
    const memory = await TrieMemory.open();
    const honest = [RLP.encode([path, RLP.encode(1)]), RLP.encode([path, RLP.encode(fields({}))])];
    honest.push(RLP.encode([hash, hash, ...Array.from({ length: 15 }, () => new Uint8Array(0))]));
    for (let round = count('malformed nodes', { ci: 20_000, long: 2_000_000 }); round > 0; round--) {
      const node = honest[random.below(honest.length)]!.slice(0, 1 + random.below(532));
      for (let flips = random.below(4); flips > 0; flips--) node[random.below(node.length)]! ^= 1 << random.below(8);
      const root = memory.blind(keccak256(node));
      const blind = memory.find(root, key) as BlindNode;
      const after = memory.attach(root, blind, node, round % 2 === 0 ? LeafKind.SLOT : LeafKind.ACCOUNT);
      memory.release(after ?? root);
    }
    expect(memory.bytesInUse).toBe(0);
  });
});
