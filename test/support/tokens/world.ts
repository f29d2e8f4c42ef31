// A world in which the tokens of tokens.sol and Uniswap's are deployed, and some people have some of them.

import { createRequire } from 'node:module';
import { type AbiFunction, encodeDeployData, encodeFunctionData, getContractAddress, parseAbiItem } from 'viem';
import type { BlockInput } from '../../../src/block/block-input.ts';
import { type Hex, memoryState, type TracingEngine, type TracingWorld } from '../../../src/index.ts';
import { tokenCodes } from './compile.ts';

const require = createRequire(import.meta.url);
const deployer: Hex = `0x${'d0'.repeat(20)}`;
const ETHER = 10n ** 18n;
export const MOST = 2n ** 256n - 1n;

/** A call by Solidity's own words: `transfer(address,uint256)`. */
export function data(signature: string, ...args: readonly unknown[]): Hex {
  const item = parseAbiItem(`function ${signature}` as never) as unknown as AbiFunction;
  return encodeFunctionData({ abi: [item], args } as never);
}

/** Names of accounts and contracts, by address. */
export type Names = Readonly<Record<string, Hex>>;

export interface TokenWorld {
  readonly world: TracingWorld;
  readonly at: Names;
  /** The whole state of the world. */
  readonly alloc: Alloc;
}

type Alloc = Record<Hex, { balance: bigint; nonce: bigint; code?: Hex; storage?: Record<Hex, Hex> }>;

/** `people`: who has 100 ether. */
export async function openTokenWorld(engine: TracingEngine, people: Names): Promise<TokenWorld> {
  const codes = tokenCodes();
  const setup = new Setup();
  const at: Record<string, Hex> = { ...people };
  const make = (name: string, contract: string, types: readonly string[] = [], ...args: unknown[]) => {
    at[name] = setup.create(deployed(codes[contract]!, types, args));
  };
  make('usd', 'Dollar');
  make('eur', 'Dollar');
  make('nft', 'Picture');
  make('items', 'Items');
  make('proxy', 'Proxy', ['address'], at.usd);
  make('wrapped', 'Wrapped', ['address'], at.usd);
  make('vault', 'Vault', ['address'], at.usd);
  for (const honest of [true, false]) make(honest ? 'tax' : 'sly', 'Taxed', ['bool'], honest);
  make('rebasing', 'Rebasing');
  make('liar', 'Liar');
  make('old', 'Old');
  for (const tells of [false, true]) make(tells ? 'weth2' : 'weth', 'WETH9', ['bool'], tells);
  make('bank', 'Bank');
  make('permit2', 'Permit2');
  make('batch', 'Batch');
  const v2 = require('@uniswap/v2-core/build/UniswapV2Factory.json').bytecode as string;
  at.factory2 = setup.create(deployed(`0x${v2}`, ['address'], [deployer]));
  at.factory3 = setup.create(
    require('@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json').bytecode,
  );
  setup.call(deployer, at.factory2!, data('createPair(address,address)', at.usd, at.eur));
  setup.call(deployer, at.factory3!, data('createPool(address,address,uint24)', at.usd, at.eur, 3000));
  const rich = [deployer, ...Object.values(people)].map((who) => [who, { balance: 100n * ETHER, nonce: 0n }] as const);
  const alloc: Alloc = Object.fromEntries(rich);
  const header = { number: '0x0', timestamp: '0x64', gasLimit: '0x3b9aca00', miner: `0x${'fe'.repeat(20)}` };
  const block = {
    ...header,
    ...{ baseFeePerGas: '0x0', difficulty: '0x0', mixHash: `0x${'00'.repeat(32)}`, excessBlobGas: '0x0' },
    ...{ parentHash: `0x${'00'.repeat(32)}`, parentBeaconBlockRoot: `0x${'00'.repeat(32)}` },
  } as unknown as BlockInput;
  const world = await engine.openWorld({ state: memoryState(alloc), block });
  const empty = world.snapshot();
  await setup.run(world, block);
  at.pair = await addressAt(world, at.factory2!, data('getPair(address,address)', at.usd, at.eur));
  at.pool = await addressAt(world, at.factory3!, data('getPool(address,address,uint24)', at.usd, at.eur, 3000));
  await endow(world, block, at, people);
  for (const [address, change] of await world.stateDiffSince(empty)) {
    const { storage, ...fields } = change!;
    alloc[address] = { balance: 0n, nonce: 0n, ...alloc[address], ...fields, storage: Object.fromEntries(storage) };
  }
  return { world, at, alloc };
}

