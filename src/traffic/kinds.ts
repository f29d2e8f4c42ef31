// The kinds of transactions in the traffic block. Each kind is one row: its share, and how one transaction is made.
import { encodeCall } from './abi.ts';
import type { Random } from './random.ts';
import { balanceSlot, type Market, type Sender, type World } from './world.ts';

export type TrafficKind = 'ether' | 'token' | 'pairSwap' | 'poolSwap' | 'mint' | 'failing';

/** What a transaction is to do, before nonce, fees and signature. Addresses are 40 hex digits, data hex digits. */
export interface TransactionRequest {
  readonly sender: Sender;
  readonly to: string;
  readonly value?: bigint;
  readonly data?: string;
  readonly gasLimit: bigint;
  /** What it does, for people. */
  readonly label: string;
  /** The status that its receipt must have. */
  readonly status: 0 | 1;
  readonly accessList?: readonly { readonly address: string; readonly slots: readonly string[] }[];
}

interface KindOfTraffic {
  /** For people, in the singular; the plural adds an s. */
  readonly title: string;
  /** Share of the block unless the caller says otherwise, in relation to the others. */
  readonly weight: number;
  /** @param hot whether it uses what all hot transactions use, instead of something of its own */
  make(scene: Scene, hot: boolean): TransactionRequest;
}

const ether = 10n ** 18n;
const deadline = 2n ** 64n - 1n;
const poolFee = 3000n;
const pairSwap = 'swapOnPair(address,address,uint256,uint256,address,uint256)';
const poolSwap = 'swapOnPool(address,address,uint24,uint256,uint256,address,uint256)';

export const kinds: Readonly<Record<TrafficKind, KindOfTraffic>> = {
  ether: { title: 'ETH transfer', weight: 30, make: sendEther },
  token: { title: 'ERC-20 transfer', weight: 30, make: sendToken },
  pairSwap: { title: 'pair swap', weight: 14, make: (scene, hot) => swapOnPair(scene, hot) },
  poolSwap: { title: 'pool swap', weight: 14, make: swapInPool },
  mint: { title: 'NFT mint', weight: 6, make: mint },
  failing: { title: 'failing transaction', weight: 6, make: (scene, hot) => scene.nextFailure()(scene, hot) },
};

/** The world, and in it what hot transactions share. */
export class Scene {
  readonly world: World;
  readonly random: Random;
  #exchange: Sender | undefined;
  #token: Market<'token'> | undefined;
  #pair: Market<'token0' | 'token1' | 'pair'> | undefined;
  #pool: Market<'token0' | 'token1' | 'pool'> | undefined;
  #collectible: Market<'collectible'> | undefined;
  #failures = 0;

  constructor(world: World, random: Random) {
    this.world = world;
    this.random = random;
  }

  /** An exchange's wallet: pays out in nonce order, and everybody pays in. */
  get exchange(): Sender {
    this.#exchange ??= this.world.sender(1_000_000n * ether, 'exchange wallet');
    return this.#exchange;
  }

  trader(): Sender {
    return this.world.sender(this.random.between(ether, 20n * ether));
  }

  /** Somebody who receives: in half of the cases an account that exists. */
  recipient(): string {
    const address = this.world.address();
    if (this.random.chance(0.5)) this.world.fund(address, this.random.between(1n, ether));
    return address;
  }

  token(hot: boolean): Market<'token'> {
    if (!hot) return this.world.token();
    this.#token ??= this.world.token();
    return this.#token;
  }

  pair(hot: boolean): Market<'token0' | 'token1' | 'pair'> {
    if (!hot) return this.world.pair();
    this.#pair ??= this.world.pair();
    return this.#pair;
  }

  pool(hot: boolean): Market<'token0' | 'token1' | 'pool'> {
    if (!hot) return this.world.pool();
    this.#pool ??= this.world.pool();
    return this.#pool;
  }

  collectible(hot: boolean): Market<'collectible'> {
    if (!hot) return this.world.collectible();
    this.#collectible ??= this.world.collectible();
    return this.#collectible;
  }

