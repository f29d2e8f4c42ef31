// erc7562Tracer: the calls of a transaction with what the rules for user operations (ERC-7562) ask about each.

import type { Hex } from '../base/hex.ts';
import { OPCODES as Op, type Step } from '../core/evm/trace-events.ts';
import type { Erc7562TracerOptions } from '../option-types.ts';
import { type Call, type CallLog, CallTree } from './call-tree.ts';
import { hashedBy } from './keccak-preimages.ts';
import { SizeLimit } from './size-limit.ts';
import type { TracedTransaction, Tracer } from './tracer.ts';

/** What a call did, itself and not by other calls. */
interface CallFacts {
  readonly accessedSlots: {
    /** By slot, what it held when it was read first, before it was written. */
    readonly reads: Readonly<Record<Hex, readonly Hex[]>>;
    /** By slot, how often. */
    readonly writes: Readonly<Record<Hex, number>>;
    readonly transientReads: Readonly<Record<Hex, number>>;
    readonly transientWrites: Readonly<Record<Hex, number>>;
  };
  /** Accounts whose code was looked at, but for whether there is any. */
  readonly extCodeAccessInfo: readonly Hex[];
  /** By opcode, how often; GAS only where no call follows. */
  readonly usedOpcodes: Readonly<Record<Hex, number>>;
  /** By account that was called or looked at: bytes of its code, and the first opcode that did it. */
  readonly contractSize: Readonly<Record<Hex, { readonly contractSize: number; readonly opcode: number }>>;
  readonly outOfGas: boolean;
}

/** As geth prints it. */
export interface Erc7562Frame extends CallFacts {
  readonly from: Hex;
  readonly gas: Hex;
  readonly gasUsed: Hex;
  readonly to?: Hex;
  readonly input: Hex;
  readonly output?: Hex;
  readonly error?: string;
  readonly revertReason?: string;
  readonly logs?: readonly CallLog[];
  readonly value?: Hex;
  /** Outermost call: all that was hashed by KECCAK256. */
  readonly keccak?: readonly Hex[];
  readonly calls?: readonly Erc7562Frame[];
  readonly type: Call['type'];
}

/** What geth does not count unless it is told otherwise. */
const IGNORED: readonly number[] = [
  ...Array.from({ length: Op.SWAP16 - Op.PUSH0 + 1 }, (_, at) => Op.PUSH0 + at),
  ...[Op.POP, Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.EQ, Op.LT, Op.GT, Op.SLT, Op.SGT],
  ...[Op.SHL, Op.SHR, Op.AND, Op.OR, Op.NOT, Op.ISZERO],
];

export function erc7562Tracer(options: Erc7562TracerOptions = {}) {
  return (transaction: TracedTransaction): Tracer<Erc7562Frame | null> => {
    const { withLog: withLogs = false } = options;
    const limit = new SizeLimit();
    const tree = new CallTree(transaction, limit, { withLogs });
    const watch = new FactWatch(transaction, limit, new Set(options.ignoredOpcodes ?? IGNORED));
    return {
      transactionBegan: (event) => tree.transactionBegan(event),
      transactionEnded: (result) => tree.transactionEnded(result),
      frameBegan: (event) => tree.frameBegan(event),
      frameEnded: (event) => tree.frameEnded(event),
      selfDestructed: (event) => tree.selfDestructed(event),
      ...(withLogs ? { logged: (event) => tree.logged(event) } : {}),
      stepped(step) {
        if (tree.current !== undefined) watch.stepped(step, tree.current);
      },
      result: () => (tree.root === undefined ? null : watch.frameOf(tree.root, true)),
    };
  };
}

class Facts {
  readonly reads = new Map<Hex, Hex>();
  readonly writes = new Counts();
  readonly transientReads = new Counts();
  readonly transientWrites = new Counts();
  readonly codeAccesses: Hex[] = [];
  readonly opcodes = new Counts();
  readonly sizes = new Map<Hex, { readonly contractSize: number; readonly opcode: number }>();
}

class Counts extends Map<Hex, number> {
  count(key: Hex): void {
    this.set(key, (this.get(key) ?? 0) + 1);
  }
}

class FactWatch {
  readonly #transaction: TracedTransaction;
  readonly #limit: SizeLimit;
  readonly #ignored: ReadonlySet<number>;
  readonly #facts = new Map<Call, Facts>();
  readonly #hashed = new Set<Hex>();
  /** The instruction before, of whatever frame, and the address on top of the stack that it found. */
  #last: { readonly opcode: number; readonly address: Hex } | undefined;

  constructor(transaction: TracedTransaction, limit: SizeLimit, ignored: ReadonlySet<number>) {
    this.#transaction = transaction;
    this.#limit = limit;
    this.#ignored = ignored;
  }

