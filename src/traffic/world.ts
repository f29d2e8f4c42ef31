// The state before the traffic block: accounts, markets instantiated from the product, and the names of what is in it.
import { bytesToHex, privateToAddress } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { encodeArguments } from './abi.ts';
import type { ContractName, ContractTemplate, MarketTemplate, StorageTemplate, TrafficProduct } from './product.ts';
import { fillTemplate, type Roles } from './template.ts';

export type Hex = `0x${string}`;

/** An account in genesis-alloc shape, as block files have it. */
export interface AllocAccount {
  balance: Hex;
  nonce: number;
  code?: Hex;
  storage?: Record<Hex, Hex>;
}

/** Someone whose transactions we can sign. The nonce is that of the next transaction. */
export interface Sender {
  readonly key: Uint8Array;
  readonly address: string;
  nonce: bigint;
}

/** A market at its addresses; `trader` is bound when somebody is endowed. */
export interface Market<Role extends string> {
  readonly template: MarketTemplate<Role>;
  readonly roles: Readonly<Record<Role, string>>;
}

/** A place in the state, as reports name it. */
export interface StateLocation {
  readonly address: Hex;
  readonly kind: string;
  readonly slot?: Hex;
}

const contractNames: Readonly<Record<ContractName, string>> = {
  token: 'ERC-20 token',
  collectible: 'NFT collection',
  router: 'swap router',
  pair: 'token pair',
  pool: 'liquidity pool',
  beaconRoots: 'beacon roots (EIP-4788)',
  blockHashes: 'block hashes (EIP-2935)',
  requestQueue: 'request queue (EIP-7685)',
};

/** What the contracts keep in slots of fixed number. */
const slotNames: Readonly<Partial<Record<ContractName, Readonly<Record<string, string>>>>> = {
  token: { 2: 'total supply', 3: 'name', 4: 'symbol' },
  collectible: { 0: 'name', 1: 'symbol', 6: 'number minted' },
  pair: { 5: 'token 0', 6: 'token 1 and lock', 7: 'reserves', 8: 'price 0 sum', 9: 'price 1 sum' },
  pool: { 0: 'price and lock', 1: 'fee growth 0', 2: 'fee growth 1', 3: 'liquidity' },
};

/** Slot of the mapping from holders to balances, of the contracts that have one. */
const balanceSlots: Readonly<Partial<Record<ContractName, bigint>>> = { token: 0n, collectible: 3n };

/** All addresses inside are 40 hex digits without `0x`. */
export class World {
  readonly #product: TrafficProduct;
  readonly #seed: string;
  readonly #accounts = new Map<string, AllocAccount>();
  readonly #contracts = new Map<string, ContractName>();
  readonly #holders = new Map<string, string[]>();
  readonly #names = new Map<string, string>();
  #count = 0;

  constructor(product: TrafficProduct, seed: string) {
    this.#product = product;
    this.#seed = seed;
    this.#place(product.router, 'router', {});
  }

  get router(): string {
    return this.#product.router;
  }

