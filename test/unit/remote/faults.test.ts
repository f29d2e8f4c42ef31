// Random sequences of faults: each load ends in the right values or in an error that says what happened, and the source
// works on when the faults are over.

import { describe, expect, test } from 'vitest';
import { PevmError, ReorganisationError } from '../../../src/base/errors.ts';
import { bytesFromHex, type Hex, hexFromBytes, keyFromBytes } from '../../../src/base/hex.ts';
import type { StateCache } from '../../../src/state/cache/state-cache.ts';
import { Cancellation } from '../../../src/state/remote/cancellation.ts';
import { openRpcState, type RpcState } from '../../../src/state/remote/rpc-state.ts';
import type { StateKey, StateValue } from '../../../src/state/state-source.ts';
import { count } from '../../support/effort.ts';
import { type Accident, fakeFetch } from '../../support/fake-http.ts';
import { type FakeBlock, FakeNode } from '../../support/fake-node.ts';
import { Random as Choices } from '../../support/fuzz-random.ts';
import { ALICE, BOB, NOBODY, TOKEN, word } from '../../support/remote-source.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

type Random = () => number;

function randomOf(seed: number): Random {
  const choices = new Choices(seed);
  return () => choices.word() / 2 ** 32;
}

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

/** State that is another one at each block, and on each branch. */
function addBlock(node: FakeNode, branch: string): void {
  const number = node.length;
  const mark = BigInt(number) * 1000n + BigInt(branch.length);
  const storage = Object.fromEntries(Array.from({ length: 40 }, (_, k) => [word(k), word(mark * 100n + BigInt(k))]));
  node.add(
    {
      [ALICE]: { balance: 10n ** 18n + mark, nonce: number + 1 },
      [BOB]: { balance: mark },
      [TOKEN]: { nonce: 1, code: `0x60${number.toString(16).padStart(2, '0')}600255`, storage },
    },
    branch,
  );
}

/** The truth about one key at one block. */
function truth({ state }: FakeBlock, key: StateKey): unknown {
  const account = state.accounts.get(keyFromBytes(bytesFromHex(key.address)));
  if (key.kind === 'code') return hexFromBytes(account?.code ?? new Uint8Array(0));
  if (key.kind === 'account') return [account?.balance ?? 0n, account?.nonce ?? 0n];
  return hexFromBytes(account?.storage.get(keyFromBytes(bytesFromHex(key.slot)))?.value ?? new Uint8Array(32));
}

function told(value: StateValue): unknown {
  if (value.kind === 'account') return [value.balance, value.nonce];
  return value.kind === 'code' ? value.code : value.kind === 'storage' ? value.value : value;
}

function randomKeys(random: Random): StateKey[] {
  return Array.from({ length: 1 + Math.floor(random() * 12) }, (): StateKey => {
    const address = pick<Hex>(random, [ALICE, BOB, TOKEN, NOBODY]);
    if (random() < 0.6) return { kind: 'storage', address: TOKEN, slot: word(Math.floor(random() * 40)) };
    return { kind: random() < 0.5 ? 'account' : 'code', address };
  });
}

const page = (status: number, headers: Record<string, string> = {}) => new Response('<html>', { status, headers });
const refused = (code: number, message: string) => ({ jsonrpc: '2.0' as const, error: { code, message } });

/** A slot of 31 bytes; what may have any length, as code, would only be caught by a proof. */
function shortened<T extends object>(item: T): T {
  const { result } = item as { result?: unknown };
  return typeof result === 'string' && result.length === 66 ? { ...item, result: result.slice(0, 64) } : item;
}

/** Each kind of fault there is, some of them to single answers only. */
const FAULTS: readonly ((random: Random, node: FakeNode) => Accident)[] = [
  () => ({ before: () => 'never' }),
  () => ({ before: () => 'reset' }),
  (random) => ({ delayMs: Math.floor(random() * 15_000) }),
  (random) => ({ before: () => page(pick(random, [403, 408, 429, 500, 502, 503, 504])) }),
  (random) => ({ before: () => page(429, { 'retry-after': String(Math.floor(random() * 40)) }) }),
  () => ({ before: () => page(413) }),
  (random) => ({ text: (text) => text.slice(0, Math.floor(random() * text.length)) }),
  () => ({ text: () => '<!doctype html>' }),
  () => ({ items: (items) => items.toReversed() }),
  (random) => ({ items: (items) => items.filter(() => random() < 0.7) }),
  (random) => ({ items: (items) => [...items, pick(random, items)] }),
  () => ({ items: (items) => items.map((item, at) => ({ ...item, id: items[(at + 1) % items.length]?.id })).slice(1) }),
  () => ({ items: (items) => items[0] }),
  () => ({ items: () => ({ id: null, ...refused(-32005, 'limit exceeded') }) }),
  () => ({ items: () => [{ id: null, ...refused(-32600, 'batch too large') }] }),
  (random) => ({ item: (item) => (random() < 0.5 ? item : { id: item.id, ...refused(429, 'slow down') }) }),
  (random) => ({ item: (item) => (random() < 0.5 ? item : { id: item.id, ...refused(-32603, 'internal') }) }),
  (random) => ({ item: (item) => (random() < 0.5 ? item : shortened(item)) }),
  (random) => ({ item: (item) => (random() < 0.5 ? item : { ...item, result: null }) }),
  (random) => ({ item: (item) => (random() < 0.5 ? item : { ...item, id: Number(item.id) + 1000 }) }),
  // The header of another block than was asked for.
  (_, node) => ({
    item: (item) =>
      'result' in item && typeof item.result === 'object' && item.result !== null
        ? { ...item, result: node.block(0).header }
        : item,
  }),
];

