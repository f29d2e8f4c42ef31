// What is kept of a node's state from run to run: by chain and block, code by its hash; and what damage does, which is nothing.

import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Hex } from '../../../src/base/hex.ts';
import { fileCache, indexedDbCache, memoryCache, type StateCache } from '../../../src/index.ts';
import { CodeStore } from '../../../src/state/remote/code-store.ts';
import type { RpcState } from '../../../src/state/remote/rpc-state.ts';
import type { SourceKey, StateValue } from '../../../src/state/state-source.ts';
import { FakeNode, type FakeNodeOptions } from '../../support/fake-node.ts';
import { BOB, setup, TOKEN } from '../../support/remote-source.ts';

const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const ALICE: Hex = `0x${'a1'.repeat(20)}`;
const NOBODY: Hex = `0x${'dd'.repeat(20)}`;
let next = 0;

/** Blocks 0 to 3; in the one of number n Alice has n, and the contract n in its slot 1. Code is one that no other test has. */
function nodeOf(options: FakeNodeOptions = {}): { node: FakeNode; contract: Hex } {
  const node = new FakeNode(options);
  const contract: Hex = `0x${(++next).toString(16).padStart(40, 'c')}`;
  const code: Hex = `0x60${next.toString(16).padStart(2, '0')}${'5b'.repeat(100)}${Date.now().toString(16).padStart(16, '0')}`;
  for (let number = 0; number < 4; number++) {
    node.add({
      [ALICE]: { balance: BigInt(number), nonce: 1n },
      [contract]: { balance: 7n, code, storage: { '0x1': BigInt(number) } },
    });
  }
  return { node, contract };
}

const keysFor = (contract: Hex): SourceKey[] => [
  { kind: 'account', address: ALICE },
  { kind: 'account', address: NOBODY },
  { kind: 'account', address: contract },
  { kind: 'code', address: contract },
  { kind: 'storage', address: contract, slot: word(1) },
  { kind: 'blockHash', number: 0n },
];

/** Code is shared by all sources of a process: to meet it in a cache takes forgetting it. */
function forgetCode(): void {
  vi.spyOn(CodeStore.prototype, 'get').mockReturnValue(undefined);
}

async function read(source: RpcState, contract: Hex): Promise<StateValue[]> {
  return source.load(keysFor(contract));
}

let underWay = 0;

/** The cache, in a way that one can wait for: sources do not wait for what they write. */
function watched({ read, append }: StateCache): StateCache {
  const counted = <T>(promise: Promise<T>) => {
    underWay++;
    return promise.finally(() => {
      underWay--;
    });
  };
  return { read: (name) => counted(read(name)), append: (name, text) => counted(append(name, text)) };
}

/** Waits until nothing more is written. */
async function settled(): Promise<void> {
  for (let quiet = 0; quiet < 3; quiet = underWay === 0 ? quiet + 1 : 0)
    await new Promise((resolve) => setTimeout(resolve));
}

const folder = () => mkdtempSync(join(tmpdir(), 'pevm-cache-'));
const caches: readonly (readonly [string, () => StateCache])[] = [
  ['memory', () => watched(memoryCache())],
  ['file', () => watched(fileCache(join(folder(), 'made/when/needed')))],
];

test.each(caches)('what was fetched is not asked for again: %s', async (_, make) => {
  const { node, contract } = nodeOf();
  const cache = make();
  const first = setup({ node, cache, block: 3 }).source;
  const values = await read(first, contract);
  expect(first.statistics()).toMatchObject({ keys: 5, cached: 0, cacheFaults: 0 });
  await settled();
  forgetCode();
  const again = setup({ node, cache, block: 3 }).source;
  await again.pinned();
  const { requests, rounds } = again.statistics();
  expect(await read(again, contract)).toEqual(values);
  expect(again.statistics()).toMatchObject({ requests, rounds, keys: 5, cached: 5, cacheFaults: 0 });
  vi.restoreAllMocks();
});

test('blocks, chains, and what is proven and not, have nothing in common but code', async () => {
  const { node, contract } = nodeOf();
  await node.seal();
  const names: string[] = [];
  const inner = memoryCache();
  const cache = watched({
    read: (name) => inner.read(name),
    append: (name, text) => {
      names.push(name);
      return inner.append(name, text);
    },
  });
  const balance = async (source: RpcState) => {
    const [value] = await source.load([{ kind: 'account', address: ALICE }]);
    await settled();
    return (value as { balance: bigint }).balance;
  };
  expect(await balance(setup({ node, cache, block: 3 }).source)).toBe(3n);
  expect(await balance(setup({ node, cache, block: 2 }).source)).toBe(2n);
  const { hash } = node.block(3);
  const proven = setup({ node, cache, block: hash, verifyProofs: true }).source;
  expect(await balance(proven)).toBe(3n);
  expect(proven.statistics().cached).toBe(0);
  // Another chain with the same blocks.
  const other = new FakeNode({ chainId: 7 });
  for (let number = 0; number < 4; number++)
    other.add({ [ALICE]: { balance: 99n } }, '', { hash: node.block(number).hash });
  expect(await balance(setup({ node: other, cache, block: 3 }).source)).toBe(99n);
  for (const block of [2, 3]) await read(setup({ node, cache, block }).source, contract);
  await settled();
  expect(new Set(names.filter((name) => !/^(code|learned)/.test(name)))).toEqual(
    new Set([`state-1337-${hash}`, `state-1337-${node.block(2).hash}`, `proven-1337-${hash}`, `state-7-${hash}`]),
  );
  expect(names.filter((name) => name.startsWith('code')).length).toBe(1);
});

