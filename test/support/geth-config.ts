// The chain configurations of geth's test data: which fork a block has.
import type { Hardfork } from '../../src/chain/hardfork.ts';

/** Names of forks by block number, in order; geth reads keys without regard to case. */
const BY_BLOCK: readonly (readonly [string, Hardfork])[] = [
  ['homesteadblock', 'homestead'],
  ['eip150block', 'tangerineWhistle'],
  ['eip158block', 'spuriousDragon'],
  ['byzantiumblock', 'byzantium'],
  ['constantinopleblock', 'constantinople'],
  ['petersburgblock', 'petersburg'],
  ['istanbulblock', 'istanbul'],
  ['berlinblock', 'berlin'],
  ['londonblock', 'london'],
];

const BY_TIME: readonly (readonly [string, Hardfork])[] = [
  ['shanghaitime', 'shanghai'],
  ['cancuntime', 'cancun'],
  ['praguetime', 'prague'],
  ['osakatime', 'osaka'],
];

/** The fork of a block of a chain with geth's `config`. */
export function forkOf(config: Record<string, unknown>, number: bigint, time: bigint): Hardfork {
  const given = new Map(Object.entries(config).map(([key, value]) => [key.toLowerCase(), value]));
  const reached = (key: string, at: bigint) => {
    const since = given.get(key);
    return since !== undefined && since !== null && BigInt(since as number) <= at;
  };
  let fork: Hardfork = 'chainstart';
  for (const [key, name] of BY_BLOCK) if (reached(key, number)) fork = name;
  // geth: where Petersburg is not named, it comes with Constantinople.
  if (fork === 'constantinople' && !given.has('petersburgblock')) fork = 'petersburg';
  if (!given.has('terminaltotaldifficulty') || BigInt(given.get('terminaltotaldifficulty') as number) !== 0n)
    return fork;
  fork = 'paris';
  for (const [key, name] of BY_TIME) if (reached(key, time)) fork = name;
  return fork;
}
