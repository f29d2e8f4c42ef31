// The oracle: what blocks of synthetic programs must come to, found by running them one after the other in TypeScript.
// Independent of the core; assembly/execute/synthetic.ts says what the operations do.
import { Kind, Outcome } from '../../assembly/layout.ts';

export const Operation = {
  READ: 1,
  WRITE: 2,
  READ_BALANCE: 3,
  CREDIT: 4,
  DEBIT: 5,
  SKIP_UNLESS_AT_LEAST: 6,
  RESET: 7,
  NONCE: 8,
  READ_DYNAMIC: 9,
  WRITE_DYNAMIC: 10,
  SPIN: 11,
  REVERT_IF_ODD: 12,
  FAIL_IF_DIVISIBLE: 13,
  INCREMENT: 14,
  WRITE_CODE: 15,
  READ_CODE: 16,
} as const;

/** One instruction; what is left out is 0. */
export type Instruction = readonly [operation: number, a?: number, b?: number, c?: number];
export type SyntheticProgram = readonly Instruction[];

/** Accounts and slots are below 65,536. */
export interface SyntheticBlock {
  /** Balances before the block, by account. */
  balances?: Readonly<Record<number, number>>;
  /** Storage before the block, by account and slot. */
  storage?: readonly (readonly [account: number, slot: number, value: number | bigint])[];
  /** All of the state before the block, by {@link stateKey}, beside the balances and the storage. */
  before?: ReadonlyMap<number, bigint>;
  programs: readonly SyntheticProgram[];
  /** Hints: the second needs the first. They may lie. */
  dependencies?: readonly (readonly [lower: number, higher: number])[];
  /** What a transaction is said to leave in storage. It may not. */
  announced?: readonly (readonly [transaction: number, account: number, slot: number, value: number | bigint])[];
  /** Transactions that are to begin ahead of their turn, in this order. */
  early?: readonly number[];
  /** Transactions that run at the commit head only. */
  headOnly?: readonly number[];
}

/** What a block comes to. */
export interface SyntheticResult {
  /** Outcome of each transaction. */
  outcomes: number[];
  /** The accumulator each program ended with. */
  outputs: bigint[];
  /** Everything that is not 0 at the end, by {@link stateKey}. */
  state: Map<number, bigint>;
}

const MULTIPLIER = 0xbf58476d1ce4e5b9n;
const SIZE = 65_536;

/** One number for a place in the state. */
export function stateKey(kind: number, account: number, slot = 0): number {
  return (kind * SIZE + account) * SIZE + slot;
}

export function partsOfKey(key: number): { kind: number; account: number; slot: number } {
  return { kind: Math.floor(key / SIZE / SIZE), account: Math.floor(key / SIZE) % SIZE, slot: key % SIZE };
}

/** Runs the first `count` programs in order. */
export function runSequentially(block: SyntheticBlock, count: number = block.programs.length): SyntheticResult {
  const machine = new Machine(block);
  for (let index = 0; index < count; index++) machine.run(index, block.programs[index] as SyntheticProgram);
  return machine.result();
}

/** The accumulators that the programs from `first` to before `end` end with, when those before did nothing. */
export function runLane(block: SyntheticBlock, first: number, end: number): bigint[] {
  const machine = new Machine(block);
  for (let index = first; index < end; index++) machine.run(index, block.programs[index] as SyntheticProgram);
  return machine.result().outputs;
}

class Machine {
  readonly #accounts = new Map<number, bigint>();
  readonly #storage = new Map<number, Map<number, bigint>>();
  readonly #outcomes: number[] = [];
  readonly #outputs: bigint[] = [];
  /** How to take the running program's writes back. */
  #undo: (() => void)[] = [];

  constructor(block: SyntheticBlock) {
    for (const [account, balance] of Object.entries(block.balances ?? {})) {
      this.#accounts.set(stateKey(Kind.BALANCE, Number(account)), BigInt(balance));
    }
    for (const [account, slot, value] of block.storage ?? []) this.#slots(account).set(slot, BigInt(value));
    for (const [key, value] of block.before ?? []) {
      const { kind, account, slot } = partsOfKey(key);
      if (kind === Kind.STORAGE) this.#slots(account).set(slot, value);
      else this.#accounts.set(key, value);
    }
  }

