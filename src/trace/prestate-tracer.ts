// prestateTracer: what a transaction met of the state, before it, or what it changed.

import { type Hex, NO_CODE_HASH, quantityFromNumber } from '../base/hex.ts';
import {
  type FrameBegan,
  type FrameEnded,
  OPCODES as Op,
  type Step,
  type TransactionBegan,
} from '../core/evm/trace-events.ts';
import type { EvmTracer } from '../core/evm/tracer.ts';
import type { PrestateTracerOptions } from '../option-types.ts';
import { authorityOf } from './authority.ts';
import { SizeLimit } from './size-limit.ts';
import type { TracedTransaction, Tracer } from './tracer.ts';

/** An account as geth prints it: what is empty, or (after, in diff mode) unchanged, is left out. */
export interface PrestateAccount {
  readonly balance?: Hex;
  readonly code?: Hex;
  readonly codeHash?: Hex;
  readonly nonce?: number;
  readonly storage?: Readonly<Record<Hex, Hex>>;
}

/** By address. */
export type Prestate = Readonly<Record<Hex, PrestateAccount>>;

/** With `diffMode`. */
export interface PrestateDiff {
  readonly post: Prestate;
  readonly pre: Prestate;
}

interface Account {
  readonly balance: bigint;
  readonly nonce: bigint;
  /** `0x` also where nobody wants it. */
  readonly code: Hex;
  /** `undefined` without code. */
  readonly codeHash: Hex | undefined;
  readonly storage: Map<Hex, Hex>;
}

const ZERO: Hex = `0x${'00'.repeat(32)}`;

export function prestateTracer(options: PrestateTracerOptions = {}) {
  return (transaction: TracedTransaction): Tracer<Prestate | PrestateDiff> => {
    return new PrestateTracer(transaction, options);
  };
}

/** The instructions that meet accounts and slots. */
const MEETING: ReadonlySet<number> = new Set([
  ...[Op.SLOAD, Op.SSTORE, Op.BALANCE, Op.EXTCODESIZE, Op.EXTCODECOPY, Op.EXTCODEHASH, Op.SELFDESTRUCT],
  ...[Op.CALL, Op.CALLCODE, Op.DELEGATECALL, Op.STATICCALL],
]);

class PrestateTracer implements EvmTracer, Tracer<Prestate | PrestateDiff> {
  readonly opcodes = MEETING;
  readonly #transaction: TracedTransaction;
  readonly #options: PrestateTracerOptions;
  readonly #limit = new SizeLimit();
  readonly #before = new Map<Hex, Account>();
  readonly #after = new Map<Hex, PrestateAccount>();
  /** Accounts that creations were begun at, and that destroyed themselves, whatever became of it. */
  readonly #created = new Set<Hex>();
  readonly #destroyed = new Set<Hex>();
  /** What the instruction that was told last meets, unless it halts; and the gas that it had, which no later one has. */
  #met: (() => void) | undefined;
  #gas = 0n;

  constructor(transaction: TracedTransaction, options: PrestateTracerOptions) {
    this.#transaction = transaction;
    this.#options = options;
  }

  transactionBegan(event: TransactionBegan): void {
    const { to, sender } = event;
    if (to !== undefined) {
      this.#meetDelegate(to);
      this.#meet(to);
    }
    if (sender !== undefined) this.#meet(sender);
    this.#meet(this.#transaction.block.beneficiary);
    for (const authorization of event.authorizations) {
      const authority = authorityOf(authorization);
      if (authority !== undefined) this.#meet(authority);
    }
  }