  /** The state in the shape of block files. */
  get pre(): Record<Hex, AllocAccount> {
    return Object.fromEntries(Array.from(this.#accounts, ([address, account]) => [`0x${address}`, account]));
  }

  /** An address that nobody else gets. It has no account yet. */
  address(): string {
    return this.#digest('address').slice(-40);
  }

  /** A new account whose key we know. */
  sender(balance: bigint, name?: string): Sender {
    const key = keccak_256(new TextEncoder().encode(this.#digest('key')));
    const address = digits(privateToAddress(key));
    this.fund(address, balance, name);
    return { key, address, nonce: 0n };
  }

  /** Gives the account a balance in wei, and a name in reports where it has one. */
  fund(address: string, balance: bigint, name?: string): void {
    this.#accounts.set(address, { balance: `0x${balance.toString(16)}`, nonce: 0 });
    if (name !== undefined) this.#names.set(address, name);
  }

  token(): Market<'token'> {
    return this.#open(this.#product.markets.token, { token: this.address() });
  }

  collectible(): Market<'collectible'> {
    return this.#open(this.#product.markets.collectible, { collectible: this.address() });
  }

  pair(): Market<'token0' | 'token1' | 'pair'> {
    const tokens = this.#sortedTokens();
    const pair = fillTemplate(this.#product.derived.pair, tokens).slice(-40);
    const market = this.#open(this.#product.markets.pair, { ...tokens, pair });
    for (const token of [tokens.token0, tokens.token1]) this.hold(token, pair);
    return market;
  }

  pool(): Market<'token0' | 'token1' | 'pool'> {
    const tokens = this.#sortedTokens();
    const pool = fillTemplate(this.#product.derived.pool, tokens).slice(-40);
    const market = this.#open(this.#product.markets.pool, { ...tokens, pool });
    for (const token of [tokens.token0, tokens.token1]) this.hold(token, pool);
    return market;
  }

  /** Puts a contract of the protocol to its address. */
  predeploy(address: string, contract: ContractName): void {
    this.#place(address, contract, {});
  }

  /** Gives the trader what traders own in this market: tokens, and allowances to the router. */
  endow<Role extends string>(market: Market<Role>, trader: string): void {
    for (const role of Object.keys(market.template) as Role[]) {
      const address = market.roles[role];
      this.#store(address, market.template[role].trader, { ...market.roles, trader });
      this.hold(address, trader);
    }
  }

  /** Remembers that the holder has, or will have, a balance of this token; for names only. */
  hold(token: string, holder: string): void {
    const holders = this.#holders.get(token);
    if (holders === undefined) this.#holders.set(token, [holder]);
    else holders.push(holder);
  }

  /** A name for people, such as `token pair: reserves`; `undefined` where the world knows none. */
  describe({ address, kind, slot }: StateLocation): string | undefined {
    const digits = address.slice(2).toLowerCase();
    const contract = this.#contracts.get(digits);
    const owner = this.#nameOf(digits);
    if (owner === undefined) return undefined;
    if (slot === undefined || contract === undefined) return `${owner}: ${kind}`;
    return `${owner}: ${this.#slotName(digits, contract, BigInt(slot)) ?? `slot ${shortened(slot)}`}`;
  }

  #nameOf(address: string): string | undefined {
    const contract = this.#contracts.get(address);
    return contract === undefined ? this.#names.get(address) : contractNames[contract];
  }

  #slotName(address: string, contract: ContractName, slot: bigint): string | undefined {
    const name = slotNames[contract]?.[slot.toString()];
    if (name !== undefined) return name;
    if (contract === 'pool' && slot >= 7n && slot < 15n) return `observation ${slot - 7n}`;
    const mapping = balanceSlots[contract];
    if (mapping === undefined) return undefined;
    const holder = this.#holders.get(address)?.find((holder) => BigInt(`0x${balanceSlot(holder, mapping)}`) === slot);
    if (holder === undefined) return undefined;
    return `balance of ${this.#nameOf(holder) ?? shortened(`0x${holder}`)}`;
  }

  #open<Role extends string>(template: MarketTemplate<Role>, roles: Readonly<Record<Role, string>>): Market<Role> {
    for (const role of Object.keys(template) as Role[]) {
      this.#place(roles[role], template[role].contract, roles, template[role]);
    }
    return { template, roles };
  }

  #place(address: string, contract: ContractName, roles: Roles, template?: ContractTemplate): void {
    const code = fillTemplate(this.#product.codes[contract], roles);
    // EIP-161: contracts start with nonce 1
    this.#accounts.set(address, { balance: '0x0', nonce: 1, code: `0x${code}`, storage: {} });
    this.#contracts.set(address, contract);
    if (template !== undefined) this.#store(address, template.storage, roles);
  }

  #store(address: string, entries: readonly StorageTemplate[], roles: Roles): void {
    const storage = this.#accounts.get(address)?.storage;
    if (storage === undefined) throw new TypeError(`0x${address} is no contract of this world`);
    for (const [slot, value] of entries) {
      storage[quantity(fillTemplate(slot, roles))] = quantity(fillTemplate(value, roles));
    }
  }

  #sortedTokens(): { token0: string; token1: string } {
    const [token0 = '', token1 = ''] = [this.address(), this.address()].sort();
    return { token0, token1 };
  }

  #digest(purpose: string): string {
    return digits(keccak_256(new TextEncoder().encode(`pevm traffic ${this.#seed} ${purpose} ${this.#count++}`)));
  }
}

/** Slot of a holder's balance in the mapping at `mapping`; 64 hex digits. */
export function balanceSlot(holder: string, mapping = 0n): string {
  return fillTemplate(`[${encodeArguments(holder, mapping)}]`, {});
}

function quantity(digits: string): Hex {
  return `0x${BigInt(`0x${digits}`).toString(16)}`;
}

function shortened(text: string): string {
  return text.length > 14 ? `${text.slice(0, 8)}…${text.slice(-4)}` : text;
}

function digits(bytes: Uint8Array): string {
  return bytesToHex(bytes).slice(2);
}
