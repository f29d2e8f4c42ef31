// The least gas with which a transaction does the same again, from one run: what each call used, and what it takes to hand it
// so much, since a callee gets 63/64 of what is there (EIP-150). State gas (EIP-8037) counts as if the frames' gas had paid
// for all of it, which is so up to 2^24 gas.

import { numbersOf } from '../chain/opcodes.ts';
import type { FrameBegan, FrameEnded, Step, TransactionBegan } from '../core/evm/trace-events.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';

const { SSTORE } = numbersOf('SSTORE');
/** Refused before they run: they need nothing. */
const NOT_MADE: ReadonlySet<string> = new Set(['call depth', 'insufficient balance', 'nonce at maximum']);

interface OpenFrame {
  /** What is in the reservoir included. */
  readonly gas: bigint;
  /** What the caller had used when the call was made. */
  readonly usedBefore: bigint;
  /** What the callee gets for nothing. */
  readonly stipend: bigint;
  need: bigint;
}

/** What the rules say of gas here. */
export interface GasRules {
  readonly callStipend: number;
  /** SSTORE must find more than this. */
  readonly storageSentryGas: number;
}

const WATCHED: ReadonlySet<number> = new Set([SSTORE]);

export class GasNeed implements EvmTracer {
  readonly opcodes = WATCHED;
  readonly #rules: GasRules;
  readonly #open: OpenFrame[] = [];
  #limit = 0n;
  #need: bigint | undefined;
  /** Code that halts uses all that it gets: what it needs cannot be seen. */
  #isKnown = true;
  /** What the transaction costs before any code runs. */
  #intrinsic = 0n;
  /** What it has spent at the end: before refunds, and before the least price of its data (EIP-7623). */
  spent = 0n;

  constructor(rules: GasRules) {
    this.#rules = rules;
  }

  /** `undefined`: it has to be found by trying. */
  get need(): bigint | undefined {
    return this.#isKnown ? this.#need : undefined;
  }

  transactionBegan({ gasLimit }: TransactionBegan): void {
    this.#limit = gasLimit;
  }

  frameBegan({ kind, depth, gas: own, reservoir, callerGas, value }: FrameBegan): void {
    const gas = own + reservoir;
    const caller = this.#open.at(-1);
    if (depth === 0) this.#intrinsic = this.#limit - gas;
    const isPaid = caller !== undefined && (kind === 'CALL' || kind === 'CALLCODE') && value !== 0n;
    const stipend = isPaid ? BigInt(this.#rules.callStipend) : 0n;
    const usedBefore = caller === undefined ? 0n : caller.gas - (callerGas + gas - stipend);
    this.#open.push({ gas, usedBefore, stipend, need: 0n });
  }

  stepped({ opcode, gas, reservoir }: Step): void {
    if (opcode !== SSTORE) return;
    const frame = this.#open.at(-1)!;
    frame.need = largerOf(frame.need, frame.gas - gas - reservoir + BigInt(this.#rules.storageSentryGas) + 1n);
  }

  frameEnded({ status, halt, gasLeft, reservoir }: FrameEnded): void {
    const { gas, usedBefore, stipend, need: own } = this.#open.pop()!;
    const isMade = halt === undefined || !NOT_MADE.has(halt);
    if (status === 'halted' && isMade) this.#isKnown = false;
    const need = isMade ? largerOf(own, gas - gasLeft - reservoir) : 0n;
    const caller = this.#open.at(-1);
    if (caller === undefined) {
      this.#need = this.#intrinsic + need;
      this.spent = this.#limit - gasLeft - reservoir;
      return;
    }
    const given = need - stipend;
    // The least of which all but the 64th part is enough.
    const there = given > 0n ? given + (given - 1n) / 63n : 0n;
    caller.need = largerOf(caller.need, usedBefore + there);
  }
}

export function largerOf(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}
