// Whether time grows no faster than the work that was paid for: n against 4n, in processor time, the quickest of some tries.
import { expect } from 'vitest';
import { type Engine, HARDFORKS, type Hardfork, type Hex, memoryState } from '../../src/index.ts';
import { program } from './evm-program.ts';

export const TARGET: Hex = `0x${'0bad'.padStart(40, '0')}`;
export const SENDER: Hex = `0x${'5e4d'.padStart(40, '0')}`;
const SYSTEM = ['0x00000961ef480eb55e80d19ad83579a64c007002', '0x0000bbddc7ce488642fb579f8b00f3a590007251'];

/** Of a test: machines may be slow, what grows is found by comparison. */
export const patient = { timeout: 120_000 };

/** What grows with the square takes 16 times as long for 4n; noise has room. */
const FACTOR = 9;
const SLACK_MS = 150;
const TRIES = 5;

/** Milliseconds of processor time of all threads of this process. */
export async function processorTime(action: () => unknown): Promise<number> {
  const start = process.cpuUsage();
  await action();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** Expects that `run(4n)` takes at most some four times as long as `run(n)`; `run` answers milliseconds. */
export async function expectLinear(n: number, run: (n: number) => Promise<number>): Promise<void> {
  await run(n); // code becomes fast
  const best = { few: Number.POSITIVE_INFINITY, many: Number.POSITIVE_INFINITY };
  for (let left = TRIES; left > 0; left--) {
    best.few = Math.min(best.few, await run(n));
    best.many = Math.min(best.many, await run(4 * n));
    if (best.many < FACTOR * best.few + SLACK_MS) break;
  }
  if (process.env.PEVM_VERBOSE) console.log(expect.getState().currentTestName, best);
  expect(best.many).toBeLessThan(FACTOR * best.few + SLACK_MS);
}

export const assemble = (source: string): Hex => `0x${Buffer.from(program(source)).toString('hex')}`;
export const quantity = (value: number | bigint): Hex => `0x${value.toString(16)}`;
export const addressOf = (value: number | bigint): Hex => `0x${value.toString(16).padStart(40, '0')}`;
export const words = (values: readonly (number | bigint)[]): Hex =>
  `0x${values.map((value) => value.toString(16).padStart(64, '0')).join('')}`;

type Request = Parameters<Engine['executeBlock']>[0];

export interface HostileBlock {
  hardfork: Hardfork;
  /** Fields of the transactions, called from one account in order; what is left out is a call of TARGET. */
  transactions: Record<string, unknown>[];
  accounts?: Record<string, object>;
  /** Fields of the block. */
  fields?: Record<string, unknown>;
}

/** A block whose transactions may use any amount of gas. */
export function hostileBlock({ hardfork, transactions, accounts = {}, fields = {} }: HostileBlock): Request {
  const since = (fork: Hardfork) => HARDFORKS.indexOf(hardfork) >= HARDFORKS.indexOf(fork);
  const word = `0x${'07'.repeat(32)}` as Hex;
  const system = Object.fromEntries(SYSTEM.map((contract) => [contract, { nonce: 1, code: '0x00' }]));
  return {
    hardfork,
    state: memoryState({ ...system, [SENDER]: { balance: 10n ** 30n }, ...accounts }),
    block: {
      number: '0x3e8',
      parentHash: word,
      miner: addressOf(0x33),
      gasLimit: quantity(2n ** 50n),
      timestamp: '0x6553f100',
      difficulty: since('paris') ? '0x0' : '0x1',
      mixHash: word,
      ...(since('london') ? { baseFeePerGas: '0x7' } : {}),
      ...(since('shanghai') ? { withdrawals: [] } : {}),
      ...(since('cancun') ? { excessBlobGas: '0x0', blobGasUsed: '0x0', parentBeaconBlockRoot: word } : {}),
      ...fields,
      transactions: transactions.map((transaction, nonce) => ({
        from: SENDER,
        to: TARGET,
        nonce: quantity(nonce),
        value: '0x0',
        gas: quantity(2 ** 32),
        gasPrice: '0xa',
        input: '0x',
        ...transaction,
      })),
    },
  } as Request;
}