  result(): SyntheticResult {
    const state = new Map<number, bigint>();
    for (const [key, value] of this.#accounts) if (value !== 0n) state.set(key, value);
    for (const [account, slots] of this.#storage) {
      for (const [slot, value] of slots) if (value !== 0n) state.set(stateKey(Kind.STORAGE, account, slot), value);
    }
    return { outcomes: this.#outcomes, outputs: this.#outputs, state };
  }

  run(index: number, program: SyntheticProgram): void {
    this.#undo = [];
    let accumulator = BigInt(index);
    let outcome: number = Outcome.SUCCESS;
    for (let at = 0; at < program.length && outcome === Outcome.SUCCESS; at++) {
      const [operation, a = 0, b = 0, c = 0] = program[at] as Instruction;
      switch (operation) {
        case Operation.READ:
          accumulator = mix(accumulator, this.#read(a, b));
          break;
        case Operation.READ_DYNAMIC:
          accumulator = mix(accumulator, this.#read(a, Number(accumulator % BigInt(b))));
          break;
        case Operation.WRITE:
          this.#write(a, b, mix(accumulator, BigInt(c)));
          break;
        case Operation.WRITE_DYNAMIC:
          this.#write(a, Number(accumulator % BigInt(b)), mix(accumulator, BigInt(c)));
          break;
        case Operation.INCREMENT:
          this.#write(a, b, BigInt.asUintN(64, this.#read(a, b) + BigInt(c)));
          break;
        case Operation.READ_BALANCE:
          accumulator = mix(accumulator, this.#get(Kind.BALANCE, a));
          break;
        case Operation.CREDIT:
          this.#set(Kind.BALANCE, a, this.#get(Kind.BALANCE, a) + BigInt(b));
          break;
        case Operation.DEBIT:
          if (this.#get(Kind.BALANCE, a) < BigInt(b)) outcome = Outcome.REVERTED;
          else this.#set(Kind.BALANCE, a, this.#get(Kind.BALANCE, a) - BigInt(b));
          break;
        case Operation.SKIP_UNLESS_AT_LEAST:
          if (this.#get(Kind.BALANCE, a) < BigInt(b)) at += c;
          break;
        case Operation.RESET:
          this.#reset(a);
          break;
        case Operation.NONCE:
          if (this.#get(Kind.NONCE, a) !== BigInt(b)) outcome = Outcome.INVALID;
          else this.#set(Kind.NONCE, a, BigInt(b) + 1n);
          break;
        case Operation.WRITE_CODE:
          this.#set(Kind.CODE, a, mix(accumulator, BigInt(c)));
          break;
        case Operation.READ_CODE:
          accumulator = mix(accumulator, this.#get(Kind.CODE, a));
          break;
        case Operation.REVERT_IF_ODD:
          if (accumulator % 2n === 1n) outcome = Outcome.REVERTED;
          break;
        case Operation.FAIL_IF_DIVISIBLE:
          if (accumulator % BigInt(a) === 0n) outcome = Outcome.FAILED;
          break;
        case Operation.SPIN:
          break;
        default:
          throw new Error(`operation ${operation} is unknown`);
      }
    }
    if (outcome === Outcome.FAILED || outcome === Outcome.INVALID) {
      for (const takeBack of this.#undo.reverse()) takeBack();
    }
    this.#outcomes.push(outcome);
    this.#outputs.push(accumulator);
  }

  #slots(account: number): Map<number, bigint> {
    let slots = this.#storage.get(account);
    if (slots === undefined) {
      slots = new Map();
      this.#storage.set(account, slots);
    }
    return slots;
  }

  #read(account: number, slot: number): bigint {
    return this.#storage.get(account)?.get(slot) ?? 0n;
  }

  #write(account: number, slot: number, value: bigint): void {
    const slots = this.#slots(account);
    const before = slots.get(slot) ?? 0n;
    this.#undo.push(() => slots.set(slot, before));
    slots.set(slot, value);
  }

  #reset(account: number): void {
    const before = this.#slots(account);
    this.#undo.push(() => this.#storage.set(account, before));
    this.#storage.set(account, new Map());
  }

  #get(kind: number, account: number): bigint {
    return this.#accounts.get(stateKey(kind, account)) ?? 0n;
  }

  #set(kind: number, account: number, value: bigint): void {
    const key = stateKey(kind, account);
    const before = this.#accounts.get(key) ?? 0n;
    this.#undo.push(() => this.#accounts.set(key, before));
    this.#accounts.set(key, value);
  }
}

/** One step of the accumulator. */
function mix(accumulator: bigint, word: bigint): bigint {
  const product = BigInt.asUintN(64, (accumulator ^ word) * MULTIPLIER + 1n);
  return product ^ (product >> 29n);
}
