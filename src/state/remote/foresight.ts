// What will probably be asked for next, from what has come: addresses in code, in slots and in call data, and the slots that
// code names. Wrong guesses cost bytes, never results.

import { bytes32FromNumber, bytesFromHex, type Hex, sameBytes } from '../../base/hex.ts';
import type { BlockInput } from '../../block/block-input.ts';
import { type CallContext, contextOf, wordOf } from './block-keys.ts';
import { addressOf, type CodeFacts, factsOf, type KeyOrigin, type SlotPattern, slotOf } from './code-facts.ts';
import { type FetchedAccount, nameOfUnit, type Unit } from './state-keys.ts';

export type FoundCode = Pick<FetchedAccount, 'code' | 'codeHash'>;

/** What is known of an account while a block runs. */
interface Known {
  readonly address: Hex;
  facts: CodeFacts | undefined;
  /** Those whose call data, or who themselves, name it. */
  readonly contexts: Set<CallContext>;
  /** Accounts whose code may run on this one's storage. */
  readonly lenders: Set<Known>;
  readonly borrowers: Set<Known>;
  /** Contracts in whose storage it is named, as a pool names its tokens: they may have something of it. */
  readonly holders: Set<Hex>;
}

/** Slots of one contract that are guessed for one call. */
const MOST_GUESSES = 48;
/** Of one account. */
const MOST_HOLDERS = 64;
/** Choices for each key of a mapping of mappings. */
const FEW_KEYS = 6;
/** With more calls than this, what a contract is called for is only looked for in the calls that name it. */
const FEW_CALLS = 4;
/** Guesses for one block: some, and more for every call in it. */
const BASE_BUDGET = 400;
const BUDGET_OF_CALL = 40;

export class Foresight {
  readonly #accounts = new Map<Hex, Known>();
  readonly #contexts: CallContext[] = [];
  /** Addresses that take part in the block's only calls, as keys of mappings. */
  readonly #parties = new Set<Hex>();
  readonly #guessed = new Set<string>();
  readonly #emit: (units: Unit[]) => void;
  readonly #lookUp: (address: Hex) => FoundCode | undefined;
  #budget = BASE_BUDGET;

  /**
   * @param emit takes what should be fetched
   * @param lookUp the code of an account that is there already, or was known at another block
   */
  constructor(emit: (units: Unit[]) => void, lookUp: (address: Hex) => FoundCode | undefined) {
    this.#emit = emit;
    this.#lookUp = lookUp;
  }

