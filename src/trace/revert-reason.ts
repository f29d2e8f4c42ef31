// What a revert says: Solidity's Error(string) and Panic(uint256), in the words of geth.

import { bytesFromHex, type Hex } from '../base/hex.ts';

const ERROR = '0x08c379a0';
const PANIC = '0x4e487b71';

/** https://docs.soliditylang.org/en/latest/control-structures.html#panic-via-assert-and-error-via-require */
const panics = new Map<bigint, string>([
  [0x00n, 'generic panic'],
  [0x01n, 'assert(false)'],
  [0x11n, 'arithmetic underflow or overflow'],
  [0x12n, 'division or modulo by zero'],
  [0x21n, 'enum overflow'],
  [0x22n, 'invalid encoded storage byte array accessed'],
  [0x31n, 'out-of-bounds array access; popping on an empty array'],
  [0x32n, 'out-of-bounds access of an array or bytesN'],
  [0x41n, 'out of memory'],
  [0x51n, 'uninitialized function'],
]);

/** The reason that return data tells, `undefined` where it tells none. */
export function revertReason(output: Hex): string | undefined {
  const selector = output.slice(0, 10);
  if (selector === ERROR) return textIn(output);
  if (selector !== PANIC || output.length < 74) return undefined;
  const code = BigInt(`0x${output.slice(10, 74)}`);
  return panics.get(code) ?? `unknown panic code: 0x${code.toString(16)}`;
}

/** The string that an ABI-encoded argument list of one string holds, behind the selector. */
function textIn(output: Hex): string | undefined {
  const size = (output.length - 10) / 2;
  const offset = wordIn(output, 0, size);
  if (offset === undefined) return undefined;
  const length = wordIn(output, offset, size);
  if (length === undefined || offset + 32 + length > size) return undefined;
  const start = 10 + 2 * (offset + 32);
  return new TextDecoder().decode(bytesFromHex(`0x${output.slice(start, start + 2 * length)}`));
}

/** The word at a byte behind the selector; `undefined` where it is none, or no offset within `size` bytes. */
function wordIn(output: Hex, at: number, size: number): number | undefined {
  if (at + 32 > size) return undefined;
  const word = BigInt(`0x${output.slice(10 + 2 * at, 74 + 2 * at)}`);
  return word > BigInt(size) ? undefined : Number(word);
}
