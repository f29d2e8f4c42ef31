// Small configurations of the store: the location table and version lists.
import { BaseValue, Control, Kind, Location, ReadResult, Version, VersionFlag } from '../../assembly/layout.ts';
import type { Configuration, Program } from './model-explorer.ts';
import { call, type World } from './model-world.ts';

/** Places a key's address and slot in memory. */
function placeKey(world: World, account: number, slot: number): { address: number; slot: number } {
  const address = call(world.host, 'allocate', 24);
  const place = call(world.host, 'allocate', 32);
  for (let at = 0; at < 24; at += 4) world.view.setUint32(address + at, 0);
  for (let at = 0; at < 32; at += 4) world.view.setUint32(place + at, 0);
  world.view.setUint32(address + 16, account);
  world.view.setUint32(place + 28, slot);
  return { address, slot: place };
}

/** One key gets one location, complete when it can be seen, also where hashes collide. */
function locationConfiguration(name: string, capacity: number, colliding: boolean): Configuration {
  // Neighbours have places and tags of their own, whatever the hash of their group; slots that are eight apart have not.
  const [one, other] = [1, colliding ? 9 : 2];
  /** Slots that each worker locates in turn. */
  const orders = [
    [one, other],
    [other, one],
    [one, one],
  ];
  return {
    name,
    world: { workers: orders.length, locations: capacity, colliding },
    prepare: (world) => {
      world.join();
      const keys = new Map([one, other].map((slot) => [slot, placeKey(world, 7, slot)]));
      const calls = orders.map((slots, at) =>
        slots.map((slot) => {
          const key = keys.get(slot)!;
          return () => call(world.instance(at + 1), 'locate', Kind.STORAGE, key.address, key.slot);
        }),
      );
      const check: Program['check'] = (result) => {
        const found = new Map<number, number>();
        for (const [at, slots] of orders.entries()) {
          for (const [turn, slot] of slots.entries()) {
            const index = result(at + 1, turn);
            const before = found.get(slot);
            if (index === 0) {
              if (before === undefined && capacity > 8) return `slot ${slot} has no location`;
              continue;
            }
            if (before !== undefined && before !== index) return `slot ${slot} has locations ${before} and ${index}`;
            found.set(slot, index);
          }
        }
        if (found.size === 2 && found.get(one) === found.get(other)) return 'two slots have one location';
        return wrongKeys(world, found);
      };
      return { calls: [[], ...calls], check };
    },
  };
}

/** The records say what was located, and the table holds every key once. */
function wrongKeys(world: World, found: Map<number, number>): string | undefined {
  const { view } = world;
  const locations = world.control(Control.LOCATIONS);
  const seen = new Set<string>();
  for (let word = 0; word <= world.control(Control.TABLE_MASK); word++) {
    const index = view.getUint32(world.control(Control.TABLE) + word * 4, true) & 0xffffff;
    if (index === 0) continue;
    const location = locations + index * Location.SIZE;
    const slot = view.getUint32(location + Location.SLOT + 28);
    const key = `${view.getUint8(location + Location.KIND)}/${view.getUint32(location + Location.ADDRESS + 16)}/${slot}`;
    if (seen.has(key)) return `${key} is twice in the table`;
    seen.add(key);
  }
  for (const [slot, index] of found) {
    const location = locations + index * Location.SIZE;
    if (view.getUint8(location + Location.KIND) !== Kind.STORAGE) return `slot ${slot} has a location of another kind`;
    if (view.getUint32(location + Location.ADDRESS + 16) !== 7) return `slot ${slot} has another address`;
    if (view.getUint32(location + Location.SLOT + 28) !== slot) return `slot ${slot} has another slot`;
    const reset = locations + (view.getUint32(location + Location.KIND, true) >>> 8) * Location.SIZE;
    if (view.getUint8(reset + Location.KIND) !== Kind.RESET) return `slot ${slot} has no reset location`;
  }
  return undefined;
}

const LIVE = VersionFlag.LIVE;
const DELTA = VersionFlag.DELTA;

/** A location that is ready to be written, and nodes for it. */
class VersionBench {
  readonly location: number;
  readonly #world: World;
  readonly #value: number;

  constructor(world: World, kind: number) {
    this.#world = world;
    world.join();
    const key = placeKey(world, 7, 1);
    const index = call(world.host, 'locate', kind, key.address, kind === Kind.STORAGE ? key.slot : 0);
    this.location = call(world.host, 'locationAt', index);
    this.#value = call(world.host, 'allocate', BaseValue.SIZE);
  }