  /** The ways to fail take turns. */
  nextFailure(): KindOfTraffic['make'] {
    return failures[this.#failures++ % failures.length] ?? sendMoreThanOwned;
  }
}

function sendEther(scene: Scene, hot: boolean): TransactionRequest {
  const value = scene.random.between(10n ** 15n, ether / 2n);
  const plain = { value, gasLimit: 21_000n, status: 1 } as const;
  if (!hot) return { ...plain, sender: scene.trader(), to: scene.recipient(), label: 'ETH transfer' };
  const { exchange } = scene;
  // one transaction in four pays in: its credit and the exchange's own payments meet at one balance
  return scene.random.chance(0.25)
    ? { ...plain, sender: scene.trader(), to: exchange.address, label: 'ETH deposit at the exchange' }
    : { ...plain, sender: exchange, to: scene.recipient(), label: 'ETH payment by the exchange' };
}

function sendToken(scene: Scene, hot: boolean): TransactionRequest {
  const { sender, token, recipient } = tokenTransfer(scene, hot);
  return {
    sender,
    to: token,
    data: encodeCall('transfer(address,uint256)', recipient, scene.random.between(1n, 100n * ether)),
    gasLimit: 80_000n,
    label: 'ERC-20 transfer',
    status: 1,
  };
}

function tokenTransfer(scene: Scene, hot: boolean): { sender: Sender; token: string; recipient: string } {
  const market = scene.token(hot);
  const { token } = market.roles;
  const sender = scene.trader();
  scene.world.endow(market, sender.address);
  const recipient = hot ? scene.exchange.address : scene.recipient();
  if (scene.random.chance(0.5) || hot) scene.world.endow(market, recipient);
  return { sender, token, recipient };
}

function swapOnPair(scene: Scene, hot: boolean, minimumOut = 1n): TransactionRequest {
  const market = scene.pair(hot);
  const { token0, token1, pair } = market.roles;
  const sender = scene.trader();
  scene.world.endow(market, sender.address);
  const [tokenIn, tokenOut] = scene.random.chance(0.5) ? [token0, token1] : [token1, token0];
  const amount = scene.random.between(ether, 500n * ether);
  // some wallets announce what a swap touches (EIP-2930)
  const announced = scene.random.chance(0.25);
  const pairSlots = [5, 6, 7, 8, 9].map((slot) => slot.toString(16).padStart(64, '0'));
  return {
    sender,
    to: scene.world.router,
    data: encodeCall(pairSwap, tokenIn, tokenOut, amount, minimumOut, sender.address, deadline),
    gasLimit: 250_000n,
    label: 'pair swap',
    status: 1,
    ...(announced && {
      accessList: [
        { address: pair, slots: pairSlots },
        { address: tokenIn, slots: [balanceSlot(sender.address), balanceSlot(pair)] },
        { address: tokenOut, slots: [balanceSlot(sender.address), balanceSlot(pair)] },
      ],
    }),
  };
}

function swapInPool(scene: Scene, hot: boolean): TransactionRequest {
  const market = scene.pool(hot);
  const { token0, token1 } = market.roles;
  const sender = scene.trader();
  scene.world.endow(market, sender.address);
  const [tokenIn, tokenOut] = scene.random.chance(0.5) ? [token0, token1] : [token1, token0];
  const amount = scene.random.between(ether, 2_500n * ether);
  return {
    sender,
    to: scene.world.router,
    data: encodeCall(poolSwap, tokenIn, tokenOut, poolFee, amount, 1n, sender.address, deadline),
    gasLimit: 400_000n,
    label: 'pool swap',
    status: 1,
  };
}

function mint(scene: Scene, hot: boolean): TransactionRequest {
  const { collectible } = scene.collectible(hot).roles;
  const sender = scene.trader();
  scene.world.hold(collectible, sender.address);
  return { sender, to: collectible, data: encodeCall('mint()'), gasLimit: 150_000n, label: 'NFT mint', status: 1 };
}

const failures: readonly KindOfTraffic['make'][] = [sendMoreThanOwned, runOutOfGas, askForTooMuch, runOutOfGasInPool];

function sendMoreThanOwned(scene: Scene, hot: boolean): TransactionRequest {
  const { sender, token, recipient } = tokenTransfer(scene, hot);
  const data = encodeCall('transfer(address,uint256)', recipient, 2n ** 128n);
  return { sender, to: token, data, gasLimit: 80_000n, label: 'ERC-20 transfer of more than owned', status: 0 };
}

function runOutOfGas(scene: Scene, hot: boolean): TransactionRequest {
  return { ...sendToken(scene, hot), gasLimit: 27_500n, label: 'ERC-20 transfer out of gas', status: 0 };
}

function askForTooMuch(scene: Scene, hot: boolean): TransactionRequest {
  return { ...swapOnPair(scene, hot, 10n ** 6n * ether), label: 'pair swap below its minimum', status: 0 };
}

function runOutOfGasInPool(scene: Scene, hot: boolean): TransactionRequest {
  return { ...swapInPool(scene, hot), gasLimit: 80_000n, label: 'pool swap out of gas', status: 0 };
}
