// Random blocks under Amsterdam's rules, and the gas that lets the library run them by rules that it knows.

import { opcodeNamed } from '../../src/chain/opcodes.ts';
import type { EvmTransactionInput } from './evm-input.ts';
import { assemble, type Item } from './evm-program.ts';
import { addressOf, type EvmScenario } from './evm-scenario.ts';
import { hexText } from './evm-state.ts';
import { fuzzCase, toScenario } from './fuzz-case.ts';
import { Random } from './fuzz-random.ts';

export interface AmsterdamCase {
  /** With little gas: without a reservoir, or with one that is soon empty. */
  readonly scenario: EvmScenario;
  /** The same transactions, by index, with a reservoir that pays for all state. */
  readonly generous: readonly EvmTransactionInput[];
}

/** What a transaction may spend on anything but state: more is the reservoir. */
const CAP = 1n << 24n;
/** More than one of these programs spends on state. */
const RESERVOIR = 8_000_000n;

const caller = 0xca11e40000000000000000000000000000000000n;
/** Bits of the data's first byte. */
const REVERTS = 1;

const op = (name: string): Item => ({ kind: 'op', code: opcodeNamed(name).number });
const push = (value: bigint | number, width = 1): Item => ({ kind: 'push', value: BigInt(value), width });

/**
 * Calls with little gas, from a frame with all of it: a loop of 2^24 gas takes the library seconds. The data is how much gas
 * (four bytes, behind one for how to end), whom, and what to send along. Returns whether the call succeeded, what gas is left
 * after it, and what it returned.
 */
const CALLER = assemble([
  ...[push(25), op('CALLDATASIZE'), op('SUB'), op('DUP1'), push(25), push(0), op('CALLDATACOPY')],
  // The output, the input's length (from the bottom of the stack) and place, the value, whom, how much gas.
  ...[push(0), push(0), op('DUP3'), push(0), op('CALLVALUE')],
  ...[push(5), op('CALLDATALOAD'), push(96), op('SHR')],
  ...[push(0), op('CALLDATALOAD'), push(216), op('SHR'), push(0xffffffff, 4), op('AND'), op('CALL')],
  ...[op('GAS'), push(32), op('MSTORE'), push(0), op('MSTORE')],
  ...[op('RETURNDATASIZE'), push(0), push(64), op('RETURNDATACOPY')],
  ...[op('RETURNDATASIZE'), push(64), op('ADD'), push(0)],
  ...[push(0), op('CALLDATALOAD'), push(248), op('SHR'), { kind: 'target', name: 'revert' } as Item, op('JUMPI')],
  ...[op('RETURN'), { kind: 'label', name: 'revert' } as Item, op('REVERT')],
]);

function called(input: EvmTransactionInput, to: Uint8Array, gas: bigint, mode: number): EvmTransactionInput {
  const head = new Uint8Array(25);
  head[0] = mode;
  new DataView(head.buffer).setUint32(1, Number(gas));
  head.set(to, 5);
  return { ...input, to: addressOf(caller), data: Uint8Array.from([...head, ...input.data]) };
}

/**
 * The case of a number. The library takes who sends to himself for a stranger, as long as nothing is signed: such a transaction
 * goes by way of the caller, as most do.
 */
export function amsterdamCase(seed: number): AmsterdamCase {
  const random = new Random(seed);
  const scenario = toScenario(fuzzCase(seed, 'amsterdam'));
  const accounts = new Map(scenario.accounts);
  accounts.set(hexText(addressOf(caller)), { nonce: 1n, balance: 0n, code: CALLER, storage: new Map() });
  const tight: EvmTransactionInput[] = [];
  const generous: EvmTransactionInput[] = [];
  for (const transaction of scenario.transactions) {
    const { sender, to, gasLimit } = transaction;
    const gas = gasLimit < CAP ? gasLimit : gasLimit % CAP;
    const mode = random.chance(4) ? REVERTS : 0;
    const through = to === undefined ? transaction : called(transaction, to, gas % 2_000_000n, mode);
    generous.push({ ...through, gasLimit: CAP + RESERVOIR + gas });
    const self = to !== undefined && sender!.every((byte, at) => byte === to[at]);
    const way = random.below(100);
    if (way < 40 && !self) tight.push(transaction);
    else if (way < 60) tight.push({ ...through, gasLimit: CAP + random.pick([0n, 97_920n, 183_600n, 400_000n]) });
    else tight.push(generous.at(-1)!);
  }
  const block = { ...scenario.block, slotNumber: BigInt(seed) };
  return { scenario: { ...scenario, block, accounts, transactions: tight }, generous };
}
