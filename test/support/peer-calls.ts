// Calls that two nodes are asked for alike: the traffic's real contracts, creations, proxies, precompiles, and overrides of state and block.
import { createRequire } from 'node:module';
import { type Hex, hexFromBytes, quantityFromNumber } from '../../src/base/hex.ts';
import { precompileInput } from './fuzz-precompiles.ts';
import { Random } from './fuzz-random.ts';
import type { Choose } from './synthetic-generator.ts';
import { hardfork, type TrafficCalls } from './traffic-calls.ts';

const require = createRequire(import.meta.url);
const FACTORY = `0x${require('@uniswap/v2-core/build/UniswapV2Factory.json').bytecode}` as Hex;

/** A request as `eth_call` takes it, with the overrides that go with it. */
export interface PeerCall {
  readonly kind: string;
  readonly request: Readonly<Record<string, string>>;
  readonly stateOverrides: Readonly<Record<Hex, object>>;
  readonly blockOverrides: Readonly<Record<string, Hex>>;
}

type Made = Omit<PeerCall, 'kind' | 'blockOverrides'> & Partial<Pick<PeerCall, 'blockOverrides'>>;

/** Where overrides put code; nobody is there otherwise. */
const PLACE: Hex = `0x${'c0de'.repeat(10)}`;
const HEIR: Hex = `0x${'e1'.repeat(20)}`;
const word = (value: number | bigint) => value.toString(16).padStart(64, '0');
const push = (value: number | bigint, bytes = 32) =>
  `${(0x5f + bytes).toString(16)}${value.toString(16).padStart(bytes * 2, '0')}`;

/** Programs of which each shows one thing. Hex digits. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'a panic': `${push(BigInt(`0x4e487b71${'0'.repeat(56)}`))}5f52601160045260245ffd`,
  'an error with a message': `${push(BigInt(`0x08c379a0${'0'.repeat(56)}`))}5f5260206004526003602452${push(BigInt(`0x6e6f21${'0'.repeat(58)}`))}60445260645ffd`,
  'an invalid instruction': 'fe',
  'a jump to nowhere': '600056',
  'an empty stack': '01',
  'a loop without end': '5b5f56',
  'more memory than gas': `${push(2n ** 60n)}51`,
  'a slot set, and one cleared': '60015f55600160015500',
  'a slot set and cleared': '60015f555f5f5500',
  'transient storage': '602a5f5d5f5c5f5260205ff3',
  logs: '60056004600360025f5fa45f5fa000',
  'its own end': `73${HEIR.slice(2)}ff`,
  // Calls itself with all but a 64th of its gas, then writes.
  'calls in calls': '5f5f5f5f5f305af15f5500',
  'a creation': '5f5f5f5ff060205f6001f060015500',
  'a creation with a salt': '67600a5f5260015ff35f525f600860185ff55f5260205ff3',
  'a creation that fails': '60fe5f5360015f5ff05f5260205ff3',
  'the surroundings': [
    ...['43', '42', '41', '44', '48', '45', '46', '4a', '32', '3a', '47', '33'].map(
      (opcode, at) => `${opcode}${push(at * 32, 2)}52`,
    ),
    '6101805ff3',
  ].join(''),
  'what it was given': '365f5f37365ff3',
  'hashes of blocks': '60014303405f5260205ff3',
  'what accounts are': `73${HEIR.slice(2)}3f5f52303b602052303f60405273${HEIR.slice(2)}3160605260805ff3`,
};

/** A clone of EIP-1167: hands everything on by DELEGATECALL. */
const clone = (of: Hex) => `0x363d3d373d3d3d363d73${of.slice(2)}5af43d82803e903d91602b57fd5bf3` as Hex;
/** As a clone, by STATICCALL. */
const reader = (of: Hex) => `0x365f5f375f5f365f73${of.slice(2)}5afa3d5f5f3e3d5ff3` as Hex;

