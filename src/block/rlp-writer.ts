// RLP of checked values straight from their hex digits, written from its end to its beginning: the length of a list is known
// when its header is written.

import { digitValue, type Hex } from '../base/hex.ts';

const FIRST_ROOM = 4096;

/** Writes one item after the other, the last first. */
export class RlpWriter {
  #bytes = new Uint8Array(FIRST_ROOM);
  /** Where what was written last begins. */
  #at = FIRST_ROOM;

  /** Bytes that were written since `begin`. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** Forgets what was written, which somebody may have left unfinished. */
  begin(): void {
    this.#at = this.#bytes.length;
  }

  /** A copy of what was written. */
  get written(): Uint8Array {
    return this.#bytes.slice(this.#at);
  }

  /** A single byte that is no item: the type of a transaction. */
  byte(value: number): void {
    this.#room(1);
    this.#bytes[--this.#at] = value;
  }

  /** Hex of even length as a string. */
  hex(hex: Hex): void {
    this.#digits(hex, 2);
  }

  /** A minimal quantity as a number: no bytes for 0. */
  quantity(quantity: Hex): void {
    this.#digits(quantity, quantity === '0x0' ? quantity.length : 2);
  }

  /** A list of what was written since there were `length` bytes. */
  list(length: number): void {
    this.#header(0xc0, this.length - length);
  }

  #digits(hex: Hex, first: number): void {
    const size = (hex.length - first + 1) >> 1;
    this.#room(size);
    const bytes = this.#bytes;
    let at = this.#at;
    let digit = hex.length - 1;
    for (; digit > first; digit -= 2) {
      bytes[--at] = digitValue(hex.charCodeAt(digit)) | (digitValue(hex.charCodeAt(digit - 1)) << 4);
    }
    if (digit === first) bytes[--at] = digitValue(hex.charCodeAt(digit));
    this.#at = at;
    if (size !== 1 || bytes[at]! >= 0x80) this.#header(0x80, size);
  }

  #header(offset: number, length: number): void {
    this.#room(9);
    if (length < 56) {
      this.#bytes[--this.#at] = offset + length;
      return;
    }
    let digits = 0;
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
      this.#bytes[--this.#at] = rest & 255;
      digits++;
    }
    this.#bytes[--this.#at] = offset + 55 + digits;
  }

  #room(size: number): void {
    if (this.#at >= size) return;
    const written = this.length;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, written + size + FIRST_ROOM));
    larger.set(this.#bytes.subarray(this.#at), larger.length - written);
    this.#bytes = larger;
    this.#at = larger.length - written;
  }
}
