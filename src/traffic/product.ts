// The build product that the traffic block is made from: contracts as they stand after real deployments and set-up calls.
import type { Template } from './template.ts';

export type ContractName =
  | 'token'
  | 'collectible'
  | 'router'
  | 'pair'
  | 'pool'
  | 'beaconRoots'
  | 'blockHashes'
  | 'requestQueue';

/** A slot and its value, both templates of 32 bytes. */
export type StorageTemplate = readonly [slot: Template, value: Template];

/** The storage of one contract of a market. */
export interface ContractTemplate {
  readonly contract: ContractName;
  /** What is there once. */
  readonly storage: readonly StorageTemplate[];
  /** What is there for each trader: balances and allowances; the address is the role `trader`. */
  readonly trader: readonly StorageTemplate[];
}

/** Contracts that belong together, by the role that their address has in each other's templates. */
export type MarketTemplate<Role extends string> = Readonly<Record<Role, ContractTemplate>>;

export interface TrafficProduct {
  /** Runtime code; the roles in it are those of the market the contract belongs to. */
  readonly codes: Readonly<Record<ContractName, Template>>;
  /** Where the set-up deployed the router (40 hex digits); there is one. */
  readonly router: string;
  /** The addresses that the factory's CREATE2 gives (EIP-1014): the last 20 bytes of the filled template. */
  readonly derived: Readonly<Record<'pair' | 'pool', Template>>;
  readonly markets: {
    readonly token: MarketTemplate<'token'>;
    readonly collectible: MarketTemplate<'collectible'>;
    readonly pair: MarketTemplate<'token0' | 'token1' | 'pair'>;
    readonly pool: MarketTemplate<'token0' | 'token1' | 'pool'>;
  };
}
