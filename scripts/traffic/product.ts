// Makes the product behind the traffic block (src/traffic/product.ts): compiles, deploys, sets up, and writes it down.
import type { ContractName, MarketTemplate, StorageTemplate, TrafficProduct } from '../../src/traffic/product.ts';
import { rolesOf, type Template } from '../../src/traffic/template.ts';
import { Abstraction } from './abstraction.ts';
import { creationCodes } from './compile.ts';
import { MarketBuilder } from './markets.ts';
import { RecordingChain } from './recording.ts';

/** 2023-11-14 22:13:20 UTC; the traffic block is younger. */
const start = 1_700_000_000n;
/** Who sets up, and who stands for the traders (40 hex digits). */
const accounts = {
  treasury: 'a11ce0000000000000000000000000000000a11c',
  trader: 'b0b00000000000000000000000000000000000b0',
};

/** A fresh chain with factory and router. `codes` are creation codes by contract name. */
export async function openChain(
  codes: Readonly<Record<string, string>>,
): Promise<{ chain: RecordingChain; builder: MarketBuilder }> {
  const chain = await RecordingChain.create(start);
  return { chain, builder: await MarketBuilder.create(chain, codes, accounts) };
}

/** @param contracts folder of the Solidity sources */
export async function makeTrafficProduct(contracts: string): Promise<TrafficProduct> {
  const { chain, builder } = await openChain(creationCodes(contracts));
  const both = { token0: 'token', token1: 'token' } as const;
  const described = {
    token: await describeMarket(chain, await builder.token(), { token: 'token' }),
    collectible: await describeMarket(chain, await builder.collectible(), { collectible: 'collectible' }),
    pair: await describeMarket(chain, await builder.pair(), { ...both, pair: 'pair' }),
    pool: await describeMarket(chain, await builder.pool(), { ...both, pool: 'pool' }),
  };
  const { router, factory, pairCodeHash, poolCodeHash } = builder.base;
  const tokens = ['{token0}', '{token1}'].map((role) => '0'.repeat(24) + role).join('');
  const fee = '0bb8'.padStart(64, '0');
  return {
    codes: {
      token: described.token.codes.token,
      collectible: described.collectible.codes.collectible,
      pair: described.pair.codes.pair,
      pool: described.pool.codes.pool,
      router: await chain.code(router),
      beaconRoots: await chain.code(await builder.predeploy('BeaconRoots')),
      blockHashes: await chain.code(await builder.predeploy('BlockHashes')),
      requestQueue: await chain.code(await builder.predeploy('RequestQueue')),
    },
    router,
    derived: {
      pair: `[ff${factory}[${tokens}]${pairCodeHash}]`,
      pool: `[ff${factory}[${tokens}${fee}]${poolCodeHash}]`,
    },
    markets: {
      token: described.token.market,
      collectible: described.collectible.market,
      pair: described.pair.market,
      pool: described.pool.market,
    },
  };
}

/** Writes down the contracts of a market, given by their addresses, with those addresses and the trader's left open. */
export async function describeMarket<Role extends string>(
  chain: RecordingChain,
  addresses: Readonly<Record<Role, string>>,
  names: Readonly<Record<Role, ContractName>>,
): Promise<{ market: MarketTemplate<Role>; codes: Record<Role, Template> }> {
  const abstraction = new Abstraction({ ...addresses, trader: accounts.trader }, chain.preimages);
  const roles = Object.keys(addresses) as Role[];
  const described = roles.map(async (role) => {
    const entries = (await chain.storage(addresses[role])).map(
      ([slot, value]): StorageTemplate => [abstraction.slot(slot), abstraction.value(value)],
    );
    const ofTrader = (entry: StorageTemplate) => rolesOf(entry.join('')).has('trader');
    const template = {
      contract: names[role],
      storage: entries.filter((entry) => !ofTrader(entry)),
      trader: entries.filter(ofTrader),
    };
    return { role, template, code: abstraction.code(await chain.code(addresses[role])) };
  });
  const all = await Promise.all(described);
  return {
    market: Object.fromEntries(all.map(({ role, template }) => [role, template])) as unknown as MarketTemplate<Role>,
    codes: Object.fromEntries(all.map(({ role, code }) => [role, code])) as Record<Role, Template>,
  };
}
