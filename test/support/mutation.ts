// Mutations of a request: one or several of its values become something that nobody expects there.

import type { Random } from './fuzz-random.ts';

type Container = Record<string, unknown> | unknown[] | Map<unknown, unknown>;

/** Where a value was changed, as errors write it: `.transactions[1].gas`. */
export interface Mutated {
  readonly paths: readonly string[];
}

/** Values that do not belong anywhere, or nearly do. */
const ODD: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => Number.NaN,
  () => -1,
  () => 1.5,
  () => 2 ** 53,
  () => Number.POSITIVE_INFINITY,
  () => 255,
  () => 0n,
  () => -1n,
  () => 2n ** 63n,
  () => 2n ** 64n,
  () => 2n ** 256n - 1n,
  () => 2n ** 256n,
  () => '',
  () => '0x',
  () => '0x0',
  () => '0x00',
  () => '0x7',
  () => '0xg0',
  () => '0X12',
  () => ' 0x1',
  () => '12',
  () => 'latest',
  () => `0x${'f'.repeat(16)}`,
  () => `0x1${'0'.repeat(16)}`,
  () => `0x${'f'.repeat(64)}`,
  () => `0x1${'0'.repeat(64)}`,
  () => `0x${'ab'.repeat(20)}`,
  () => `0x${'AB'.repeat(21)}`,
  () => `0x${'cd'.repeat(32)}`,
  () => `0x${'cd'.repeat(33)}`,
  () => `0x${'00'.repeat(300)}`,
  () => ({}),
  () => [],
  () => [[]],
  () => new Map(),
  () => new Map([['0x1', '0x2']]),
  () => new Date(0),
  () => new Uint8Array(3),
  () => new Uint8Array(20),
  () => new Uint8Array(33),
  () => Symbol('odd'),
  () => () => '0x1',
  () => ({ toString: () => '0x1', valueOf: () => 1 }),
  () => Object.create(null),
  () => ({ length: 3 }),
  () => 'exactly a string of 42 characters, no hex!',
];

/** Changes what is there a little, so that it is refused for less obvious reasons, or not at all. */
function bend(value: unknown, random: Random): unknown {
  if (typeof value === 'bigint') {
    return random.pick([value + 1n, -value, value << 64n, `0x${value.toString(16)}`, Number(value)]);
  }
  if (Number.isSafeInteger(value)) return bend(BigInt(value as number), random);
  if (typeof value === 'number') return random.pick([value + 1, -value, value * 2 ** 32]);
  if (value instanceof Uint8Array) {
    return random.pick([value.slice(1), Uint8Array.of(...value, 1), new Uint16Array(value), [...value], value.buffer]);
  }
  if (typeof value !== 'string') return random.pick(ODD)();
  const at = random.below(value.length + 1);
  return random.pick([
    value.slice(0, at) + value.slice(at + 1),
    `${value.slice(0, at)}7${value.slice(at)}`,
    `${value}00`,
    `0x${value}`,
    value.slice(2),
    value.toUpperCase(),
    `${value.slice(0, -1)}é`,
    value.replace('0x', '0x000'),
  ]);
}

/** Changes `value`, which must be a fresh one, in up to three places. */
export function mutate(value: unknown, random: Random): Mutated {
  const paths: string[] = [];
  const changes = random.weighted([
    [80, 1],
    [15, 2],
    [5, 3],
  ] as const);
  for (let change = 0; change < changes; change++) paths.push(mutateOnce(value as Container, random, ''));
  return { paths };
}

function mutateOnce(container: Container, random: Random, path: string): string {
  const keys = keysOf(container);
  const key = keys.length === 0 ? undefined : random.pick(keys);
  if (key === undefined || random.chance(4)) return reshape(container, random, path);
  const value = get(container, key);
  const below = `${path}${typeof key === 'number' ? `[${key}]` : `.${String(key)}`}`;
  if (isContainer(value) && random.chance(85)) return mutateOnce(value, random, below);
  if (random.chance(10)) remove(container, key);
  else set(container, key, random.chance(45) ? bend(value, random) : random.pick(ODD)());
  return below;
}

/** Adds, doubles or turns around. */
function reshape(container: Container, random: Random, path: string): string {
  if (Array.isArray(container)) {
    if (container.length === 0 || random.chance(50)) container.push(random.pick(ODD)());
    else container.push(random.pick(container));
  } else {
    set(container, random.pick(['__proto__', 'constructor', 'extra', '0x1', 'length']), random.pick(ODD)());
  }
  return path;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value) && !(value instanceof Date);
}

function keysOf(container: Container): (string | number | unknown)[] {
  if (Array.isArray(container)) return container.map((_, i) => i);
  return container instanceof Map ? [...container.keys()] : Object.keys(container);
}

function get(container: Container, key: unknown): unknown {
  return container instanceof Map ? container.get(key) : (container as Record<string, unknown>)[key as string];
}

function set(container: Container, key: unknown, value: unknown): void {
  if (container instanceof Map) container.set(key, value);
  else Object.defineProperty(container, key as string, { value, writable: true, enumerable: true, configurable: true });
}

function remove(container: Container, key: unknown): void {
  if (container instanceof Map) container.delete(key);
  else if (Array.isArray(container)) container.splice(key as number, 1);
  else delete container[key as string];
}
