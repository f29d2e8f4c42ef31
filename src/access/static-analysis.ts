// What a transaction says by itself about what it will touch: its parties, and well-known calls of tokens and exchanges.

import { bytes32FromNumber, bytesFromHex, type Hex, hexFromBytes } from '../base/hex.ts';
import type { TransactionInput } from '../block/block-input.ts';
import type { AccessKey, AccessOracle, AccessPrediction, TransactionContext } from './access-oracle.ts';

export interface StaticAnalysisOptions {
  /** By token, the slot of its mapping of balances, where it is known. The default is 0, which is the most common. */
  readonly balanceSlots?: ReadonlyMap<Hex, number>;
}

/** Of the constant product pairs of a router: whose they are, and what their addresses follow from. */
interface Factory {
  readonly address: Hex;
  readonly codeHash: Hex;
}

const UNISWAP_V2: Factory = {
  address: '0x5c69bee701ef814a2b6a3edd4b1652cb9cc5aa6f',
  codeHash: '0x96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f',
};
const SUSHISWAP: Factory = {
  address: '0xc0aee478e3658e2610c5f7a4a2e1777ce9e4f2ac',
  codeHash: '0xe18a34eb0e04b04f7a0ac29a6e80748dca96319b42c54d679cb821dca90c6303',
};
const UNISWAP_V3: Factory = {
  address: '0x1f98431c8ad98523631ae4a59f267346ea31f984',
  codeHash: '0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54',
};
const FACTORIES: ReadonlyMap<Hex, Factory> = new Map([
  ['0x7a250d5630b4cf539739df2c5dacb4c659f2488d', UNISWAP_V2],
  ['0xf164fc0ec4e93095b804a4795bbe1e041497b92a', UNISWAP_V2],
  ['0x68b3465833fb72a70ecdf485e0e4c7bd8665fc45', UNISWAP_V2],
  ['0xd9e1ce17f2641f24ae83637ab66a2cca9c378b9f', SUSHISWAP],
]);

/** Slots of a pair: its reserves, and its lock. A pool of the third version has price and lock in slot 0. */
const RESERVES = 8n;
const PRICE = 0n;

/** Tokens whose mapping of balances is known to be elsewhere. */
const BALANCE_SLOTS: ReadonlyMap<string, number> = new Map([
  ['0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2', 3], // WETH
  ['0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48', 9], // USDC
  ['0xdac17f958d2ee523a2206206994597c13d831ec7', 2], // USDT
  ['0x6b175474e89094c44da98b954eedeac495271d0f', 2], // DAI
]);
/** Mapping of allowances, where the one of balances is in the slot before: as OpenZeppelin's tokens have it. */
const BEHIND_BALANCES = 1;
const MOST_HOPS = 8;
const MOST_NESTED = 16;

/**
 * Static analysis: sender and recipient of every transaction; `transfer`, `transferFrom`, `approve` and their like of tokens;
 * swaps and liquidity of exchanges with one pair or pool per two tokens; calls within `multicall`. Guesses, of which
 * nothing but speed depends.
 */
export function staticAnalysis({ balanceSlots = new Map() }: StaticAnalysisOptions = {}): AccessOracle {
  return { transactionAccess: (context) => new Analysis(context, balanceSlots).prediction() };
}

class Analysis {
  readonly #transaction: TransactionInput;
  readonly #keccak256: TransactionContext['keccak256'];
  readonly #balanceSlots: ReadonlyMap<Hex, number>;
  readonly #reads: AccessKey[] = [];
  readonly #writes: AccessKey[] = [];
  readonly #credits: AccessKey[] = [];

  constructor({ transaction, keccak256 }: TransactionContext, balanceSlots: ReadonlyMap<Hex, number>) {
    this.#transaction = transaction;
    this.#keccak256 = keccak256;
    this.#balanceSlots = balanceSlots;
  }

