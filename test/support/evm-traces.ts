// Traces of the core and of the library side by side: every instruction and every call frame, and the first difference.

import type { EVM, InterpreterStep, Message } from '@ethereumjs/evm';
import { Op } from '../../assembly/execute/evm/rules/opcodes.ts';
import { buildCore } from '../../scripts/core.mjs';
import { type Hex, hexFromBytes } from '../../src/base/hex.ts';
import type { HaltReason } from '../../src/chain/halt-reasons.ts';
import { nameOfOpcode } from '../../src/chain/opcodes.ts';
import { rulesOf } from '../../src/chain/rules.ts';
import type { EvmBlockInput, EvmTransactions } from '../../src/core/evm/evm-encode.ts';
import type { Step, TransactionBegan } from '../../src/core/evm/trace-events.ts';
import type { EvmTracer } from '../../src/core/evm/tracer.ts';
import { Tracing } from '../../src/core/evm/tracing.ts';
import type { CoreInstance } from '../../src/core/instance/abi.ts';
import type { TracerFactory } from '../../src/trace/tracer.ts';
import { EvmHost, type EvmRun } from './evm-host.ts';
import { encodeInputs } from './evm-input.ts';
import { type EvmScenario, preState } from './evm-scenario.ts';
import type { PreState } from './evm-state.ts';
import { EvmOracle } from './fuzz-oracle.ts';

/** The trace build of the core with whoever watches it. */
export class TracedHost {
  readonly host: EvmHost;
  readonly tracing: Tracing;

  private constructor(host: EvmHost, tracing: Tracing) {
    this.host = host;
    this.tracing = tracing;
  }

  static async create(memoryMiB = 256): Promise<TracedHost> {
    let tracing: Tracing | undefined;
    const host = await EvmHost.create({
      memoryMiB,
      transactions: 1024,
      locations: 65536,
      core: await buildCore('trace'),
      trace: (event, record) => tracing?.trace(event, record),
    });
    tracing = new Tracing(host.memory);
    tracing.connect(host as unknown as Pick<CoreInstance, 'core'>);
    return new TracedHost(host, tracing);
  }

  run(scenario: EvmScenario, tracer: EvmTracer): EvmRun {
    const state = preState(scenario);
    const block = { ...scenario.block, emptyAccounts: state.emptyAccounts };
    return this.runBlock(block, encodeInputs(scenario.transactions), state, tracer);
  }

  runBlock(
    block: EvmBlockInput,
    transactions: EvmTransactions,
    { base, codes }: Pick<PreState, 'base' | 'codes'>,
    tracer: EvmTracer,
  ): EvmRun {
    this.tracing.watch(tracer);
    this.host.loadBlock(block, transactions, base, codes);
    const run = this.host.collect(transactions.costs.length, this.host.runBlock());
    const failure = this.tracing.takeFailure();
    if (failure !== undefined) throw failure.error;
    return run;
  }

  /** What a tracer says of the only transaction of a scenario. */
  trace<Result>(scenario: EvmScenario, factory: TracerFactory<Result>, isCall = false): Result {
    const { number, coinbase, fork } = scenario.block;
    const tracer = factory({
      index: isCall ? undefined : 0,
      hash: undefined,
      block: { number, hash: undefined, beneficiary: hexFromBytes(coinbase), rules: rulesOf(fork) },
      firstLog: 0,
      state: this.tracing.state,
    });
    this.run(scenario, tracer);
    return tracer.result();
  }
}

/**
 * The library's words for a halt; none: any. Where two reasons hold, it may look at the other first: it often charges before
 * it looks at the stack, the size of init code or the prefix of code, where the execution specs do the opposite.
 */
const theirWords: Record<HaltReason, readonly string[]> = {
  'out of gas': [
    ...['out of gas', 'code store out of gas', 'static state change', 'invalid input length'],
    // Offsets and lengths that nobody can pay for.
    'value out of range',
  ],
  'stack underflow': ['stack underflow'],
  'stack overflow': ['stack overflow'],
  'invalid jump destination': ['invalid JUMP'],
  'invalid opcode': ['invalid opcode'],
  'write in static context': ['static state change'],
  'return data out of bounds': ['out of gas'],
  'address collision': ['create collision'],
  'code too large': ['code size to deposit exceeds maximum code size'],
  'code begins with 0xef': ['invalid bytecode deployed'],
  'init code too large': ['initcode exceeds max initcode size'],
  'precompile failure': [],
  'call depth': [],
  'insufficient balance': [],
  'nonce at maximum': [],
};

const FAILED = 'precompile failure';
const WORDS = 1 << 20;

