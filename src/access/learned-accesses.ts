// What an engine has learned of transactions: what made them need each other, what they cost, how often they ran in vain.

import { renew } from '../base/bounded-map.ts';
import type { Hex } from '../base/hex.ts';
import { eventLoopTurn } from '../base/platform.ts';
import type { TransactionInput } from '../block/block-input.ts';
import type { AccessKey, AccessOracle, AccessPrediction } from './access-oracle.ts';
import { GAS_PER_MS } from './crew-size.ts';
import {
  type EngineLearned,
  MOST_ACCOUNTS,
  MOST_CALLS,
  MOST_CODES,
  MOST_KEYS,
  MOST_NAMED,
  MOST_SEEN,
} from './learned-format.ts';

/** A block that was executed, as far as something can be learned from it. Transactions are named by index. */
export interface ObservedBlock {
  readonly transactions: readonly TransactionInput[];
  /** Of the execution that counts, in milliseconds. */
  readonly durationsMs: ArrayLike<number>;
  readonly gasUsed: ArrayLike<number>;
  /** How often each was executed. */
  readonly executions: ArrayLike<number>;
  /** Reads of what a lower transaction of the block has written: who, from whom, and the number of the place. */
  readonly higher: ArrayLike<number>;
  readonly lower: ArrayLike<number>;
  readonly places: ArrayLike<number>;
  /** By number; `undefined`: of a kind that is of no use here. */
  readonly place: (number: number) => AccessKey | undefined;
  /** Of accounts with code that the block has met: lower-case hex. */
  readonly codes: ReadonlyMap<Hex, Hex>;
}

/** How often a place was read after a lower transaction had written it, or written for a higher one. */
interface Part {
  reads: number;
  writes: number;
}

/** What is known of the calls of one selector of one code. Counts are of the newer calls most: they are halved now and then. */
interface Call {
  seen: number;
  ms: number;
  gas: number;
  aborts: number;
  /** Places, as {@link nameOf} has them. */
  readonly keys: Map<Hex, KeyPart>;
}

interface KeyPart extends Part {
  /** Addresses that all calls which touched the place had among their arguments: a swap is of its pair's tokens. */
  named: readonly Hex[];
  /** Calls that had them, and came behind another one of their block that had, or had read the place. */
  met: number;
}

interface Account extends Part {
  seen: number;
}

/** A duration counts as so many times the mean at most: workers are interrupted. */
const MOST_TIMES = 4;
/** Longer than any execution. */
const MOST_MS = 1e6;
/** Weight of a new duration against the mean. */
const WEIGHT = 1 / 8;
/**
 * Part of those that could that must have read a place for others to wait for it: beginning in vain mostly costs a worker that would be
 * idle, waiting in vain all who wait behind (docs/scaling.md).
 */
const CERTAIN = 0.95;
/** The same of those that write it. */
const LIKELY = 0.5;
/** The same of transfers. */
const OFTEN = 0.35;

const ADDRESS_DIGITS = 42;
const WORD_DIGITS = 64;
/** In front of an address in a word; in front of a number that is none. */
const PADDING = '0'.repeat(24);
const NO_ADDRESS = '0'.repeat(8);

/** Learns of blocks, and predicts the next ones. All that is held is bounded; what was not met for long goes first. */
export class LearnedAccesses {
  readonly #calls = new Map<string, Call>();
  readonly #accounts = new Map<Hex, Account>();
  readonly #codes = new Map<Hex, Hex>();
  /** What there was no time for yet. */
  readonly #pending: (() => ObservedBlock)[] = [];

  /** Begins with what another one has learned. */
  constructor(learned?: EngineLearned) {
    if (learned === undefined) return;
    for (const { codeHash, selector, keys, ...call } of learned.calls) {
      const parts = keys.map(
        ({ key, reads, writes, named = [], met = call.seen }) => [key, { reads, writes, named, met }] as const,
      );
      this.#calls.set(codeHash + selector, { ...call, keys: new Map(parts) });
    }
    for (const { address, ...account } of learned.accounts) this.#accounts.set(address, { ...account });
    for (const { address, codeHash } of learned.codes) this.#codes.set(address, codeHash);
  }

  /** As JSON, for another one. */
  learned(): EngineLearned {
    this.#settle();
    return {
      version: 1,
      calls: Array.from(this.#calls, ([name, { keys, ...call }]) => ({
        codeHash: name.slice(0, 66) as Hex,
        selector: name.slice(66) as Hex,
        ...call,
        keys: Array.from(keys, ([key, part]) => ({ key, ...part })),
      })),
      accounts: Array.from(this.#accounts, ([address, account]) => ({ address, ...account })),
      codes: Array.from(this.#codes, ([address, codeHash]) => ({ address, codeHash })),
    };
  }

