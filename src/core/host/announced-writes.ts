// What tasks are announced to write, as records for the core that are filled in any order: how many each has is known before.

import { BaseEntry, Kind } from '../../../assembly/layout.ts';
import type { AnnouncedWrites } from './state-image.ts';

/** Who calls has checked all hex: an even number of digits where bytes are meant, at most 64 where a number is. */
export class AnnouncedWritesBuilder {
  readonly #entries: Uint8Array;
  readonly #words: Uint32Array;
  /** Of each task: its next record. */
  readonly #next: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #codes: { hash: Uint8Array; code: Uint8Array }[] = [];

  /** `counts`: of each task, its records. */
  constructor(counts: Uint32Array) {
    this.#counts = counts;
    this.#next = new Uint32Array(counts.length);
    let total = 0;
    for (const [task, count] of counts.entries()) {
      this.#next[task] = total;
      total += count;
    }
    this.#entries = new Uint8Array(total * BaseEntry.SIZE);
    this.#words = new Uint32Array(this.#entries.buffer);
  }

  number(task: number, kind: number, address: Uint8Array, value: string): void {
    this.#value(this.#add(task, kind, address), value);
  }

  storage(task: number, address: Uint8Array, slot: Uint8Array, value: string): void {
    const at = this.#add(task, Kind.STORAGE, address);
    this.#entries.set(slot, at + BaseEntry.SLOT);
    this.#value(at, value);
  }

  /** `hash` all zero: no code. */
  code(task: number, address: Uint8Array, hash: Uint8Array, code: Uint8Array): void {
    this.#entries.set(hash, this.#add(task, Kind.CODE, address) + BaseEntry.VALUE);
    if (code.length > 0) this.#codes.push({ hash, code });
  }

  /** When all records are filled. `first`: the task that is number 0 here. `undefined`: there is nothing. */
  finish(first: number): AnnouncedWrites | undefined {
    if (this.#entries.length === 0) return undefined;
    const tasks: number[] = [];
    const ends: number[] = [];
    for (const [task, count] of this.#counts.entries()) {
      if (count === 0) continue;
      tasks.push(first + task);
      ends.push(this.#next[task]!);
    }
    const count = this.#entries.length / BaseEntry.SIZE;
    const image = { count, entries: this.#entries, pool: new Uint8Array(0), codes: this.#codes };
    return { image, tasks: Uint32Array.from(tasks), ends: Uint32Array.from(ends) };
  }

  #add(task: number, kind: number, address: Uint8Array): number {
    const at = this.#next[task]!++ * BaseEntry.SIZE;
    this.#words[at >>> 2] = kind;
    this.#entries.set(address, at + BaseEntry.ADDRESS);
    return at;
  }

  /** A quantity as a word: eight digits are one of its 32-bit parts, the last ones the first. */
  #value(at: number, quantity: string): void {
    let word = (at + BaseEntry.VALUE) >>> 2;
    for (let end = quantity.length; end > 2; end -= 8) {
      let part = 0;
      for (let digit = Math.max(2, end - 8); digit < end; digit++) {
        const code = quantity.charCodeAt(digit);
        part = (part << 4) | (code < 0x3a ? code - 0x30 : (code | 0x20) - 0x57);
      }
      this.#words[word++] = part;
    }
  }
}
