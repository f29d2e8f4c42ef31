// What a transaction does that somebody may feel, in order, and without what failing calls took back: its logs, value that
// moves, and calls by which allowances are used up or signed.

import { addressIn, type Hex } from '../base/hex.ts';
import type { CallLog } from '../call-types.ts';
import type { FrameBegan, FrameEnded, SelfDestructed } from '../core/evm/trace-events.ts';
import type { EvmTracer, Logged } from '../core/evm/tracer.ts';

export interface LogEffect {
  readonly kind: 'log';
  readonly log: CallLog;
  /** Whether its contract runs a signature's permit. */
  readonly isPermit: boolean;
  /** Whether the one word of its data is what came, in wei, to its contract with a call that is open. */
  readonly isPaid: boolean;
}

/** Native value that moved; `to` is missing where it was burnt. */
export interface ValueEffect {
  readonly kind: 'value';
  readonly from: Hex;
  readonly to: Hex | undefined;
  readonly amount: bigint;
}

/** Somebody was let take a token of the owner's. */
export interface SpendEffect {
  readonly kind: 'spend';
  readonly token: Hex;
  readonly owner: Hex;
  readonly spender: Hex;
}

export type Effect = LogEffect | ValueEffect | SpendEffect;

interface OpenFrame {
  readonly address: Hex;
  readonly value: bigint;
  readonly isPermit: boolean;
  /** Effects before it. */
  readonly first: number;
}

/** Letters of 32 bytes in hex. */
const ONE_WORD = 2 + 64;
const TRANSFER_FROM: Hex = '0x23b872dd';
/** transferFrom(address,address,uint256) */
const TRANSFER_FROM_SIZE = 4 + 3 * 32;
/** permit of ERC-2612, and of DAI, which was before it. */
const PERMITS: ReadonlySet<string> = new Set(['0xd505accf', '0x8fcbaf0c']);
const PERMIT_SIZES: ReadonlySet<number> = new Set([4 + 7 * 32, 4 + 8 * 32]);

export class Effects implements EvmTracer {
  readonly #effects: Effect[] = [];
  readonly #open: OpenFrame[] = [];

  /** Those that stay, once the transaction has ended. */
  get all(): readonly Effect[] {
    return this.#effects;
  }

  frameBegan(event: FrameBegan): void {
    const { kind, address, value, inputSize } = event;
    const movesValue = kind === 'CALL' || event.isCreation;
    const first = this.#effects.length;
    const isPermit = PERMIT_SIZES.has(inputSize) && PERMITS.has(event.input.slice(0, 10));
    this.#open.push({ address, value: movesValue ? value : 0n, isPermit, first });
    if (movesValue && value !== 0n) this.#effects.push({ kind: 'value', from: event.from, to: address, amount: value });
    if (kind !== 'CALL' || inputSize !== TRANSFER_FROM_SIZE) return;
    const { input, caller } = event;
    if (!input.startsWith(TRANSFER_FROM)) return;
    this.#effects.push({
      kind: 'spend',
      token: address,
      owner: addressIn(`0x${input.slice(10, 74)}`),
      spender: caller,
    });
  }

  frameEnded({ status }: FrameEnded): void {
    const { first } = this.#open.pop()!;
    if (status !== 'success') this.#effects.length = first;
  }

  logged({ address, topics, data }: Logged): void {
    const own = this.#open.filter((frame) => frame.address === address);
    // Not what came with each: a contract that calls itself a thousand times, and logs there, would fill the memory.
    const amount = data.length === ONE_WORD ? BigInt(data) : undefined;
    this.#effects.push({
      kind: 'log',
      log: { address, topics, data },
      isPermit: own.some((frame) => frame.isPermit),
      isPaid: own.some(({ value }) => value === amount),
    });
  }

  selfDestructed({ address, beneficiary, value, destroys }: SelfDestructed): void {
    if (value === 0n) return;
    if (address !== beneficiary) this.#effects.push({ kind: 'value', from: address, to: beneficiary, amount: value });
    else if (destroys) this.#effects.push({ kind: 'value', from: address, to: undefined, amount: value });
  }
}
