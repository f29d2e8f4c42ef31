// What a transaction spent its gas on: by function, by kind of instruction, and by stack of calls.

import type { Hex } from '../base/hex.ts';
import type { EvmTransactionOutput } from '../core/evm/evm-decode.ts';
import type { FrameBegan, FrameEnded, Step } from '../core/evm/trace-events.ts';
import { classOfOpcode, type OpcodeClass } from './opcode-classes.ts';
import type { Tracer } from './tracer.ts';

/** A function as it is called: the account whose code runs, and what of it. */
export interface CalledFunction {
  readonly address: Hex;
  /** Four bytes of the call data; `creation`, `precompile`, or `fallback` where there are none. */
  readonly selector: Hex | 'creation' | 'precompile' | 'fallback';
}

/** Gas that frames at one stack of calls have used themselves, without what they called. */
export interface StackGas {
  /** Outermost first. */
  readonly functions: readonly CalledFunction[];
  calls: number;
  gas: number;
}

/** What a transaction has used, before refunds. */
export interface GasProfile {
  readonly gasUsed: number;
  readonly gasRefunded: number;
  readonly stacks: readonly StackGas[];
  readonly opcodes: ReadonlyMap<OpcodeClass, { count: number; gas: number }>;
}

/** A frame that is open. */
interface Open {
  readonly stack: StackGas;
  readonly name: string;
  readonly gas: number;
  /** Gas that the frames it called have used. */
  called: number;
  /** The instruction that runs: its class, gas before it, and what had been called before. */
  running: { of: OpcodeClass; gas: number; called: number } | undefined;
}

const SELECTOR_LETTERS = 10;

/** Follows every instruction. */
export function profileTracer() {
  return (): Tracer<GasProfile> => new ProfileTracer();
}

class ProfileTracer implements Tracer<GasProfile> {
  readonly #stacks = new Map<string, StackGas>();
  readonly #opcodes = new Map<OpcodeClass, { count: number; gas: number }>();
  readonly #open: Open[] = [];
  #used = 0;
  #refunded = 0;

  frameBegan(event: FrameBegan): void {
    const parent = this.#open.at(-1);
    const called = functionOf(event);
    const name = `${parent?.name ?? ''};${called.address}.${called.selector}`;
    let stack = this.#stacks.get(name);
    if (stack === undefined) {
      stack = { functions: [...(parent?.stack.functions ?? []), called], calls: 0, gas: 0 };
      this.#stacks.set(name, stack);
    }
    stack.calls++;
    this.#open.push({ stack, name, gas: Number(event.gas), called: 0, running: undefined });
  }

  stepped(event: Step): void {
    const open = this.#open.at(-1);
    if (open === undefined) return;
    const gas = Number(event.gas);
    this.#finish(open, gas);
    open.running = { of: classOfOpcode(event.opcode), gas, called: open.called };
  }

  frameEnded({ gasLeft }: FrameEnded): void {
    const open = this.#open.pop();
    if (open === undefined) return;
    const left = Number(gasLeft);
    this.#finish(open, left);
    const used = open.gas - left;
    open.stack.gas += used - open.called;
    const parent = this.#open.at(-1);
    if (parent !== undefined) parent.called += used;
  }

  transactionEnded(result: EvmTransactionOutput | undefined): void {
    this.#used = Number(result?.gasUsed ?? 0n);
    this.#refunded = Number(result?.gasRefunded ?? 0n);
  }

  result(): GasProfile {
    const [gasUsed, gasRefunded] = [this.#used, this.#refunded];
    return { gasUsed, gasRefunded, stacks: [...this.#stacks.values()], opcodes: this.#opcodes };
  }

  /** The instruction is over: what it took is what is gone since, without what was called. */
  #finish(open: Open, gas: number): void {
    const { running } = open;
    if (running === undefined) return;
    open.running = undefined;
    let sum = this.#opcodes.get(running.of);
    if (sum === undefined) {
      sum = { count: 0, gas: 0 };
      this.#opcodes.set(running.of, sum);
    }
    sum.count++;
    sum.gas += running.gas - gas - (open.called - running.called);
  }
}

function functionOf(event: FrameBegan): CalledFunction {
  if (event.isCreation) return { address: event.address, selector: 'creation' };
  const address = event.codeAddress;
  if (event.precompile !== 0) return { address, selector: 'precompile' };
  if (event.inputSize < 4) return { address, selector: 'fallback' };
  return { address, selector: event.input.slice(0, SELECTOR_LETTERS) as Hex };
}