  prediction(): AccessPrediction {
    const { from, to, value, input } = this.#transaction;
    if (from !== undefined) {
      this.#update({ kind: 'nonce', address: from });
      this.#update({ kind: 'balance', address: from });
    }
    if (to !== undefined && BigInt(value) !== 0n) this.#credits.push({ kind: 'balance', address: to });
    if (to !== undefined && from !== undefined && input.length >= 10) this.#call(from, to, input, 0);
    const isTransfer = input === '0x' && to !== undefined;
    return {
      reads: this.#reads,
      writes: this.#writes,
      credits: this.#credits,
      ...(isTransfer ? { gas: 21_000n } : {}),
    };
  }

  /** Reads and writes. */
  #update(key: AccessKey): void {
    this.#reads.push(key);
    this.#writes.push(key);
  }

  #call(from: Hex, to: Hex, input: string, depth: number): void {
    const word = (at: number): Hex | undefined => {
      const start = 10 + 64 * at;
      return input.length >= start + 64 ? `0x${input.slice(start, start + 64)}` : undefined;
    };
    const address = (at: number): Hex | undefined => addressOf(word(at));
    switch (input.slice(0, 10)) {
      case '0xa9059cbb': // transfer(address,uint256)
        this.#moveToken(to, from, address(0));
        break;
      case '0x23b872dd': // transferFrom(address,address,uint256)
        this.#moveToken(to, address(0), address(1));
        this.#allow(to, address(0), from);
        break;
      case '0x095ea7b3': // approve(address,uint256)
      case '0x39509351': // increaseAllowance(address,uint256)
      case '0xa457c2d7': // decreaseAllowance(address,uint256)
        this.#allow(to, from, address(0));
        break;
      case '0xd0e30db0': // deposit()
      case '0x2e1a7d4d': // withdraw(uint256)
        this.#moveToken(to, from, undefined);
        break;
      case '0x38ed1739': // swapExactTokensForTokens(uint256,uint256,address[],address,uint256)
      case '0x8803dbee': // swapTokensForExactTokens
      case '0x18cbafe5': // swapExactTokensForETH
      case '0x4a25d94a': // swapTokensForExactETH
      case '0x5c11d795': // swapExactTokensForTokensSupportingFeeOnTransferTokens
      case '0x791ac947': // swapExactTokensForETHSupportingFeeOnTransferTokens
      case '0x472b43f3': // swapExactTokensForTokens(uint256,uint256,address[],address)
      case '0x42712a67': // swapTokensForExactTokens(uint256,uint256,address[],address)
        this.#swapAlong(to, addressesAt(input, word(2)));
        break;
      case '0x7ff36ab5': // swapExactETHForTokens(uint256,address[],address,uint256)
      case '0xfb3bdb41': // swapETHForExactTokens
      case '0xb6f9de95': // swapExactETHForTokensSupportingFeeOnTransferTokens
        this.#swapAlong(to, addressesAt(input, word(1)));
        break;
      case '0xe8e33700': // addLiquidity(address,address,...)
      case '0xbaa2abde': // removeLiquidity(address,address,...)
        this.#pair(to, address(0), address(1));
        break;
      case '0x414bf389': // exactInputSingle((address,address,uint24,address,uint256,...))
      case '0x04e45aaf': // exactInputSingle((address,address,uint24,address,...))
      case '0xdb3e2198': // exactOutputSingle, with a deadline and without
      case '0x5023b4df':
        this.#pool(address(0), address(1), numberOf(word(2)));
        break;
      case '0xac9650d8': // multicall(bytes[])
        this.#nested(from, to, input, word(0), depth);
        break;
      case '0x5ae401dc': // multicall(uint256,bytes[])
        this.#nested(from, to, input, word(1), depth);
        break;
      default:
    }
  }

  #nested(from: Hex, to: Hex, input: string, offset: Hex | undefined, depth: number): void {
    if (depth > 0) return;
    const start = numberOf(offset);
    const count = Math.min(MOST_NESTED, wordAt(input, start));
    for (let i = 0; i < count; i++) {
      const at = start + 32 + wordAt(input, start + 32 * (1 + i));
      const length = wordAt(input, at);
      const from10 = 10 + 2 * (at + 32);
      const data = input.slice(from10, from10 + 2 * length);
      if (data.length >= 8) this.#call(from, to, `0x${data}`, depth + 1);
    }
  }

  #moveToken(token: Hex, from: Hex | undefined, to: Hex | undefined): void {
    const slot = this.#balanceSlot(token);
    for (const holder of [from, to]) {
      if (holder === undefined) continue;
      this.#update({ kind: 'storage', address: token, slot: this.#mapped(holder, wordOf(BigInt(slot))) });
    }
  }

  #allow(token: Hex, owner: Hex | undefined, spender: Hex | undefined): void {
    if (owner === undefined || spender === undefined) return;
    const outer = this.#mapped(owner, wordOf(BigInt(this.#balanceSlot(token) + BEHIND_BALANCES)));
    this.#update({ kind: 'storage', address: token, slot: this.#mapped(spender, outer) });
  }

  #balanceSlot(token: Hex): number {
    return this.#balanceSlots.get(token) ?? BALANCE_SLOTS.get(token) ?? 0;
  }

  #swapAlong(router: Hex, path: readonly Hex[]): void {
    for (let at = 1; at < path.length; at++) this.#pair(router, path[at - 1], path[at]);
  }

  #pair(router: Hex, one: Hex | undefined, other: Hex | undefined): void {
    if (one === undefined || other === undefined || one === other) return;
    const factory = FACTORIES.get(router);
    const [low, high] = one < other ? [one, other] : [other, one];
    const salt = this.#keccak256(bytesFromHex(`0x${low.slice(2)}${high.slice(2)}`));
    // The pairs of a router that nobody knows have no known address; that two transactions name the same is enough.
    const address = factory === undefined ? router : this.#created(factory, salt);
    const slot = factory === undefined ? hexFromBytes(salt) : wordOf(RESERVES);
    this.#update({ kind: 'storage', address, slot });
  }

  #pool(one: Hex | undefined, other: Hex | undefined, fee: number): void {
    if (one === undefined || other === undefined || one === other) return;
    const [low, high] = one < other ? [one, other] : [other, one];
    const salt = this.#keccak256(bytesFromHex(`0x${padded(low)}${padded(high)}${wordOf(BigInt(fee)).slice(2)}`));
    this.#update({ kind: 'storage', address: this.#created(UNISWAP_V3, salt), slot: wordOf(PRICE) });
  }

  /** CREATE2, EIP-1014. */
  #created({ address, codeHash }: Factory, salt: Uint8Array): Hex {
    const preimage = bytesFromHex(`0xff${address.slice(2)}${hexFromBytes(salt).slice(2)}${codeHash.slice(2)}`);
    return `0x${hexFromBytes(this.#keccak256(preimage)).slice(26)}`;
  }

  /** The slot of a mapping's entry, as Solidity lays it out. */
  #mapped(key: Hex, slot: Hex): Hex {
    return hexFromBytes(this.#keccak256(bytesFromHex(`0x${padded(key)}${slot.slice(2)}`)));
  }
}