/** A cache on a bad disk: what is read or written may fail, be cut off, changed in a byte, or be what stands under another name. */
function badCache(random: Random, rate: () => number): StateCache {
  const texts = new Map<string, string>();
  const damaged = (text: string): string => {
    const at = Math.floor(random() * text.length);
    return random() < 0.5
      ? text.slice(0, at)
      : `${text.slice(0, at)}${pick(random, ['0', 'f', '\n', '"'])}${text.slice(at + 1)}`;
  };
  return {
    async read(name) {
      if (random() >= rate()) return texts.get(name);
      if (random() < 0.3) throw new Error('the disk is gone');
      const text = texts.get(random() < 0.5 ? name : pick(random, [name, ...texts.keys()]));
      return text === undefined ? undefined : damaged(text);
    },
    async append(name, text) {
      if (random() < rate() / 4) throw new Error('the disk is full');
      texts.set(name, (texts.get(name) ?? '') + (random() < rate() / 2 ? damaged(text) : text));
    },
  };
}

interface Sequence {
  readonly nodes: readonly FakeNode[];
  readonly clock: VirtualClock;
  readonly source: RpcState;
  /** Another source that keeps things in the same cache. */
  readonly earlier: RpcState | undefined;
  /** Ends all faults. */
  calm(): void;
}

function sequenceOf(random: Random): Sequence {
  const clock = new VirtualClock();
  const nodes = Array.from({ length: pick(random, [1, 1, 2, 3]) }, () => {
    const node = new FakeNode({ byHash: random() < 0.7, keepsFrom: random() < 0.1 ? 3n : 0n });
    for (let number = 0; number < 4; number++) addBlock(node, '');
    return node;
  });
  let rate = pick(random, [0.1, 0.3, 0.6, 0.95]);
  const cache = random() < 0.5 ? badCache(random, () => rate) : undefined;
  const transport = nodes.map((node, at) => ({
    url: `http://node${at}.test`,
    fetch: fakeFetch(node, { clock, accident: () => (random() < rate ? pick(random, FAULTS)(random, node) : {}) }),
  }));
  const limits = {
    ...{ retries: pick(random, [0, 1, 4]), concurrency: pick(random, [1, 3, 8]) },
    ...{ batch: pick(random, ['auto', 1, 4] as const), timeoutMs: pick(random, [1000, 10_000]) },
  };
  const options = { transport, limits, ...(cache !== undefined && { cache }) };
  // With a cache the sequence begins on another one's source, at another block, which has kept things too.
  const source = openRpcState({ ...options, block: 3 }, { clock, random });
  const earlier = openRpcState({ ...options, block: 2 }, { clock, random });
  return {
    nodes,
    clock,
    source,
    earlier: cache === undefined ? undefined : earlier,
    calm: () => {
      rate = 0;
    },
  };
}

async function runSequence(seed: number): Promise<'right' | 'failed' | 'reorganised'> {
  const random = randomOf(seed);
  const { nodes, clock, source, earlier, calm } = sequenceOf(random);
  let ending: 'right' | 'failed' | 'reorganised' = 'right';
  let moved = false;
  const load = async (keys: StateKey[], abortAfterMs?: number) => {
    const controller = new AbortController();
    const reason = new Error('aborted');
    if (abortAfterMs !== undefined) {
      void clock.sleep(abortAfterMs, new Cancellation()).then(() => controller.abort(reason));
    }
    try {
      const values = await clock.run(source.load(keys, { signal: controller.signal }));
      // Pinned by the first load that came so far.
      const pinned = nodes[0]!.byHash((await source.pinned()).hash);
      expect(values.map(told)).toEqual(keys.map((key) => truth(pinned, key)));
    } catch (error) {
      if (error === reason) return;
      if (!(error instanceof PevmError)) throw error;
      ending = error instanceof ReorganisationError ? 'reorganised' : 'failed';
      if (error instanceof ReorganisationError) expect(moved).toBe(true);
      expect(error.message.length).toBeGreaterThan(10);
    }
  };
  if (earlier !== undefined) {
    const kept = Promise.allSettled([earlier.load(randomKeys(random)), earlier.at(3).load(randomKeys(random))]);
    await clock.run(kept);
  }
  for (let round = 0; round < 4; round++) {
    if (round === 2 && random() < 0.25) {
      moved = true;
      for (const node of nodes) {
        node.rewind(2);
        for (const branch of ['b', 'bb']) addBlock(node, branch);
      }
    }
    await load(randomKeys(random), random() < 0.1 ? Math.floor(random() * 3000) : undefined);
  }
  calm();
  await clock.run(clock.sleep(120_000, new Cancellation()));
  ending = 'right';
  await load(randomKeys(random));
  expect(moved ? ['right', 'reorganised'] : ['right']).toContain(ending);
  return ending;
}

describe('random sequences of faults', () => {
  const sequences = count('rpc-faults', { ci: 1200, long: 100_000 });
  const parts = 12;

  test.for(Array.from({ length: parts }, (_, part) => part))(
    'end in right values or typed errors, part %i',
    { timeout: 120_000 },
    async (part) => {
      const from = Math.floor((part * sequences) / parts);
      const to = Math.floor(((part + 1) * sequences) / parts);
      for (let seed = from; seed < to; seed++) {
        await runSequence(seed).catch((cause: unknown) => {
          throw new Error(`sequence ${seed}`, { cause });
        });
      }
    },
  );
});