/** Everybody has some of everything; alice has put liquidity into the markets. */
async function endow(world: TracingWorld, block: BlockInput, at: Names, people: Names): Promise<void> {
  const setup = new Setup(await world.getNonce(deployer));
  const { alice } = people;
  for (const who of Object.values(people)) {
    for (const token of ['usd', 'eur', 'proxy', 'tax', 'sly', 'rebasing', 'liar', 'old']) {
      setup.call(deployer, at[token]!, data('mint(address,uint256)', who, 10n ** 12n));
    }
  }
  setup.call(deployer, at.nft!, data('mint(address,uint256,uint256)', alice, 1n, 5n));
  setup.call(deployer, at.items!, data('mint(address,uint256[],uint256[])', alice, [7n, 8n], [70n, 80n]));
  setup.call(alice!, at.weth!, data('deposit()'), 2n * ETHER);
  setup.call(alice!, at.weth2!, data('deposit()'), 2n * ETHER);
  for (const token of ['usd', 'eur', 'pair']) {
    setup.call(alice!, at[token]!, data('approve(address,uint256)', at.batch, MOST));
  }
  setup.call(alice!, at.pool!, data('initialize(uint160)', 2n ** 96n));
  setup.call(alice!, at.batch!, data('join(address,address,address,uint256)', at.pair, at.usd, at.eur, 10n ** 9n));
  setup.call(alice!, at.batch!, data('provide(address,uint128)', at.pool, 10n ** 12n));
  await setup.run(world, { ...block, number: '0x1' });
}

/** Transactions of a block that must all succeed. */
class Setup {
  readonly #transactions: Record<string, unknown>[] = [];
  readonly #nonces = new Map<Hex, bigint>();

  /** `nonce`: the deployer's. */
  constructor(nonce = 0n) {
    this.#nonces.set(deployer, nonce);
  }

  create(input: Hex): Hex {
    const nonce = this.#add(deployer, { input });
    return getContractAddress({ from: deployer, nonce }).toLowerCase() as Hex;
  }

  call(from: Hex, to: Hex, input: Hex, value = 0n): void {
    this.#add(from, { to, input, value });
  }

  #add(from: Hex, { value = 0n, ...rest }: { to?: Hex; input: Hex; value?: bigint }): bigint {
    const nonce = this.#nonces.get(from) ?? 0n;
    this.#nonces.set(from, nonce + 1n);
    const shared = { type: '0x0', gas: '0x6acfc0', gasPrice: '0x0', nonce: `0x${nonce.toString(16)}` };
    this.#transactions.push({ ...shared, from, value: `0x${value.toString(16)}`, ...rest });
    return nonce;
  }

  async run(world: TracingWorld, block: BlockInput): Promise<void> {
    const transactions = this.#transactions as never;
    const number = `0x${(BigInt(block.number) + 1n).toString(16)}` as Hex;
    const whole = { ...block, number, withdrawals: [], transactions };
    const { receipts } = await world.executeBlock({ block: whole, hardfork: 'cancun', senders: 'trust' });
    const failed = receipts.findIndex(({ status }) => status !== 'success');
    if (failed !== -1) throw new Error(`transaction ${failed} of the setup fails`);
  }
}

function deployed(bytecode: Hex, types: readonly string[], args: readonly unknown[]): Hex {
  const inputs = types.map((type) => ({ name: '', type }));
  const abi = [{ type: 'constructor', inputs, stateMutability: 'nonpayable' }];
  return encodeDeployData({ abi: types.length === 0 ? [] : abi, bytecode, args } as never);
}

async function addressAt(world: TracingWorld, to: Hex, input: Hex): Promise<Hex> {
  return `0x${(await world.call({ to, input })).returnData.slice(-40)}`;
}
