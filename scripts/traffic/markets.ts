// Deploys the contracts of the traffic block on a recording chain and sets the markets up by calling them.

import { bytesToHex, hexToBytes } from '@ethereumjs/util';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { type Argument, encodeArguments, encodeCall } from '../../src/traffic/abi.ts';
import type { RecordingChain } from './recording.ts';

const ether = 10n ** 18n;
/** Name, symbol and supply. All tokens are alike, so that it does not matter which one is sorted first. */
const tokenParameters: readonly Argument[] = [{ text: 'Traffic Token' }, { text: 'TRT' }, 1_000_000_000n * ether];
/** What every trader owns of every token it trades. */
const purse = 10_000n * ether;
const unlimited = 2n ** 256n - 1n;
const day = 86_400n;

/** Of the pools, in hundredths of a basis point. */
const poolFee = 3000n;
/** Positions of a pool around a price of 1: lower and upper boundary, liquidity. The narrow one makes swaps cross boundaries. */
const positions: readonly (readonly [bigint, bigint, bigint])[] = [
  [-60_000n, 60_000n, 50_000n * ether],
  [-3_000n, 3_000n, 100_000n * ether],
  [-120n, 120n, 150_000n * ether],
];

export interface Base {
  readonly treasury: string;
  readonly trader: string;
  readonly router: string;
  readonly factory: string;
  readonly pairCodeHash: string;
  readonly poolCodeHash: string;
}

/** Deploys on behalf of `treasury`, which then owns every token; all addresses are 40 hex digits. */
export class MarketBuilder {
  readonly #chain: RecordingChain;
  readonly #codes: Readonly<Record<string, string>>;
  readonly #base: Base;

  private constructor(chain: RecordingChain, codes: Readonly<Record<string, string>>, base: Base) {
    this.#chain = chain;
    this.#codes = codes;
    this.#base = base;
  }

  static async create(
    chain: RecordingChain,
    codes: Readonly<Record<string, string>>,
    accounts: { treasury: string; trader: string },
  ): Promise<MarketBuilder> {
    const { treasury } = accounts;
    const hashes = { pairCodeHash: hash(codeOf(codes, 'Pair')), poolCodeHash: hash(codeOf(codes, 'Pool')) };
    const factory = await chain.deploy(treasury, codeOf(codes, 'Factory'));
    const known = encodeArguments(factory, hashes.pairCodeHash, hashes.poolCodeHash);
    const router = await chain.deploy(treasury, codeOf(codes, 'Router') + known);
    return new MarketBuilder(chain, codes, { ...accounts, ...hashes, factory, router });
  }

  get base(): Base {
    return this.#base;
  }

  async token(): Promise<{ token: string }> {
    const token = await this.#deploy('Token', ...tokenParameters);
    await this.#furnish(token);
    return { token };
  }

  async collectible(): Promise<{ collectible: string }> {
    const collectible = await this.#deploy('Collectible', { text: 'Traffic Signs' }, { text: 'SIGN' });
    for (let count = 0; count < 3; count++) await this.#call(collectible, 'mint()');
    return { collectible };
  }

  async pair(): Promise<{ token0: string; token1: string; pair: string }> {
    const { treasury, factory } = this.#base;
    const { token0, token1 } = await this.#tokens();
    const created = await this.#call(factory, 'createPair(address,address)', token0, token1);
    const pair = created.slice(-40);
    await this.#call(token0, 'transfer(address,uint256)', pair, 1_000_000n * ether);
    await this.#call(token1, 'transfer(address,uint256)', pair, 3_000_000n * ether);
    await this.#call(pair, 'provide(address)', treasury);
    // a trade each way at later times, so that the price accumulators are in use as in any living pair
    for (const [tokenIn, tokenOut] of [
      [token0, token1],
      [token1, token0],
    ] as const) {
      this.#chain.wait(day);
      const swap = 'swapOnPair(address,address,uint256,uint256,address,uint256)';
      await this.#call(this.#base.router, swap, tokenIn, tokenOut, 20_000n * ether, 1n, treasury, unlimited);
    }
    return { token0, token1, pair };
  }

  async pool(): Promise<{ token0: string; token1: string; pool: string }> {
    const { treasury, factory } = this.#base;
    const { token0, token1 } = await this.#tokens();
    const created = await this.#call(factory, 'createPool(address,address,uint24)', token0, token1, poolFee);
    const pool = created.slice(-40);
    const provider = await this.#deploy('Provider');
    for (const token of [token0, token1]) await this.#call(token, 'approve(address,uint256)', provider, unlimited);
    for (const [lower, upper, liquidity] of positions) {
      await this.#call(provider, 'provide(address,int24,int24,uint128)', pool, lower, upper, liquidity);
    }
    for (const token of [token0, token1]) await this.#call(token, 'approve(address,uint256)', provider, 0n);
    for (const [tokenIn, tokenOut] of [
      [token0, token1],
      [token1, token0],
    ] as const) {
      this.#chain.wait(day);
      const swap = 'swapOnPool(address,address,uint24,uint256,uint256,address,uint256)';
      await this.#call(this.#base.router, swap, tokenIn, tokenOut, poolFee, 1_000n * ether, 1n, treasury, unlimited);
    }
    return { token0, token1, pool };
  }

  /** Deploys a protocol contract (src/traffic/contracts/predeploys.sol). */
  predeploy(name: 'BeaconRoots' | 'BlockHashes' | 'RequestQueue'): Promise<string> {
    return this.#deploy(name);
  }

  /** Two tokens in the order in which markets have them; treasury and trader let the router take them. */
  async #tokens(): Promise<{ token0: string; token1: string }> {
    const { router } = this.#base;
    const tokens = [await this.#deploy('Token', ...tokenParameters), await this.#deploy('Token', ...tokenParameters)];
    const [token0 = '', token1 = ''] = tokens.sort();
    for (const token of tokens) {
      await this.#furnish(token);
      await this.#call(token, 'approve(address,uint256)', router, unlimited);
      await this.#chain.call(this.#base.trader, token, encodeCall('approve(address,uint256)', router, unlimited));
    }
    return { token0, token1 };
  }

  async #furnish(token: string): Promise<void> {
    await this.#call(token, 'transfer(address,uint256)', this.#base.trader, purse);
  }

  #deploy(name: string, ...parameters: Argument[]): Promise<string> {
    return this.#chain.deploy(this.#base.treasury, codeOf(this.#codes, name) + encodeArguments(...parameters));
  }

  #call(to: string, signature: string, ...parameters: Argument[]): Promise<string> {
    return this.#chain.call(this.#base.treasury, to, encodeCall(signature, ...parameters));
  }
}

function codeOf(codes: Readonly<Record<string, string>>, name: string): string {
  const code = codes[name];
  if (code === undefined) throw new Error(`no contract "${name}" was compiled`);
  return code;
}

function hash(code: string): string {
  return bytesToHex(keccak_256(hexToBytes(`0x${code}`))).slice(2);
}