/** All steps of one transaction in typed arrays: some have a million. */
class StepLog {
  length = 0;
  #capacity = 4096;
  pc = new Uint32Array(this.#capacity);
  opcode = new Uint8Array(this.#capacity);
  depth = new Uint16Array(this.#capacity);
  gas = new BigInt64Array(this.#capacity);
  refund = new BigInt64Array(this.#capacity);
  /** Where the stack ends in `words`. */
  end = new Uint32Array(this.#capacity);
  words: BigUint64Array = new BigUint64Array(WORDS);

  push(step: Step): void {
    if (this.length === this.#capacity) this.#grow();
    const at = this.length++;
    this.pc[at] = step.pc;
    this.opcode[at] = step.opcode;
    this.depth[at] = step.depth;
    this.gas[at] = step.gas;
    this.refund[at] = step.refund;
    const start = at === 0 ? 0 : this.end[at - 1]!;
    const limbs = step.stackLimbs;
    while (start + limbs.length > this.words.length) this.words = enlarged(this.words, BigUint64Array);
    this.words.set(limbs, start);
    this.end[at] = start + limbs.length;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.pc = enlarged(this.pc, Uint32Array);
    this.opcode = enlarged(this.opcode, Uint8Array);
    this.depth = enlarged(this.depth, Uint16Array);
    this.gas = enlarged(this.gas, BigInt64Array);
    this.refund = enlarged(this.refund, BigInt64Array);
    this.end = enlarged(this.end, Uint32Array);
  }

  /** Whether step `at` is what the library tells. */
  agrees(at: number, step: InterpreterStep): boolean {
    if (this.pc[at] !== step.pc || this.depth[at] !== step.depth) return false;
    // The library calls every opcode that it does not know INVALID.
    if (this.opcode[at] !== step.opcode.code && step.opcode.code !== Op.INVALID) return false;
    if (this.gas[at] !== step.gasLeft) return false;
    // The library's event comes when the instruction's own refund is counted already, and authorisations' are added at the end.
    const refunds = step.opcode.code === Op.SSTORE || step.opcode.code === Op.SELFDESTRUCT;
    if (!refunds && this.refund[at]! - this.refund[0]! !== step.gasRefund) return false;
    const start = at === 0 ? 0 : this.end[at - 1]!;
    if (this.end[at]! - start !== step.stack.length * 4) return false;
    return step.stack.every((word, index) => {
      for (let limb = start + index * 4; limb < start + index * 4 + 4; limb++) {
        if (this.words[limb] !== BigInt.asUintN(64, word)) return false;
        word >>= 64n;
      }
      return true;
    });
  }

  describe(at: number): string {
    if (at >= this.length) return 'nothing';
    const height = (this.end[at]! - (at === 0 ? 0 : this.end[at - 1]!)) / 4;
    return `${nameOfOpcode(this.opcode[at]!) ?? this.opcode[at]} at ${this.pc[at]}, depth ${this.depth[at]}, gas ${this.gas[at]}, refund ${this.refund[at]}, ${height} words`;
  }
}

function enlarged<T extends { set(from: T): void; length: number }>(array: T, kind: new (length: number) => T): T {
  const larger = new kind(array.length * 2);
  larger.set(array);
  return larger;
}

/** What the core tells about one transaction. */
class OurTrace implements EvmTracer {
  readonly steps = new StepLog();
  /** Beginnings and ends of frames, in words. */
  readonly frames: string[] = [];
  /** Why the frames ended that did not succeed. */
  readonly halts: (HaltReason | undefined)[] = [];
  readonly #wanted: number;
  #active = false;
  #gas: bigint[] = [];
  #begun = '';

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  transactionBegan(event: TransactionBegan): void {
    this.#active = event.index === this.#wanted;
  }

  transactionEnded(): void {
    this.#active = false;
  }

  stepped(step: Step): void {
    if (this.#active) this.steps.push(step);
  }

  frameBegan: EvmTracer['frameBegan'] = (event) => {
    if (!this.#active) return;
    this.#gas.push(event.gas);
    const creates = event.kind === 'CREATE' || event.kind === 'CREATE2';
    const to = creates ? 'new' : `${event.address} code ${event.codeAddress}`;
    const { depth, value, gas, isStatic, caller, input } = event;
    this.#begun = frameText({ depth, caller, to, value, gas, input, isStatic: isStatic && !creates });
    this.frames.push(this.#begun);
  };

  frameEnded: EvmTracer['frameEnded'] = (event) => {
    if (!this.#active) return;
    const gas = this.#gas.pop()! - event.gasLeft;
    const { status, halt } = event;
    // The library says nothing of calls that are not made.
    if (halt === 'call depth' || halt === 'insufficient balance' || halt === 'nonce at maximum') {
      this.frames.pop();
      return;
    }
    this.frames.push(endText(halt === FAILED ? FAILED : status, gas, status === 'halted' ? '0x' : event.output));
    this.halts.push(halt);
  };
}

interface FrameFacts {
  depth: number;
  caller: Hex;
  to: string;
  value: bigint;
  gas: bigint;
  input: Hex;
  isStatic: boolean;
}

function frameText({ depth, caller, to, value, gas, input, isStatic }: FrameFacts): string {
  return `depth ${depth} from ${caller} to ${to} value ${value} gas ${gas}${isStatic ? ' static' : ''} input ${input}`;
}

function endText(status: string, gasUsed: bigint, output: Hex): string {
  return `${status}, gas ${gasUsed}, output ${output}`;
}

/** Runs scenarios in both ways and compares what they tell. */
export class TraceDuel {
  readonly traced: TracedHost;
  readonly oracle = new EvmOracle();
  /** What has been compared so far. */
  readonly seen = { steps: 0, frames: 0, halts: new Map<string, number>() };

  constructor(traced: TracedHost) {
    this.traced = traced;
  }

  static async create(memoryMiB?: number): Promise<TraceDuel> {
    return new TraceDuel(await TracedHost.create(memoryMiB));
  }

  /** The first difference, in words. */
  async difference(scenario: EvmScenario): Promise<string | undefined> {
    let found: string | undefined;
    let finish = () => {};
    this.oracle.before = (evm, transaction) => {
      finish();
      finish = () => {};
      evm.events.removeAllListeners();
      if (found !== undefined) return;
      const ours = new OurTrace(transaction);
      const run = this.traced.run(scenario, ours);
      if (run.halt !== 0) found = `the core halted (${run.halt})`;
      finish = this.#listen(evm, ours, (what) => {
        found ??= `transaction ${transaction}: ${what}`;
      });
    };
    await this.oracle.run(scenario);
    finish();
    return found;
  }

  /** Compares what the library tells from now on with `ours`; the answer is to be called at the transaction's end. */
  #listen(evm: EVM, ours: OurTrace, differs: (what: string) => void): () => void {
    const { steps } = ours;
    let at = 0;
    // Code that ends without STOP: the core meets one behind it, the library just ends.
    const skipStops = (matches: () => boolean) => {
      while (at < steps.length && steps.opcode[at] === Op.STOP && !matches()) at++;
    };
    const frames: string[] = [];
    const errors: (string | undefined)[] = [];
    evm.events.on('step', (step: InterpreterStep) => {
      skipStops(() => steps.agrees(at, step));
      if (at >= steps.length || !steps.agrees(at, step)) {
        const { name, code } = step.opcode;
        differs(
          `step ${at} is ${steps.describe(at)}, not ${name} (${code}) at ${step.pc}, depth ${step.depth}, gas ${step.gasLeft}, refund ${step.gasRefund}, ${step.stack.length} words`,
        );
      }
      at++;
      this.seen.steps++;
    });
    evm.events.on('beforeMessage', (message: Message) => {
      frames.push(theirFrame(message));
    });
    evm.events.on('afterMessage', ({ execResult: { exceptionError, executionGasUsed, returnValue } }) => {
      let error: string | undefined = exceptionError?.error;
      // A success in Frontier, which the library calls an error (see fuzz-oracle.ts).
      if (error === 'code store out of gas' && evm.common.hardfork() === 'chainstart') error = undefined;
      const status = error === undefined ? 'success' : error === 'revert' ? 'reverted' : 'halted';
      frames.push(endText(status, executionGasUsed, status === 'halted' ? '0x' : hexFromBytes(returnValue)));
      errors.push(status === 'halted' ? error : undefined);
    });
    return () => {
      skipStops(() => false);
      if (at < steps.length) differs(`step ${at} is ${steps.describe(at)}, not nothing`);
      for (let index = 0; index < Math.max(frames.length, ours.frames.length); index++) {
        const our = ours.frames[index];
        // Some of the library's precompiles call their failure a revert, which takes all gas.
        const their = our?.startsWith(FAILED) ? frames[index]?.replace(/^reverted|^halted/, FAILED) : frames[index];
        if (our !== their) differs(`frame event ${index} is\n${our?.slice(0, 400)}\nnot\n${their?.slice(0, 400)}`);
      }
      ours.halts.forEach((halt, index) => {
        const error = errors[index];
        if (halt === undefined) return;
        this.seen.halts.set(halt, (this.seen.halts.get(halt) ?? 0) + 1);
        const words = theirWords[halt];
        if (error === undefined || error === 'out of gas' || words.length === 0) return;
        if (!words.some((word) => error.startsWith(word))) {
          differs(`frame ${index} halts with ${halt}, not ${error}`);
        }
      });
      this.seen.frames += frames.length;
    };
  }
}

function theirFrame(message: Message): string {
  const { depth, caller, to, value, gasLimit: gas, data: input, isStatic } = message;
  const creates = to === undefined;
  const where = creates ? 'new' : `${hexFromBytes(to.bytes)} code ${hexFromBytes(message.codeAddress.bytes)}`;
  return frameText({
    depth,
    caller: hexFromBytes(caller.bytes),
    to: where,
    value,
    gas,
    input: hexFromBytes(input),
    isStatic: isStatic && !creates,
  });
}