test('files that are damaged, cut off at any length, or of another block are noticed, counted, and asked for anew', async () => {
  const { node, contract } = nodeOf();
  const directory = folder();
  const cache = watched(fileCache(directory));
  const values = await read(setup({ node, cache, block: 3 }).source, contract);
  const before = await read(setup({ node, cache, block: 2 }).source, contract);
  await settled();
  const file = join(directory, `state-1337-${node.block(3).hash}`);
  const good = readFileSync(file);
  const damaged: Buffer[] = [
    readFileSync(join(directory, `state-1337-${node.block(2).hash}`)),
    Buffer.from('not ours\n'),
  ];
  for (let at = 2; at < good.length - 1; at += 43) {
    damaged.push(good.subarray(0, at));
    const flipped = Buffer.from(good);
    flipped[at]! ^= 1;
    damaged.push(flipped);
  }
  expect(before).not.toEqual(values);
  for (const content of damaged) {
    writeFileSync(file, content);
    const { source } = setup({ node, cache, block: 3 });
    expect(await read(source, contract)).toEqual(values);
    expect(source.statistics()).toMatchObject({ cached: 0, cacheFaults: 1 });
    await settled();
  }
  // What was appended behind the damage holds.
  const { source } = setup({ node, cache, block: 3 });
  expect(await read(source, contract)).toEqual(values);
  expect(source.statistics()).toMatchObject({ cached: 5, cacheFaults: 1 });
});

test('code that is not what its hash says is asked for anew', async () => {
  const { node, contract } = nodeOf();
  const directory = folder();
  const cache = watched(fileCache(directory));
  const values = await read(setup({ node, cache, block: 3 }).source, contract);
  await settled();
  const [name] = readdirSync(directory).filter((each) => each.startsWith('code'));
  expect(statSync(join(directory, name!)).size).toBeGreaterThan(100);
  writeFileSync(join(directory, name!), '\n0x6001\n');
  forgetCode();
  const { source } = setup({ node, cache, block: 3 });
  expect(await read(source, contract)).toEqual(values);
  expect(source.statistics()).toMatchObject({ cached: 4, cacheFaults: 1 });
  vi.restoreAllMocks();
});

test('a cache that fails is as if there was none, and is counted', async () => {
  const { node, contract } = nodeOf();
  const broken = watched({
    read: () => Promise.reject(new Error('no disk')),
    append: () => Promise.reject(new Error('disk full')),
  });
  const { source } = setup({ node, cache: broken, block: 3 });
  const values = await read(source, contract);
  expect(values).toEqual(await read(setup({ node, block: 3 }).source, contract));
  await settled();
  expect(source.statistics().cacheFaults).toBeGreaterThanOrEqual(2);
  const blocked = fileCache(join(folder(), 'x'));
  writeFileSync(join(folder(), 'y'), '');
  expect(await blocked.read('nothing')).toBeUndefined();
});

test('memory is bounded, and bad options are named', async () => {
  const cache = memoryCache({ maximumCharacters: 10 });
  await cache.append('a', '12345');
  await cache.append('b', '12345');
  await cache.read('a');
  await cache.append('c', '123');
  expect([await cache.read('a'), await cache.read('b'), await cache.read('c')]).toEqual(['12345', undefined, '123']);
  const { node } = nodeOf();
  expect(() => setup({ node, cache: {} as never })).toThrow(/options\.cache: expected a cache/);
  expect(() => memoryCache({ maximumCharacters: 0 })).toThrow(/maximumCharacters/);
  expect(() => fileCache(7 as never)).toThrow(/directory: expected a path/);
  expect(() => indexedDbCache()).toThrow(/no IndexedDB here/);
});

test('slots that were proven are kept by the root of their storage, and are those of every block where it is the same', async () => {
  const node = new FakeNode();
  const storage = { [word(1)]: word(11), [word(2)]: word(12) };
  const code = '0x6001600255';
  for (let number = 0; number < 3; number++)
    node.add({ [ALICE]: { balance: BigInt(number + 1) }, [TOKEN]: { code, storage } });
  node.add({ [TOKEN]: { code, storage: { ...storage, [word(2)]: word(99) } }, [BOB]: { balance: 1n } });
  await node.seal();
  const cache = watched(memoryCache());
  const slot = (at: number) => ({ kind: 'storage', address: TOKEN, slot: word(at) }) as const;
  /** The values of both slots at a block, and how many of them the node had to prove. */
  const at = async (number: number, of: StateCache = cache) => {
    const { hash } = node.block(number);
    const { source } = setup({ node, cache: of, block: hash, verifyProofs: true });
    await source.load([{ kind: 'account', address: TOKEN }]);
    const { requests } = source.statistics();
    const values = await source.load([slot(1), slot(2), slot(3)]);
    await settled();
    return {
      values: values.map((value) => value.kind === 'storage' && Number(value.value)),
      asked: source.statistics().requests - requests,
    };
  };
  expect(await at(1)).toEqual({ values: [11, 12, 0], asked: 1 });
  expect(await at(2)).toEqual({ values: [11, 12, 0], asked: 0 });
  // Another value, another root.
  expect(await at(3)).toEqual({ values: [11, 99, 0], asked: 1 });
  // What was copied from another storage's file is none of this one's.
  const text = String(await cache.read(`storage-${await rootOf(node, 1)}`));
  const copied = watched(memoryCache());
  await copied.append(`storage-${await rootOf(node, 3)}`, text);
  expect(await at(3, copied)).toEqual({ values: [11, 99, 0], asked: 1 });
});

async function rootOf(node: FakeNode, number: number): Promise<string> {
  const params = [TOKEN, [], { blockHash: node.block(number).hash }];
  const reply = await node.answer({ method: 'eth_getProof', params });
  return (reply as { result: { storageHash: string } }).result.storageHash;
}