  /** A node of worker `id` that is not linked yet. */
  node(id: number, transaction: number, incarnation: number, value: number, flags = LIVE): number {
    const { view } = this.#world;
    for (let at = 0; at < BaseValue.SIZE; at += 8) view.setBigUint64(this.#value + at, 0n, true);
    view.setBigUint64(this.#value, BigInt(value), true);
    return call(this.#world.instance(id), 'createVersion', transaction, incarnation, flags, this.#value);
  }

  /** 32 bytes of room. */
  room(): number {
    return call(this.#world.host, 'allocate', BaseValue.SIZE);
  }

  link(id: number, node: number): () => number {
    return () => call(this.#world.instance(id), 'link', this.location, node);
  }

  valueAt(address: number): bigint {
    return this.#world.view.getBigUint64(address, true);
  }

  /** `transaction:incarnation:flags` of every node, newest first. */
  list(): string[] {
    const { view } = this.#world;
    const nodes: string[] = [];
    for (let node = view.getUint32(this.location, true); node !== 0 && nodes.length < 20; ) {
      const meta = view.getUint32(node + Version.META, true);
      nodes.push(`${meta >>> 12}:${(meta >>> 4) & 0xff}:${meta & 0xf}`);
      node = view.getUint32(node + Version.NEXT, true);
    }
    return nodes;
  }
}

/** Concurrent insertions in every order, and a reader among them. */
const insertion: Configuration = {
  name: 'versions: three workers insert into one list',
  world: { workers: 4 },
  prepare: (world) => {
    const bench = new VersionBench(world, Kind.STORAGE);
    const [one, two, twoAgain, three] = [
      bench.node(1, 1, 0, 10),
      bench.node(2, 2, 0, 20),
      bench.node(2, 2, 1, 21),
      bench.node(3, 3, 0, 30),
    ] as [number, number, number, number];
    const out = bench.room();
    const resolve = (id: number) => call(world.instance(id), 'resolve', bench.location, 3, out);
    return {
      calls: [
        [],
        [bench.link(1, one)],
        [bench.link(2, two), bench.link(2, twoAgain), () => call(world.instance(2), 'kill', two)],
        [bench.link(3, three)],
        [() => resolve(4) * 1000 + Number(bench.valueAt(out))],
      ],
      check: (result) => {
        const expected = '3:0:1 2:1:1 2:0:3 1:0:1';
        const list = bench.list().join(' ');
        if (list !== expected) return `the list is ${list} instead of ${expected}`;
        const seen = result(4, 0) - ReadResult.VALUE * 1000;
        if (![0, 10, 20, 21].includes(seen)) return `the reader saw ${seen}`;
        if (resolve(4) !== ReadResult.VALUE || bench.valueAt(out) !== 21n) return `the end is ${bench.valueAt(out)}`;
        return undefined;
      },
    };
  },
};

/** A life only moves forward, whoever moves it. */
const lives: Configuration = {
  name: 'versions: one worker marks what another kills',
  world: { workers: 3 },
  prepare: (world) => {
    const bench = new VersionBench(world, Kind.STORAGE);
    const node = bench.node(1, 1, 0, 10);
    const mark = (id: number) => () => call(world.instance(id), 'markEstimate', node);
    return {
      calls: [
        [],
        [bench.link(1, node), mark(1)],
        [mark(2), () => call(world.instance(2), 'kill', node)],
        [() => call(world.instance(3), 'kill', node), mark(3)],
      ],
      check: () => (bench.list().join(' ') === '1:0:3' ? undefined : `the list is ${bench.list().join(' ')}`),
    };
  },
};

/** Folding committed credits changes nobody's sum. */
const folding: Configuration = {
  name: 'versions: two workers fold credits while others add and read',
  world: { workers: 4 },
  prepare: (world) => {
    const bench = new VersionBench(world, Kind.BALANCE);
    for (const [transaction, amount] of [
      [0, 100],
      [1, 10],
    ] as const)
      bench.link(1, bench.node(1, transaction, 0, amount, DELTA))();
    const later = bench.node(3, 2, 0, 5, DELTA);
    const [first, second] = [bench.room(), bench.room()];
    const out = bench.room();
    const resolve = (transaction: number) => () =>
      call(world.instance(4), 'resolve', bench.location, transaction, out) * 1000 + Number(bench.valueAt(out));
    return {
      calls: [
        [],
        [() => call(world.instance(1), 'fold', bench.location, 1, first)],
        [() => call(world.instance(2), 'fold', bench.location, 1, second)],
        [bench.link(3, later)],
        [resolve(2), resolve(3)],
      ],
      check: (result) => {
        const [before, after] = [result(4, 0) - 1000, result(4, 1) - 1000];
        if (before !== 110) return `transaction 2 sees ${before} instead of 110`;
        if (after !== 110 && after !== 115) return `transaction 3 sees ${after}`;
        const end = resolve(3)() - 1000;
        return end === 115 ? undefined : `the end is ${end} instead of 115`;
      },
    };
  },
};

export const locationConfigurations: readonly Configuration[] = [
  locationConfiguration('locations: three workers, two slots of one account', 16, false),
  locationConfiguration('locations: every key has the same hash', 16, true),
  locationConfiguration('locations: fewer than are wanted', 4, true),
];

export const versionConfigurations: readonly Configuration[] = [insertion, lives, folding];