  /** What was learned, as an oracle. */
  readonly oracle: AccessOracle = {
    transactionAccess: ({ transaction }) => {
      this.#settle();
      return this.#predict(transaction);
    },
  };

  /** Learns of a block when there is time, at the latest before it is asked again: whoever waits for the block waits for no lesson. */
  observeLater(block: () => ObservedBlock): void {
    this.#pending.push(block);
    if (this.#pending.length === 1) void eventLoopTurn().then(() => this.#settle());
  }

  #settle(): void {
    if (this.#pending.length === 0) return;
    for (const block of this.#pending.splice(0)) this.observe(block());
  }

  observe(block: ObservedBlock): void {
    const { transactions, durationsMs, gasUsed, executions, codes } = block;
    for (const { to } of transactions) {
      const code = to && codes.get(to);
      if (code) renew(this.#codes, to, code, MOST_CODES);
    }
    const edges = edgesOf(block);
    const earlier = new Set<KeyPart>();
    for (const [index, transaction] of transactions.entries()) {
      const name = this.#nameOf(transaction);
      const aborts = Math.max(0, executions[index]! - 1);
      const call = name === undefined ? undefined : this.#seen(name, durationsMs[index]!, gasUsed[index]!, aborts);
      const met = new Set<KeyPart>();
      if (call !== undefined) meet(call, transaction, earlier, met);
      for (const address of new Set([transaction.from, transaction.to])) {
        const account = address && this.#accounts.get(address);
        if (account) age(account, [account]).seen++;
      }
      const mine = edges[index];
      if (mine === undefined) continue;
      for (const role of ['reads', 'writes'] as const) {
        for (const number of mine[role]) {
          const place = block.place(number);
          const part = place && this.#note(transaction, call, place, role);
          if (part === undefined) continue;
          earlier.add(part);
          if (role === 'reads') countMet(part, met);
        }
      }
    }
  }

  #seen(name: string, ms: number, gas: number, aborts: number): Call {
    const known = this.#calls.get(name);
    const call = known ?? { seen: 0, ms: Math.min(ms, MOST_MS), gas, aborts: 0, keys: new Map() };
    renew(this.#calls, name, call, MOST_CALLS);
    if (known !== undefined) {
      call.ms += (Math.min(ms, MOST_TIMES * call.ms) - call.ms) * WEIGHT;
      call.gas += (gas - call.gas) * WEIGHT;
    }
    if (call.seen >= MOST_SEEN) call.aborts /= 2;
    age(call, call.keys.values()).seen++;
    call.aborts += aborts;
    return call;
  }

  #note(
    transaction: TransactionInput,
    call: Call | undefined,
    place: AccessKey,
    role: 'reads' | 'writes',
  ): KeyPart | undefined {
    if (call !== undefined) {
      // What a sender leaves for its own next transaction is known anyway.
      if (place.kind === 'balance' && place.address === transaction.from) return undefined;
      const name = nameOf(place, transaction.to);
      if (name === undefined) return undefined;
      const named = namedIn(transaction.input);
      const known = call.keys.get(name);
      const part = known ?? { reads: 0, writes: 0, named: [...named], met: 0 };
      if (!isOfKind(part, named)) {
        part.named = part.named.filter((address) => named.has(address));
      }
      if (!call.keys.has(name) && call.keys.size >= MOST_KEYS) call.keys.delete(rarest(call.keys));
      call.keys.set(name, part);
      count(part, role);
      return part;
    }
    const { from, to } = transaction;
    if (place.kind !== 'balance' || place.address !== (role === 'reads' ? from : to)) return undefined;
    const account = this.#accounts.get(place.address) ?? { seen: 1, reads: 0, writes: 0 };
    renew(this.#accounts, place.address, account, MOST_ACCOUNTS);
    count(account, role);
    return undefined;
  }

  #predict(transaction: TransactionInput): AccessPrediction | undefined {
    const { from, to } = transaction;
    const name = this.#nameOf(transaction);
    if (name === undefined) {
      const sender = from && this.#accounts.get(from);
      const recipient = to && this.#accounts.get(to);
      const isRead = sender && sender.reads > 0 && sender.reads >= OFTEN * sender.seen;
      const isWritten = recipient && recipient.writes > 0 && recipient.writes >= OFTEN * recipient.seen;
      if (!isRead && !isWritten) return undefined;
      return {
        reads: isRead ? [{ kind: 'balance', address: from! }] : [],
        credits: isWritten ? [{ kind: 'balance', address: to! }] : [],
      };
    }
    const call = this.#calls.get(name);
    if (call === undefined) return undefined;
    const reads: AccessKey[] = [];
    const writes: AccessKey[] = [];
    const named = namedIn(transaction.input);
    for (const [key, part] of call.keys) {
      if (!isOfKind(part, named)) continue;
      const isRead = part.reads > 0 && part.reads >= CERTAIN * part.met;
      const isWritten = part.writes > 0 && part.writes >= LIKELY * part.met;
      if (!isRead && !isWritten) continue;
      const place = placeOf(key, to!);
      if (isRead) reads.push(place);
      if (isWritten) writes.push(place);
    }
    return { reads, writes, gas: BigInt(Math.round(call.ms * GAS_PER_MS)) };
  }

  /** Of calls of known code; `undefined`: a transfer, or nobody knows. */
  #nameOf({ to, input }: TransactionInput): string | undefined {
    if (to === undefined || input.length < 10) return undefined;
    const codeHash = this.#codes.get(to);
    return codeHash && `${codeHash}${input.slice(0, 10)}`;
  }
}

/** By transaction, the places by which it hangs together with others: each once, each way. */
function edgesOf({ higher, lower, places }: ObservedBlock): { reads: Set<number>; writes: Set<number> }[] {
  const edges: { reads: Set<number>; writes: Set<number> }[] = [];
  const of = (index: number) => {
    edges[index] ??= { reads: new Set(), writes: new Set() };
    return edges[index];
  };
  for (let at = 0; at < higher.length; at++) {
    of(higher[at]!).reads.add(places[at]!);
    of(lower[at]!).writes.add(places[at]!);
  }
  return edges;
}

/** Addresses that stand among the arguments of a call as words of their own. Of small numbers there is no telling. */
function namedIn(input: Hex): Set<Hex> {
  const named = new Set<Hex>();
  for (let at = 10; at + WORD_DIGITS <= input.length && named.size < MOST_NAMED; at += WORD_DIGITS) {
    const start = at + WORD_DIGITS - (ADDRESS_DIGITS - 2);
    if (input.startsWith(NO_ADDRESS, start) || !input.startsWith(PADDING, at)) continue;
    named.add(`0x${input.slice(start, at + WORD_DIGITS)}`);
  }
  return named;
}

function isOfKind({ named }: KeyPart, among: ReadonlySet<Hex>): boolean {
  return named.every((address) => among.has(address));
}

/** Counts the call for the places that it is expected to touch, and that `earlier` calls of the block were expected to. */
function meet({ keys }: Call, { input }: TransactionInput, earlier: Set<KeyPart>, met: Set<KeyPart>): void {
  if (keys.size === 0) return;
  const named = namedIn(input);
  for (const part of keys.values()) {
    if (!isOfKind(part, named)) continue;
    if (earlier.has(part)) countMet(part, met);
    earlier.add(part);
  }
}

function countMet(part: KeyPart, met: Set<KeyPart>): void {
  if (met.has(part)) return;
  met.add(part);
  part.met = Math.min(MOST_SEEN, part.met + 1);
}

function count(part: Part, role: keyof Part): void {
  part[role] = Math.min(MOST_SEEN, part[role] + 1);
}

/** Lets what is old count half, when there is much of it. */
function age<T extends { seen: number }>(counted: T, parts: Iterable<Part & { met?: number }>): T {
  if (counted.seen < MOST_SEEN) return counted;
  counted.seen /= 2;
  for (const part of parts) {
    part.reads /= 2;
    part.writes /= 2;
    if (part.met !== undefined) part.met /= 2;
  }
  return counted;
}

function rarest(keys: ReadonlyMap<Hex, Part>): Hex {
  let found: Hex = '0x';
  let least = Number.POSITIVE_INFINITY;
  for (const [key, { reads, writes }] of keys) {
    if (reads + writes >= least) continue;
    least = reads + writes;
    found = key;
  }
  return found;
}

/** A balance by its address, 20 bytes; a slot of the called contract by itself, 32 bytes; any other slot with its address, 52. */
function nameOf(place: AccessKey, called: Hex | undefined): Hex | undefined {
  if (place.kind === 'balance') return place.address;
  if (place.kind !== 'storage') return undefined;
  return place.address === called ? place.slot : `${place.address}${place.slot.slice(2)}`;
}

function placeOf(name: Hex, called: Hex): AccessKey {
  if (name.length === ADDRESS_DIGITS) return { kind: 'balance', address: name };
  if (name.length < ADDRESS_DIGITS + 64) return { kind: 'storage', address: called, slot: name };
  return {
    kind: 'storage',
    address: name.slice(0, ADDRESS_DIGITS) as Hex,
    slot: `0x${name.slice(ADDRESS_DIGITS)}`,
  };
}