  stepped(step: Step, call: Call): void {
    const { opcode, stackHeight } = step;
    const facts = this.#factsOf(call);
    const last = opcode === Op.REVERT || opcode === Op.RETURN ? undefined : this.#last;
    if (last !== undefined && looksAtCode(last.opcode) && !(last.opcode === Op.EXTCODESIZE && opcode === Op.ISZERO)) {
      this.#limit.add(50);
      facts.codeAccesses.push(last.address);
    }
    this.#noteSize(step, facts);
    if (last?.opcode === Op.GAS && !isCall(opcode)) facts.opcodes.count(hexOf(Op.GAS));
    if (opcode !== Op.GAS && !this.#ignored.has(opcode)) facts.opcodes.count(hexOf(opcode));
    this.#noteSlot(step, facts);
    if (opcode === Op.KECCAK256) this.#noteHash(step);
    this.#last = { opcode, address: looksAtCode(opcode) && stackHeight > 0 ? step.topAddress(0) : '0x' };
  }

  frameOf(call: Call, isOutermost = false): Erc7562Frame {
    const { from, gas, gasUsed, to, input, output, error, revertReason, logs, value, calls, type } = call;
    return {
      from,
      gas,
      gasUsed,
      ...(to === undefined ? {} : { to }),
      input,
      ...(output === undefined || output === '0x' ? {} : { output }),
      ...(error === undefined ? {} : { error }),
      ...(revertReason === undefined || revertReason === '' ? {} : { revertReason }),
      ...(logs.length === 0 ? {} : { logs }),
      ...(value === undefined ? {} : { value }),
      ...this.#printed(this.#factsOf(call)),
      outOfGas: !isOutermost && isOutOfGas(error),
      ...(isOutermost && this.#hashed.size > 0 ? { keccak: [...this.#hashed].sort() } : {}),
      ...(calls.length === 0 ? {} : { calls: calls.map((inner) => this.frameOf(inner)) }),
      type,
    };
  }

  #factsOf(call: Call): Facts {
    let facts = this.#facts.get(call);
    if (facts === undefined) {
      facts = new Facts();
      this.#facts.set(call, facts);
    }
    return facts;
  }

  #printed(facts: Facts): Omit<CallFacts, 'outOfGas'> {
    return {
      accessedSlots: {
        reads: Object.fromEntries([...facts.reads].map(([slot, value]) => [slot, [value]])),
        writes: Object.fromEntries(facts.writes),
        transientReads: Object.fromEntries(facts.transientReads),
        transientWrites: Object.fromEntries(facts.transientWrites),
      },
      extCodeAccessInfo: facts.codeAccesses,
      usedOpcodes: Object.fromEntries(facts.opcodes),
      contractSize: Object.fromEntries(facts.sizes),
    };
  }

  #noteSize(step: Step, { sizes }: Facts): void {
    const { opcode } = step;
    const place = isCall(opcode) ? 1 : 0;
    if (!(isCall(opcode) || looksAtCode(opcode)) || step.stackHeight <= place) return;
    const address = step.topAddress(place);
    if (!sizes.has(address)) sizes.set(address, { contractSize: this.#transaction.state.getCodeSize(address), opcode });
  }

  #noteSlot(step: Step, facts: Facts): void {
    const { opcode, stackHeight } = step;
    const isTransient = opcode === Op.TLOAD || opcode === Op.TSTORE;
    if (stackHeight < 1 || (opcode !== Op.SLOAD && opcode !== Op.SSTORE && !isTransient)) return;
    const slot = step.topWord(0);
    if (opcode === Op.SSTORE) facts.writes.count(slot);
    else if (opcode === Op.TLOAD) facts.transientReads.count(slot);
    else if (opcode === Op.TSTORE) facts.transientWrites.count(slot);
    else if (!facts.reads.has(slot) && !facts.writes.has(slot)) {
      facts.reads.set(slot, this.#transaction.state.getStorage(step.address, slot));
    } else return;
    this.#limit.add(80);
  }

  #noteHash(step: Step): void {
    const hashed = hashedBy(step);
    if (hashed === undefined || this.#hashed.has(hashed)) return;
    this.#limit.add(hashed.length);
    this.#hashed.add(hashed);
  }
}

function hexOf(opcode: number): Hex {
  return `0x${opcode.toString(16)}`;
}

function looksAtCode(opcode: number): boolean {
  return opcode === Op.EXTCODEHASH || opcode === Op.EXTCODESIZE || opcode === Op.EXTCODECOPY;
}

function isCall(opcode: number): boolean {
  return opcode === Op.CALL || opcode === Op.CALLCODE || opcode === Op.DELEGATECALL || opcode === Op.STATICCALL;
}

function isOutOfGas(error: string | undefined): boolean {
  return error === 'contract creation code storage out of gas' || error?.startsWith('out of gas') === true;
}
