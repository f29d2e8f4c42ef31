// Well-formed requests of many shapes, fresh ones each time: what mutations begin with.

import type { Hex } from '../../src/base/hex.ts';
import type { Hardfork } from '../../src/chain/hardfork.ts';
import type { Random } from './fuzz-random.ts';

const hex = (random: Random, bytes: number): Hex => `0x${Buffer.from(random.bytes(bytes)).toString('hex')}`;
const quantity = (random: Random, bits: number): Hex => `0x${(random.bits(random.between(1, bits)) | 1n).toString(16)}`;

const FORKS: readonly Hardfork[] = [
  'homestead',
  'byzantium',
  'berlin',
  'london',
  'paris',
  'shanghai',
  'cancun',
  'prague',
  'osaka',
];
/** The newest type of transaction. */
const AGE: Readonly<Record<string, number>> = {
  homestead: 0,
  byzantium: 0,
  berlin: 1,
  london: 2,
  paris: 2,
  shanghai: 2,
  cancun: 3,
  prague: 4,
  osaka: 4,
};

/** A block as it may come from a node or a library, and the fork that it is of. */
export function oddBlock(random: Random): { hardfork: Hardfork; block: Record<string, unknown> } {
  const hardfork = random.pick(FORKS);
  const at = FORKS.indexOf(hardfork);
  const since = (fork: Hardfork, fields: () => object) => (at >= FORKS.indexOf(fork) ? fields() : {});
  const block = {
    hash: hex(random, 32),
    number: random.pick([quantity(random, 24), random.below(2 ** 24), random.bits(24), '0x0', '0x5']),
    parentHash: hex(random, 32),
    [random.pick(['miner', 'coinbase', 'feeRecipient'])]: hex(random, 20),
    gasLimit: random.pick([quantity(random, 32), 30_000_000]),
    timestamp: random.pick([quantity(random, 32), random.bits(32)]),
    difficulty: quantity(random, 64),
    extraData: hex(random, random.below(33)),
    ...since('london', () => ({ baseFeePerGas: random.pick([quantity(random, 40), random.bits(40)]) })),
    ...since('paris', () => ({ mixHash: hex(random, 32) })),
    ...since('shanghai', () => ({ withdrawals: list(random, 2, () => withdrawal(random)) })),
    ...since('cancun', () => ({ excessBlobGas: quantity(random, 28), parentBeaconBlockRoot: hex(random, 32) })),
    transactions: list(random, 3, () => transaction(random, random.below((AGE[hardfork] ?? 0) + 1))),
  };
  return { hardfork, block };
}

function list<T>(random: Random, most: number, one: () => T): T[] {
  return Array.from({ length: random.below(most + 1) }, one);
}

function withdrawal(random: Random): object {
  return {
    index: quantity(random, 32),
    validatorIndex: quantity(random, 20),
    address: hex(random, 20),
    amount: random.pick([quantity(random, 64), random.bits(50)]),
  };
}

function transaction(random: Random, type: number): Record<string, unknown> {
  const fees =
    type < 2
      ? { gasPrice: quantity(random, 60) }
      : { maxFeePerGas: quantity(random, 60), maxPriorityFeePerGas: random.bits(50) };
  return {
    ...random.pick([{ type: `0x${type}` }, type === 0 ? {} : { type }]),
    nonce: random.pick([quantity(random, 32), random.below(1000)]),
    from: hex(random, 20),
    ...(type > 2 || random.chance(80) ? { to: hex(random, 20) } : { to: null }),
    value: random.pick([quantity(random, 256), random.bits(70)]),
    [random.pick(['gas', 'gasLimit'])]: quantity(random, 24),
    [random.pick(['input', 'data'])]: hex(random, random.below(70)),
    ...fees,
    ...(type === 0 ? {} : { chainId: '0x1', accessList: list(random, 2, () => access(random)) }),
    ...(type === 3 ? { maxFeePerBlobGas: quantity(random, 40), blobVersionedHashes: [hex(random, 32)] } : {}),
    ...(type === 4 ? { authorizationList: list(random, 2, () => authorization(random)) } : {}),
    ...signature(random, type),
  };
}

function access(random: Random): object {
  const [address, storageKeys] = [hex(random, 20), list(random, 2, () => hex(random, 32))];
  return random.chance(70) ? { address, storageKeys } : [address, storageKeys];
}

function authorization(random: Random): object {
  return {
    chainId: random.pick(['0x0', '0x1', '0x', 1]),
    address: hex(random, 20),
    nonce: quantity(random, 64),
    ...random.pick([{ yParity: '0x1' }, { v: '0x0' }, { yParity: 0, v: 27n }]),
    r: quantity(random, 256),
    s: quantity(random, 256),
  };
}

function signature(random: Random, type: number): object {
  const parts = { r: quantity(random, 256), s: quantity(random, 255) };
  const parity = type === 0 ? { v: random.pick(['0x1b', '0x1c', '0x25', 38]) } : { yParity: '0x1', v: '0x1' };
  return random.pick([{ ...parts, ...parity }, {}, { signature: { ...parts, ...parity } }]);
}

/** A genesis alloc as it may come from files, dumps and libraries. */
export function oddAlloc(random: Random): Record<string, unknown> | Map<string, unknown> {
  const accounts = Object.fromEntries(
    Array.from({ length: random.between(1, 3) }, () => [hex(random, 20), account(random)]),
  );
  return random.pick([
    () => accounts,
    () => new Map(Object.entries(accounts)),
    () => ({ alloc: accounts }),
    () => Object.fromEntries(Object.entries(accounts).map(([address, value]) => [address.slice(2), value])),
  ])();
}

function account(random: Random): object {
  const storage = Object.fromEntries(
    list(random, 3, () => [hex(random, 32), random.pick([quantity(random, 256), '17', 18])]),
  );
  return {
    balance: random.pick([quantity(random, 256), random.bits(90), '1000', 0]),
    nonce: random.pick([quantity(random, 64), 1, undefined]),
    ...random.pick([{ code: hex(random, random.below(50)) }, { code: '0x' }, {}]),
    storage: random.chance(50) ? storage : new Map(Object.entries(storage)),
  };
}