  /** A block is about to be executed. */
  begin(block: BlockInput): void {
    const units: Unit[] = [];
    for (const transaction of block.transactions) {
      const context = contextOf(transaction);
      if (context === undefined) continue;
      this.#contexts.push(context);
      this.#budget += BUDGET_OF_CALL;
      if (context.to !== undefined) this.#known(context.to).contexts.add(context);
      // Data sent to an account without code names nobody; that is not known yet, and rare.
      for (const address of context.addresses) {
        this.#known(address).contexts.add(context);
        units.push({ kind: 'account', address });
      }
    }
    if (this.#contexts.length <= FEW_CALLS) {
      for (const { from, to, addresses } of this.#contexts) {
        for (const address of [from, ...(to === undefined ? [] : [to]), ...addresses]) this.#parties.add(address);
      }
    }
    this.#guess(units);
    for (const { to } of this.#contexts) if (to !== undefined) this.#meet(to);
  }

  /** An account has come, with its code. */
  account(address: Hex, { code, codeHash }: FoundCode): void {
    if (code === '0x' || this.#contexts.length === 0) return;
    const known = this.#known(address);
    if (known.facts !== undefined) return;
    known.facts = factsOf(code, codeHash);
    const units: Unit[] = known.facts.addresses.map((named) => ({ kind: 'account', address: named }));
    if (known.facts.delegates) for (const named of known.facts.addresses) this.#lend(this.#known(named), known, units);
    this.#guess([...units, ...this.#slotsOf(known)]);
    for (const borrower of known.borrowers) this.#guess(this.#slotsOf(borrower));
    this.#join(address);
  }

  /** A slot has come: it may hold an address. */
  slot(address: Hex, value: Hex): void {
    if (this.#contexts.length === 0) return;
    const named = addressOf(BigInt(value));
    if (named === undefined) return;
    const units: Unit[] = [{ kind: 'account', address: named }];
    const holder = this.#known(address);
    const account = this.#known(named);
    if (holder.facts?.delegates === true) this.#lend(account, holder, units);
    if (holder.facts !== undefined && account.holders.size < MOST_HOLDERS) account.holders.add(address);
    this.#guess([...units, ...heldBy(account, [address])]);
  }

  /** A contract that nobody named takes part, as a pool between tokens: it may be a key of their mappings. */
  #join(address: Hex): void {
    if (this.#contexts.length > FEW_CALLS || this.#parties.has(address) || this.#parties.size >= 12) return;
    this.#parties.add(address);
    for (const known of this.#accounts.values()) {
      if (known.facts !== undefined) this.#guess(this.#slotsOf(known));
    }
  }

  #lend(lender: Known, borrower: Known, units: Unit[]): void {
    if (borrower.lenders.has(lender)) return;
    borrower.lenders.add(lender);
    lender.borrowers.add(borrower);
    units.push(...this.#slotsOf(borrower));
  }

  #known(address: Hex): Known {
    let known = this.#accounts.get(address);
    if (known === undefined) {
      known = {
        address,
        facts: undefined,
        contexts: new Set(),
        lenders: new Set(),
        borrowers: new Set(),
        holders: new Set(),
      };
      this.#accounts.set(address, known);
    }
    return known;
  }

  /** The slots that the code of an account names, and those of its mappings for the calls that name the account. */
  #slotsOf(known: Known): Unit[] {
    const patterns = [known, ...known.lenders].flatMap(({ facts }) => facts?.patterns ?? []);
    const slots = new Set<bigint>();
    for (const pattern of patterns) if (pattern.keys.length === 0) slots.add(slotOf(pattern, []));
    // Balances before allowances: the fewer keys, the better the guess.
    const mappings = patterns.filter(({ keys }) => keys.length > 0).sort((a, b) => a.keys.length - b.keys.length);
    for (const context of this.#contexts.length <= FEW_CALLS ? this.#contexts : known.contexts) {
      const entries = new Set<bigint>();
      for (const pattern of mappings) this.#entries(pattern, known, context, entries);
      for (const slot of [...entries].slice(0, MOST_GUESSES)) slots.add(slot);
    }
    const units = [...slots].map((slot): Unit => ({ kind: 'storage', address: known.address, slot: wordOf(slot) }));
    return [...units, ...heldBy(known, known.holders)];
  }

  /** The entries of a mapping that a call may look at. */
  #entries(pattern: SlotPattern, known: Known, context: CallContext, entries: Set<bigint>): void {
    let paths: Uint8Array[][] = [[]];
    for (const origin of pattern.keys) {
      const choices = this.#choices(origin, known, context);
      // What belongs to two accounts, as an allowance, is seldom of interest where none of them sends the transaction.
      const few = paths.length > 1 || pattern.keys.length > 1 ? choices.slice(0, FEW_KEYS) : choices;
      paths = paths.flatMap((before) => few.map((key) => [...before, key]));
    }
    for (const path of paths) if (path.length === 1 || path.some(isSender(context))) entries.add(slotOf(pattern, path));
  }

  #choices(origin: KeyOrigin, known: Known, context: CallContext): Uint8Array[] {
    const isCalled = context.to === known.address;
    if (typeof origin === 'object') {
      const word = isCalled ? context.words[origin.word] : undefined;
      return word === undefined ? [] : [bytes32FromNumber(word)];
    }
    if (origin === 'any') return [];
    if (origin === 'self') return [padded(known.address)];
    if (origin === 'origin') return [padded(context.from)];
    if (origin === 'caller') {
      if (isCalled) return [padded(context.from)];
      return context.to === undefined ? [] : [padded(context.to)];
    }
    const parties =
      this.#parties.size > 0
        ? this.#parties
        : new Set([context.from, ...(isCalled || context.to === undefined ? [] : [context.to]), ...context.addresses]);
    return [...parties].filter((party) => party !== known.address).map(padded);
  }

  #guess(units: readonly Unit[]): void {
    const wanted: Unit[] = [];
    for (const unit of units) {
      const name = nameOfUnit(unit);
      if (this.#guessed.has(name) || this.#budget <= 0) continue;
      this.#guessed.add(name);
      this.#budget--;
      wanted.push(unit);
    }
    if (wanted.length > 0) this.#emit(wanted);
    for (const unit of wanted) if (unit.kind === 'account') this.#meet(unit.address);
  }

  /** What is there already does not come again. */
  #meet(address: Hex): void {
    const account = this.#lookUp(address);
    if (account !== undefined) this.account(address, account);
  }
}

/** What is kept of each of its holders by itself, as a balance. */
function heldBy({ address, facts, lenders }: Known, holders: Iterable<Hex>): Unit[] {
  const patterns = [facts, ...[...lenders].map((lender) => lender.facts)].flatMap((each) => each?.patterns ?? []);
  const mappings = patterns.filter(({ keys }) => keys.length === 1 && keys[0] !== 'any');
  return [...holders].flatMap((holder) =>
    mappings.map((pattern) => ({ kind: 'storage', address, slot: wordOf(slotOf(pattern, [padded(holder)])) }) as const),
  );
}

function padded(address: Hex): Uint8Array {
  const bytes = new Uint8Array(32);
  bytes.set(bytesFromHex(address), 12);
  return bytes;
}

function isSender({ from }: CallContext): (key: Uint8Array) => boolean {
  const sender = padded(from);
  return (key) => sameBytes(key, sender);
}
