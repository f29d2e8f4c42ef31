// The `config` of a genesis file, as geth and its relatives write it, as a chain.

import { InputError } from '../base/errors.ts';
import type { Hex } from '../base/hex.ts';
import { address, amount, describe, integer, plainObject } from '../base/reader.ts';
import type { BlobRules, Chain, ChainFork } from './chain.ts';
import { HARDFORKS, type Hardfork } from './hardfork.ts';
import { rulesOf } from './rules.ts';

/** Forks by block number, in order; without the ending, in lower case, since geth reads keys without regard to case. */
const BY_BLOCK: readonly (readonly [string, Hardfork])[] = [
  ['homestead', 'homestead'],
  ['eip150', 'tangerineWhistle'],
  ['eip158', 'spuriousDragon'],
  ['byzantium', 'byzantium'],
  ['constantinople', 'constantinople'],
  ['petersburg', 'petersburg'],
  ['istanbul', 'istanbul'],
  ['muirglacier', 'muirGlacier'],
  ['berlin', 'berlin'],
  ['london', 'london'],
  ['arrowglacier', 'arrowGlacier'],
  ['grayglacier', 'grayGlacier'],
  ['mergenetsplit', 'mergeNetsplitBlock'],
];

/** Forks by time, in order. Forks that change the schedule of blobs alone have numbers: bpo1 to bpo5 (EIP-7892). */
const BY_TIME: readonly string[] = [
  ...['shanghai', 'cancun', 'prague', 'osaka'],
  ...['bpo1', 'bpo2', 'bpo3', 'bpo4', 'bpo5', 'amsterdam'],
];
const BLOBS_ONLY = /^bpo[0-9]$/;

/** Forks that may be left out though later ones are there: they changed difficulties, blobs or one chain alone. */
const OPTIONAL = new Set(['petersburg', 'muirglacier', 'arrowglacier', 'grayglacier', 'mergenetsplit']);
/** What is no fork of its own. */
const ELSEWHERE = new Set(['eip155block', 'daoforkblock']);
/** Chains whose blocks follow other rules. */
const OTHER_RULES = [
  ...['optimism', 'bor', 'parlia', 'arbitrum', 'aura', 'taiko', 'congress', 'ibft', 'ibft2', 'qbft'],
  // Quorum, Ronin, Core, Scroll, chains of Avalanche.
  ...['isquorum', 'istanbul', 'consortium', 'satoshi', 'scroll', 'feeconfig'],
  // What Besu, Quorum and others let genesis files change in the EVM.
  ...['zerobasefee', 'contractsizelimit', 'maxcodesize', 'maxcodesizeconfig', 'evmstacksize', 'fixedbasefee'],
];
/** Values by which such keys change nothing: the size of code (EIP-170), the depth of stacks. */
const AS_EVERYWHERE: ReadonlySet<unknown> = new Set([false, 24_576, 1024]);
const blockNumber = amount(64);

/**
 * A chain by the `config` of its genesis file: forks by block and time, the merge, the schedule of blobs, where deposits
 * are made, and whether blocks are rewarded (`ethash`) or not (`clique`). Where a fork does not say how many blobs a block
 * may have, mainnet's do.
 * @throws InputError naming the field: forks out of order, rules of other chains
 */
export function chainFromGenesisConfig(config: unknown, field = 'config'): Chain {
  const source = new Source(config, field);
  for (const key of OTHER_RULES) {
    if (source.has(key) && !AS_EVERYWHERE.has(source.get(key)))
      throw source.error(key, 'blocks of such chains follow rules that are not known here');
  }
  const id = integer(Number.MAX_SAFE_INTEGER)(source.get('chainid'), source.name('chainId'));
  checkDao(source, id);
  const forks = [...forksByBlock(source), ...merge(source)].sort(byOrder);
  const depositContract = source.has('depositcontractaddress')
    ? address(source.get('depositcontractaddress'), source.name('depositcontractaddress'))
    : null;
  const blockReward = source.has('ethash') ? true : source.has('clique') ? false : undefined;
  return {
    id,
    forks: [...forks, ...forksByTime(source, forks)],
    depositContract: depositContract as Hex | null,
    blockReward,
  };
}

/** The config's values by their keys in lower case. */
class Source {
  readonly #field: string;
  readonly #values = new Map<string, { key: string; value: unknown }>();

  constructor(config: unknown, field: string) {
    this.#field = field;
    for (const [key, value] of Object.entries(plainObject(config, field))) {
      // `null` and nothing are the same to geth.
      if (value !== undefined && value !== null) this.#values.set(key.toLowerCase(), { key, value });
    }
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): unknown {
    return this.#values.get(key)?.value;
  }

  name(key: string): string {
    return `${this.#field}.${this.#values.get(key)?.key ?? key}`;
  }

  error(key: string, message: string): InputError {
    return new InputError(this.name(key), message);
  }

  /** A block number or a time; `undefined` where there is none. */
  number(key: string): bigint | undefined {
    return this.has(key) ? blockNumber(this.get(key), this.name(key)) : undefined;
  }

  /** Keys of forks that are not among those known, with their endings. */
  strangers(ending: 'block' | 'time', known: readonly string[]): string[] {
    return [...this.#values.keys()].filter(
      (key) => key.endsWith(ending) && !ELSEWHERE.has(key) && !known.includes(key.slice(0, -ending.length)),
    );
  }
}

