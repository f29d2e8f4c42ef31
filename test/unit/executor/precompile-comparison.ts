// Compares the precompiles on mcl with those on noble, and both with known answers.
import { expect } from 'vitest';
import { InvalidInput } from '../../../src/precompiles/precompile-input.ts';
import { loadPrecompiles } from '../../../src/precompiles/precompiles.ts';
import { scriptPrecompiles } from '../../../src/precompiles/script-precompiles.ts';
import { Random } from '../../../src/traffic/random.ts';
import { long } from '../../support/effort.ts';

const libraryPrecompiles = await loadPrecompiles();

/** Time for tests with random inputs, in milliseconds: noble is slow. */
export const patience = long ? 4 * 3_600_000 : 120_000;

/** The output of a precompile in hexadecimal digits, or that the call fails. A fault is thrown on. */
function outcomeOf(table: typeof scriptPrecompiles, id: number, input: Uint8Array): string {
  try {
    return hexOf(table[id]!(input.slice()));
  } catch (error) {
    if (error instanceof InvalidInput) return 'failure';
    throw error;
  }
}

/** What both answer: digits, or 'failure'. They must agree. */
export function answer(id: number, input: Uint8Array): string {
  const expected = outcomeOf(scriptPrecompiles, id, input);
  const found = outcomeOf(libraryPrecompiles, id, input);
  if (found !== expected) expect.fail(`precompile ${id} of ${hexOf(input)}: ${found} on mcl, ${expected} on noble`);
  return found;
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Bytes of hexadecimal digits; whitespace between them says nothing. */
export function bytesOf(...hex: string[]): Uint8Array {
  return new Uint8Array(Buffer.from(hex.join('').replace(/\s/g, ''), 'hex'));
}

/** A number as `length` bytes. */
export function numberBytes(value: bigint, length = 32): Uint8Array {
  return bytesOf(value.toString(16).padStart(length * 2, '0'));
}

export function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export class Inputs extends Random {
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** A number below 2^256: mostly any, sometimes small, near `order`, near the greatest one, or with zeros inside. */
  scalar(order: bigint): bigint {
    const any = BigInt(`0x${hexOf(this.bytes(32))}`);
    switch (this.below(10)) {
      case 0:
        return BigInt(this.below(20));
      case 1:
        return order + BigInt(this.below(7) - 3);
      case 2:
        return 2n ** 256n - 1n - BigInt(this.below(3));
      case 3:
        return any >> BigInt(this.below(256));
      case 4:
        return 1n << BigInt(this.below(256));
      default:
        return any;
    }
  }

  /** A number from 1 to `order` - 1. */
  nonZero(order: bigint): bigint {
    return 1n + (BigInt(`0x${hexOf(this.bytes(48))}`) % (order - 1n));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** The input with some of its bits turned, or shorter or longer. */
  damaged(input: Uint8Array): Uint8Array {
    const bytes = input.slice();
    switch (this.below(8)) {
      case 0:
        return bytes.subarray(0, this.below(bytes.length + 1));
      case 1:
        return joined(bytes, this.bytes(1 + this.below(40)));
      case 2:
        bytes[this.below(bytes.length)] = 0xff;
        return bytes;
      default:
        for (let times = this.below(3); times >= 0; times--) bytes[this.below(bytes.length)]! ^= 1 << this.below(8);
        return bytes;
    }
  }
}
