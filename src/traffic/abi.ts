// The little of the contract ABI that the traffic block needs: calls and constructor arguments of words and strings.
import { keccak_256 } from '@noble/hashes/sha3.js';

/** A number (negative ones in two's complement), 20 or 32 bytes as hex digits without `0x`, or text as a `string`. */
export type Argument = bigint | boolean | string | { text: string };

const selectors = new Map<string, string>();

/** Call data for a function such as `transfer(address,uint256)`; hex digits without `0x`. */
export function encodeCall(signature: string, ...parameters: readonly Argument[]): string {
  let selector = selectors.get(signature);
  if (selector === undefined) {
    selector = digits(keccak_256(new TextEncoder().encode(signature)).subarray(0, 4));
    selectors.set(signature, selector);
  }
  return selector + encodeArguments(...parameters);
}

/** Arguments as a constructor takes them; hex digits without `0x`. */
export function encodeArguments(...parameters: readonly Argument[]): string {
  let head = '';
  let tail = '';
  for (const parameter of parameters) {
    if (typeof parameter === 'object') {
      head += word(BigInt(parameters.length * 32 + tail.length / 2));
      const bytes = new TextEncoder().encode(parameter.text);
      tail += word(BigInt(bytes.length)) + digits(bytes).padEnd(Math.ceil(bytes.length / 32) * 64, '0');
    } else if (typeof parameter === 'string') head += parameter.padStart(64, '0');
    else head += word(BigInt(parameter));
  }
  return head + tail;
}

function word(value: bigint): string {
  return BigInt.asUintN(256, value).toString(16).padStart(64, '0');
}

function digits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