function checkDao(source: Source, id: number): void {
  const block = source.number('daoforkblock') ?? 0n;
  if (block > 0n && id !== 1 && source.get('daoforksupport') === true) {
    throw source.error('daoforkblock', "the DAO's funds are moved on mainnet only");
  }
}

function forksByBlock(source: Source): ChainFork[] {
  const [replay, empty] = [source.number('eip155block'), source.number('eip158block')];
  if (replay !== undefined && replay !== empty) {
    throw source.error('eip155block', 'differs from eip158Block: Spurious Dragon is known here as one');
  }
  const known = BY_BLOCK.map(([name]) => name);
  for (const key of source.strangers('block', known)) {
    throw source.error(key, `an unknown fork; known are ${known.map((name) => `${name}Block`).join(', ')}`);
  }
  const forks: ChainFork[] = [];
  let missing: string | undefined;
  let before = { key: '', block: 0n };
  for (const [name, hardfork] of BY_BLOCK) {
    const key = `${name}block`;
    const block = source.number(key);
    if (block === undefined) {
      if (!OPTIONAL.has(name)) missing ??= key;
      continue;
    }
    if (missing !== undefined) throw source.error(missing, `missing, and ${source.name(key)} comes after it`);
    if (block < before.block) throw source.error(key, `lower than ${source.name(before.key)}, which comes before it`);
    before = { key, block };
    forks.push({ hardfork, name, since: { block } });
    // geth: where Petersburg is not named, it comes with Constantinople.
    if (name === 'constantinople' && !source.has('petersburgblock')) {
      forks.push({ hardfork: 'petersburg', name, since: { block } });
    }
  }
  return forks;
}

/** From the beginning, or by total difficulty, which blocks without difficulty have reached. */
function merge(source: Source): ChainFork[] {
  const key = 'terminaltotaldifficulty';
  if (!source.has(key)) return [];
  const value = source.get(key);
  // A number beyond 2^53 has lost its digits on the way; whether it is 0 is all that is asked.
  const isLarge = typeof value === 'number' && value > Number.MAX_SAFE_INTEGER && value < Number.POSITIVE_INFINITY;
  const total = isLarge ? BigInt(value) : amount(256)(value, source.name(key));
  return [{ hardfork: 'paris', name: 'paris', since: total === 0n ? { block: 0n } : 'merge' }];
}

/** By fork; forks that begin at once stay in their order. */
function byOrder(left: ChainFork, right: ChainFork): number {
  return HARDFORKS.indexOf(left.hardfork!) - HARDFORKS.indexOf(right.hardfork!);
}

function forksByTime(source: Source, before: readonly ChainFork[]): ChainFork[] {
  const forks: ChainFork[] = [];
  const [shanghai] = BY_TIME.filter((name) => source.has(`${name}time`));
  const isMergeable = before.some(({ hardfork }) => hardfork !== undefined && rulesOf(hardfork).hasProofOfStake);
  if (shanghai !== undefined && !isMergeable) {
    throw source.error(
      'terminalTotalDifficulty',
      `missing, and ${source.name(`${shanghai}time`)} comes after the merge`,
    );
  }
  const schedule = plainObject(source.get('blobschedule') ?? {}, source.name('blobSchedule'));
  let hardfork: Hardfork | undefined = 'paris';
  let blobs: BlobRules | undefined;
  let last = { key: '', time: 0n };
  for (const name of BY_TIME) {
    const key = `${name}time`;
    const time = source.number(key);
    const own = readBlobs(schedule[name], `${source.name('blobSchedule')}.${name}`);
    if (time === undefined) continue;
    if (time < last.time) throw source.error(key, `earlier than ${source.name(last.key)}, which comes before it`);
    last = { key, time };
    const known = HARDFORKS.find((fork) => fork === name);
    if (known === undefined && own === undefined && BLOBS_ONLY.test(name)) {
      throw new InputError(`${source.name('blobSchedule')}.${name}`, `missing, and ${source.name(key)} is given`);
    }
    // What a fork does not say of blobs, the one before has said; where nobody has, mainnet's rules hold.
    blobs = own ?? blobs;
    hardfork = known ?? (BLOBS_ONLY.test(name) ? hardfork : undefined);
    forks.push({ hardfork, name, since: { time }, blobs });
  }
  for (const key of source.strangers('time', BY_TIME)) {
    const time = source.number(key)!;
    if (time < last.time) throw source.error(key, 'an unknown fork, before others that are known');
    forks.push({ hardfork: undefined, name: source.name(key), since: { time } });
  }
  return forks;
}

function readBlobs(value: unknown, field: string): BlobRules | undefined {
  if (value === undefined || value === null) return undefined;
  const { max, target = max, baseFeeUpdateFraction } = plainObject(value, field);
  const blobUpdateFraction = amount(64)(baseFeeUpdateFraction, `${field}.baseFeeUpdateFraction`);
  if (blobUpdateFraction === 0n) {
    throw new InputError(
      `${field}.baseFeeUpdateFraction`,
      `expected more than 0, got ${describe(baseFeeUpdateFraction)}`,
    );
  }
  const blobs = integer(1 << 20);
  return { maxBlobs: blobs(max, `${field}.max`), targetBlobs: blobs(target, `${field}.target`), blobUpdateFraction };
}