function padded(address: Hex): string {
  return address.slice(2).padStart(64, '0');
}

function wordOf(number: bigint): Hex {
  return hexFromBytes(bytes32FromNumber(number));
}

function addressOf(word: Hex | undefined): Hex | undefined {
  return word?.startsWith('0x000000000000000000000000') ? `0x${word.slice(26).toLowerCase()}` : undefined;
}

/** A length, an offset or a fee; beyond what call data holds it leads nowhere. */
function numberOf(word: Hex | undefined): number {
  return word?.startsWith('0x'.padEnd(58, '0')) ? Number(word) : 0xffffffff;
}

/** The number at `offset` bytes behind the selector. */
function wordAt(input: string, offset: number): number {
  const start = 10 + 2 * offset;
  return input.length >= start + 64 ? numberOf(`0x${input.slice(start, start + 64)}`) : 0;
}

function addressesAt(input: string, offset: Hex | undefined): Hex[] {
  const start = numberOf(offset);
  const count = Math.min(MOST_HOPS, wordAt(input, start));
  const found: Hex[] = [];
  for (let i = 0; i < count; i++) {
    const from = 10 + 2 * (start + 32 * (1 + i));
    const address = input.length >= from + 64 ? addressOf(`0x${input.slice(from, from + 64)}`) : undefined;
    if (address !== undefined) found.push(address);
  }
  return found;
}