  stepped(step: Step): void {
    this.#met?.();
    this.#met = this.#meetingOf(step);
    if (this.#met !== undefined) this.#gas = step.gas;
  }

  frameBegan(event: FrameBegan): void {
    this.#met?.();
    this.#met = undefined;
    if (!event.isCreation) return;
    this.#meet(event.address);
    this.#created.add(event.address);
  }

  frameEnded(event: FrameEnded): void {
    if (event.haltedAt?.gas !== this.#gas) this.#met?.();
    this.#met = undefined;
  }

  transactionEnded(): void {
    if (this.#options.diffMode) this.#compare();
  }

  result(): Prestate | PrestateDiff {
    const { includeEmpty = false, diffMode = false } = this.#options;
    const shown = [...this.#before].filter(([, account]) => includeEmpty || !isEmpty(account));
    const pre = sorted(shown.map(([address, account]) => [address, this.#printed(account)] as const));
    return diffMode ? { post: sorted([...this.#after]), pre } : pre;
  }

  /** What an instruction meets, read before it runs. */
  #meetingOf(step: Step): (() => void) | undefined {
    const { opcode, stackHeight } = step;
    switch (opcode) {
      case Op.SLOAD:
      case Op.SSTORE: {
        if (stackHeight < 1 || this.#options.disableStorage) return undefined;
        const { address } = step;
        const slot = step.topWord(0);
        if (this.#before.get(address)?.storage.has(slot)) return undefined;
        const value = this.#transaction.state.getStorage(address, slot);
        return () => this.#meetSlot(address, slot, value);
      }
      case Op.BALANCE:
      case Op.EXTCODESIZE:
      case Op.EXTCODECOPY:
      case Op.EXTCODEHASH:
        return stackHeight < 1 ? undefined : this.#meetingWith(step.topAddress(0));
      case Op.SELFDESTRUCT:
        return stackHeight < 1 ? undefined : this.#destruction(step.address, step.topAddress(0));
      case Op.CALL:
      case Op.CALLCODE:
      case Op.DELEGATECALL:
      case Op.STATICCALL:
        return stackHeight < 5 ? undefined : this.#meetingWithCode(step.topAddress(1));
      default:
        return undefined;
    }
  }

  #meetingWith(address: Hex): (() => void) | undefined {
    if (this.#before.has(address)) return undefined;
    const account = this.#read(address);
    return () => this.#before.set(address, account);
  }

  /** Also with the account that it delegates to (EIP-7702). */
  #meetingWithCode(address: Hex): (() => void) | undefined {
    const first = this.#meetingWith(address);
    const delegate = this.#delegateOf(address);
    if (delegate === undefined) return first;
    const second = this.#meetingWith(delegate);
    return () => {
      first?.();
      second?.();
    };
  }

  #destruction(own: Hex, beneficiary: Hex): () => void {
    const meeting = this.#meetingWith(beneficiary);
    const { rules } = this.#transaction.block;
    const goes = !rules.destroysOnlyNew || this.#created.has(own);
    return () => {
      meeting?.();
      if (goes) this.#destroyed.add(own);
    };
  }

  #meet(address: Hex): void {
    if (!this.#before.has(address)) this.#before.set(address, this.#read(address));
  }

  #meetDelegate(address: Hex): void {
    const delegate = this.#delegateOf(address);
    if (delegate !== undefined) this.#meet(delegate);
  }

  #meetSlot(address: Hex, slot: Hex, value: Hex): void {
    this.#limit.add(140);
    this.#before.get(address)?.storage.set(slot, value);
  }

  #delegateOf(address: Hex): Hex | undefined {
    const { block, state } = this.#transaction;
    return block.rules.hasDelegation ? state.getDelegate(address) : undefined;
  }

  #read(address: Hex): Account {
    const { state } = this.#transaction;
    // Letters of code take longer than everything else.
    const code = this.#options.disableCode ? '0x' : state.getCode(address);
    const codeHash = state.getCodeSize(address) === 0 ? undefined : state.getCodeHash(address);
    this.#limit.add(300 + code.length);
    const [balance, nonce] = [state.getBalance(address), state.getNonce(address)];
    return { balance, nonce, code, codeHash, storage: new Map() };
  }

  /** Keeps of what was before that which changed, and notes what it became. */
  #compare(): void {
    for (const [address, before] of this.#before) {
      // Is told of as it was, and of its end only by what is missing after.
      if (this.#destroyed.has(address)) continue;
      const after = this.#changeOf(address, before);
      if (after === undefined) this.#before.delete(address);
      else this.#after.set(address, after);
    }
  }

  /** `undefined`: none. Takes unchanged slots, and empty ones, from what was before. */
  #changeOf(address: Hex, before: Account): PrestateAccount | undefined {
    const { state } = this.#transaction;
    const balance = state.getBalance(address);
    const nonce = state.getNonce(address);
    const codeHash = state.getCodeHash(address);
    const code = this.#options.disableCode ? before.code : state.getCode(address);
    const storage: [Hex, Hex][] = [];
    let changes = false;
    for (const [slot, value] of before.storage) {
      const now = state.getStorage(address, slot);
      if (now === value || value === ZERO) before.storage.delete(slot);
      if (now === value) continue;
      changes = true;
      if (now !== ZERO) storage.push([slot, now]);
    }
    const changed: PrestateAccount = {
      ...(balance === before.balance ? {} : { balance: quantityFromNumber(balance) }),
      ...(code === before.code ? {} : { code }),
      ...(codeHash === (before.codeHash ?? NO_CODE_HASH) ? {} : { codeHash }),
      ...(nonce === before.nonce || nonce === 0n ? {} : { nonce: Number(nonce) }),
      ...(storage.length === 0 ? {} : { storage: sorted(storage) }),
    };
    return changes || nonce !== before.nonce || Object.keys(changed).length > 0 ? changed : undefined;
  }

  #printed({ balance, nonce, code, codeHash, storage }: Account): PrestateAccount {
    const { disableCode = false } = this.#options;
    return {
      balance: quantityFromNumber(balance),
      ...(code === '0x' || disableCode ? {} : { code }),
      ...(codeHash === undefined ? {} : { codeHash }),
      ...(nonce === 0n ? {} : { nonce: Number(nonce) }),
      ...(storage.size === 0 ? {} : { storage: sorted([...storage]) }),
    };
  }
}

function isEmpty({ balance, nonce, codeHash }: Account): boolean {
  return balance === 0n && nonce === 0n && codeHash === undefined;
}

function sorted<Value>(entries: readonly (readonly [Hex, Value])[]): Readonly<Record<Hex, Value>> {
  return Object.fromEntries([...entries].sort(([left], [right]) => (left < right ? -1 : 1)));
}
