// The state as the running transaction sees it, asked for while the trace build tells an event.

import { Kind, ReadResult, TracePeek } from '../../../assembly/layout.ts';
import { type Hex, hexAt, hexOfWord, NO_CODE_HASH, writeHex, ZERO_HASH } from '../../base/hex.ts';
import { getWord } from './evm-decode.ts';

/** What the trace build exports beside the core's own. */
export interface TraceCore {
  observe(events: number, ...steps: [bigint, bigint, bigint, bigint]): void;
  replay(index: number): number;
  peek(kind: number): number;
  peekRecord(): number;
}

/** Code that begins so names another account's. */
const DELEGATION = [0xef, 0x01, 0x00];

/**
 * The state that the running transaction sees, with what it has done so far. Only while a tracer's method runs. What has to
 * be loaded first reads as nothing; the transaction is then traced once more.
 */
export class TracedState {
  readonly #core: TraceCore;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #isExhausted = false;

  /** @internal */
  constructor(core: TraceCore, memory: WebAssembly.Memory) {
    this.#core = core;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  /**
   * Whether an answer did not fit into the memory any more, so that it was nothing.
   * @internal
   */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** In wei. */
  getBalance(address: Hex): bigint {
    return this.#number(Kind.BALANCE, address);
  }

  getNonce(address: Hex): bigint {
    return this.#number(Kind.NONCE, address);
  }

  getCode(address: Hex): Hex {
    const record = this.#peek(Kind.CODE, address);
    if (record === undefined) return '0x';
    const length = this.#view.getUint32(record + TracePeek.CODE_LENGTH, true);
    if (length === 0) return '0x';
    const start = this.#view.getUint32(record + TracePeek.CODE, true);
    return hexAt(this.#bytes, start, length);
  }

  /** In bytes. */
  getCodeSize(address: Hex): number {
    const record = this.#peek(Kind.CODE, address);
    return record === undefined ? 0 : this.#view.getUint32(record + TracePeek.CODE_LENGTH, true);
  }

  /** The account that this one has handed its code over to (EIP-7702). */
  getDelegate(address: Hex): Hex | undefined {
    const record = this.#peek(Kind.CODE, address);
    if (record === undefined || this.#view.getUint32(record + TracePeek.CODE_LENGTH, true) !== 23) return undefined;
    const start = this.#view.getUint32(record + TracePeek.CODE, true);
    if (!DELEGATION.every((byte, at) => this.#bytes[start + at] === byte)) return undefined;
    return hexAt(this.#bytes, start + DELEGATION.length, 20);
  }

  /** Zeros where there is no account; the hash of nothing where it has no code. */
  getCodeHash(address: Hex): Hex {
    const hash = this.#hash(address);
    if (hash !== ZERO_HASH) return hash;
    return this.exists(address) ? NO_CODE_HASH : ZERO_HASH;
  }

  /** 32 bytes. `slot`: 32 bytes. */
  getStorage(address: Hex, slot: Hex): Hex {
    const record = this.#peek(Kind.STORAGE, address, slot);
    return record === undefined ? ZERO_HASH : hexOfWord(this.#bytes, record + TracePeek.VALUE);
  }

  /** Whether there is such an account: before EIP-161 it may be empty. */
  exists(address: Hex): boolean {
    if (this.getBalance(address) !== 0n || this.getNonce(address) !== 0n) return true;
    return this.#hash(address) !== ZERO_HASH || this.#number(Kind.EXISTENCE, address) !== 0n;
  }

  #hash(address: Hex): Hex {
    const record = this.#peek(Kind.CODE, address);
    if (record === undefined) return ZERO_HASH;
    return hexAt(this.#bytes, record + TracePeek.VALUE, 32);
  }

  #number(kind: number, address: Hex): bigint {
    const record = this.#peek(kind, address);
    return record === undefined ? 0n : getWord(this.#view, record + TracePeek.VALUE);
  }

  /** Address of the TracePeek with the answer; `undefined` where there is none. */
  #peek(kind: number, address: Hex, slot?: Hex): number | undefined {
    const record = this.#core.peekRecord();
    writeHex(this.#bytes, record + TracePeek.ADDRESS, address, 20);
    if (slot !== undefined) writeHex(this.#bytes, record + TracePeek.SLOT, slot, 32);
    const result = this.#core.peek(kind);
    if (result === ReadResult.EXHAUSTED) this.#isExhausted = true;
    return result === ReadResult.VALUE ? record : undefined;
  }
}
