// Random chains of blocks that call, fill, empty and create contracts, for worlds, with ethereumjs as the oracle.
import { type BlockInput, type Hardfork, type Hex, type MemoryState, memoryState, readBlock } from '../../src/index.ts';
import type { Choose } from './synthetic-generator.ts';

const MINER = '0x00000000000000000000000000000000000000f0';
const FIRST_SENDER = 0xa0;
const SENDERS = 4;

/** storage[calldata[0]] += calldata[32] */
const STORE = '0x60203560003554016000355500';
/** Destroys itself for the benefit of the caller when there is calldata, otherwise storage[1] += 1. */
const MORTAL = '0x36600e57600154600101600155005b33ff';
/** Sends half of its balance on. */
const FORWARD = '0x600080808047600290046000356000f15000';
/** Returns the mortal contract: init code. */
const CREATE_MORTAL = `0x${(0x70).toString(16)}${MORTAL.slice(2)}600052601160${(15).toString(16).padStart(2, '0')}f3`;

export const CONTRACTS = {
  store: address(0xc0),
  mortal: address(0xc1),
  forward: address(0xc2),
} as const;

export function firstState(): MemoryState {
  return memoryState({
    ...Object.fromEntries(
      Array.from({ length: SENDERS }, (_, i) => [address(FIRST_SENDER + i), { balance: 10n ** 21n }]),
    ),
    [CONTRACTS.store]: { code: STORE, storage: { '0x1': 5n, '0x2': 9n } },
    [CONTRACTS.mortal]: { code: MORTAL, balance: 7n, storage: { '0x1': 3n, '0x5': 4n } },
    [CONTRACTS.forward]: { code: FORWARD, balance: 1000n },
  });
}

/** The next block of a chain; `nonces` are those of the senders, and are moved on. */
export function nextBlock(choose: Choose, number: number, nonces: number[], hardfork: Hardfork): BlockInput {
  const transactions = Array.from({ length: 1 + choose(12) }, () => {
    const sender = choose(SENDERS);
    const to = [CONTRACTS.store, CONTRACTS.mortal, CONTRACTS.forward, address(0xd0 + choose(4)), undefined][choose(5)];
    const word = (value: number) => value.toString(16).padStart(64, '0');
    const input =
      to === undefined
        ? CREATE_MORTAL
        : to === CONTRACTS.mortal
          ? choose(3) === 0
            ? '0x01'
            : '0x'
          : `0x${word(to === CONTRACTS.forward ? 0xd0 + choose(4) : choose(4))}${word(choose(100))}`;
    const nonce = nonces[sender]!++;
    return {
      ...{ type: 2, from: address(FIRST_SENDER + sender), nonce, gas: 200_000, input, chainId: 1 },
      ...{ value: choose(50), maxFeePerGas: 10, maxPriorityFeePerGas: choose(3), accessList: [] },
      ...(to === undefined ? {} : { to }),
    };
  });
  const header = {
    ...{ number, timestamp: 1_690_000_000 + number, gasLimit: 30_000_000, miner: MINER, baseFeePerGas: 7 },
    ...{ parentHash: hash(number - 1), hash: hash(number), mixHash: hash(0) },
  };
  const withdrawals = [{ index: 0, validatorIndex: 0, address: address(0xd0 + choose(6)), amount: choose(3) }];
  return readBlock({ ...header, withdrawals, transactions } as never, hardfork, 'block');
}

function address(number: number): Hex {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

function hash(number: number): Hex {
  return `0x${number.toString(16).padStart(64, '0')}`;
}