export class PeerCalls {
  readonly #traffic: TrafficCalls;
  readonly #choose: Choose;
  readonly #random: Random;
  readonly #makers: readonly (readonly [kind: string, weight: number, make: () => Made])[] = [
    ['traffic', 10, () => this.#plain()],
    ['balances and slots', 3, () => this.#overridden()],
    ['clone', 2, () => this.#through(clone)],
    ['reader', 1, () => this.#through(reader)],
    ['delegation', 2, () => this.#through((of) => `0xef0100${of.slice(2)}`)],
    ['creation', 2, () => this.#creation()],
    ['precompile', 3, () => this.#precompile()],
    ['program', 7, () => this.#program()],
  ];

  /** What no two nodes have alike by themselves. */
  readonly #block: Readonly<Record<string, Hex>>;

  constructor(traffic: TrafficCalls, choose: Choose, seed: number) {
    this.#block = { feeRecipient: HEIR, gasLimit: traffic.header.gasLimit as Hex, baseFeePerGas: '0x0' };
    this.#traffic = traffic;
    this.#choose = choose;
    this.#random = new Random(seed);
  }

  next(): PeerCall {
    let at = this.#choose(this.#makers.reduce((sum, [, weight]) => sum + weight, 0));
    for (const [kind, weight, make] of this.#makers) {
      if (at < weight) {
        const { blockOverrides, ...made } = make();
        return { kind, ...made, blockOverrides: { ...this.#block, ...blockOverrides } };
      }
      at -= weight;
    }
    throw new TypeError('no kind');
  }

  #plain(): Made & { request: { to?: Hex } } {
    const { from, to, input, value, gas } = this.#traffic.next();
    return {
      request: {
        ...{ from, ...(to && { to }), data: input, value: quantityFromNumber(value), gas: quantityFromNumber(gas) },
      },
      stateOverrides: {},
    };
  }

  /** The sender has other funds, or the contract other slots. */
  #overridden(): Made {
    const choose = this.#choose;
    const { request } = this.#plain();
    const slots = { [`0x${word(choose(12))}`]: `0x${word(choose(3))}` };
    const change = [
      { [request.from as Hex]: { balance: quantityFromNumber(choose(2) === 0 ? 0n : 10n ** 20n) } },
      { [request.from as Hex]: { nonce: quantityFromNumber(choose(1000)) } },
      { [request.to as Hex]: { stateDiff: slots } },
      { [request.to as Hex]: { state: slots } },
      { [request.to as Hex]: { code: '0x' } },
    ][choose(5)]!;
    return { request, stateOverrides: change };
  }

  /** A call of a contract by way of an account whose code hands it on. */
  #through(code: (of: Hex) => Hex): Made {
    const { request } = this.#plain();
    return {
      request: { ...request, to: PLACE, value: '0x0' },
      stateOverrides: { [PLACE]: { code: code(request.to as Hex) } },
    };
  }

  /** A factory of Uniswap's, whole or cut off. */
  #creation(): Made {
    const choose = this.#choose;
    const { request } = this.#plain();
    const { from } = request;
    const cut = choose(2) === 0 ? FACTORY : FACTORY.slice(0, 2 + 2 * choose(FACTORY.length / 2 - 1));
    const argument = choose(3) === 0 ? '' : word(BigInt(from!));
    return { request: { from: from!, data: `${cut}${argument}`, gas: '0x3d0900' }, stateOverrides: {} };
  }

  #precompile(): Made {
    const { number, input } = precompileInput(this.#random, hardfork);
    const { from } = this.#plain().request;
    const address: Hex = `0x${number.toString(16).padStart(40, '0')}`;
    const straight = this.#choose(2) === 0;
    return {
      request: { from: from!, to: straight ? address : PLACE, data: hexFromBytes(input), gas: '0x2dc6c0' },
      stateOverrides: straight ? {} : { [PLACE]: { code: reader(address) } },
    };
  }

  #program(): Made {
    const choose = this.#choose;
    const names = Object.keys(PROGRAMS);
    const name = names[choose(names.length)]!;
    const { from, data } = this.#plain().request;
    const slots = { [`0x${word(0)}`]: `0x${word(choose(2))}`, [`0x${word(1)}`]: `0x${word(choose(2))}` };
    const usual = { prevRandao: `0x${word(choose(1 << 30))}` as Hex };
    const later = { number: quantityFromNumber(30_000_000 + choose(9)), time: quantityFromNumber(2 ** 31 + choose(9)) };
    const blockOverrides = choose(2) === 0 ? usual : { ...usual, ...later };
    return {
      request: { from: from!, to: PLACE, data: data!, gas: quantityFromNumber(100_000 + choose(100_000)) },
      stateOverrides: { [PLACE]: { code: `0x${PROGRAMS[name]!}`, balance: '0x5', stateDiff: slots } },
      blockOverrides,
    };
  }
}
